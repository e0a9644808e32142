"""What a fault is, and how one is declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from conformance.model.errors import UsageError
from conformance.model.request import Operation
from conformance.refserver.exchange import IncomingRequest, Obj
from conformance.refserver.mistakes import Mistake

_T = TypeVar("_T")


class Stage(StrEnum):
    """Where a fault bends the making of an answer, and what it is given there."""

    DECISION = "decision"
    """``Mistake | None``: whether the request is refused, and why."""
    ANSWER = "answer"
    """``Answer``: what both the whole and the streamed form are made of."""
    COMPLETION = "completion"
    """``dict``: a whole answer."""
    CHUNKS = "chunks"
    """``list[dict]``: the chunks of a stream."""
    EVENTS = "events"
    """``list[bytes]``: the events of a stream, the end marker among them."""
    LISTING = "listing"
    """``dict``: the list of models."""
    ENTRY = "entry"
    """``dict``: one model, in the list and by itself."""
    RETRIEVED = "retrieved"
    """``dict``: one model by itself."""
    REFUSAL = "refusal"
    """``Refused``: an error, its status and headers."""
    REPLY = "reply"
    """``Reply``: the whole answer as it leaves."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fault may know about the request that is being answered."""

    request: IncomingRequest
    operation: Operation
    model: str
    """The model that a run would name."""
    body: Obj = field(default_factory=dict)
    mistake: Mistake | None = None
    """Why the request is refused, once that is known."""

    @property
    def whole(self) -> bool:
        """A completion asked for in one piece, and given."""
        return self._completes and not self.wants_stream

    @property
    def streamed(self) -> bool:
        """A completion asked for as a stream, and given."""
        return self._completes and self.wants_stream

    @property
    def _completes(self) -> bool:
        return self.operation is Operation.CHAT and self.mistake is None

    @property
    def wants_stream(self) -> bool:
        """Whether the request asks for a stream."""
        return self.body.get("stream") is True

    @property
    def has_tools(self) -> bool:
        """Whether tools are declared."""
        return bool(self.body.get("tools"))

    @property
    def asks_usage(self) -> bool:
        """Whether the usage of a stream is asked for."""
        options = self.body.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def roles(self) -> tuple[Any, ...]:
        """The roles of the messages."""
        messages = self.body.get("messages")
        items = messages if isinstance(messages, list) else []
        return tuple(item.get("role") for item in items if isinstance(item, dict))

    @property
    def first_turn(self) -> bool:
        """Whether the conversation holds no earlier answer."""
        return not {"assistant", "tool"} & set(self.roles)

    @property
    def sent_key(self) -> str:
        """The credentials as they were sent, without the scheme."""
        return (self.request.header("authorization") or "").rpartition(" ")[2]


Change: TypeAlias = Callable[[_T, Facts], _T]


@dataclass(frozen=True, slots=True)
class Fault:
    """A deliberate departure, and exactly the checks that must notice it."""

    name: str
    title: str
    """What the server does wrong, in a sentence."""
    caught_by: frozenset[str]
    stage: Stage
    change: Callable[[Any, Facts], Any] = field(repr=False)
    area: str = ""
    slow: bool = False
    """Whether a client must wait for its own timeout to notice."""
    needs_key: bool = False
    """Whether it shows only on a server that asks for a key."""


_FAULTS: dict[str, Fault] = {}


def fault(
    name: str, *caught_by: str, on: Stage, slow: bool = False, needs_key: bool = False
) -> Callable[[Change[_T]], Change[_T]]:
    """Declares a fault: the function changes what its stage gives it, and its docstring says what is wrong.

    A function that does not concern a request returns what it was given; it is given its own copy.
    """

    def declare(change: Change[_T]) -> Change[_T]:
        title = (inspect.getdoc(change) or "").strip()
        if name in _FAULTS or not title or not caught_by:
            raise ValueError(f"fault {name}: its name must be new, its docstring and checks given")
        area = change.__module__.rpartition(".")[2]
        _FAULTS[name] = Fault(
            name, title, frozenset(caught_by), on, change, area, slow=slow, needs_key=needs_key
        )
        return change

    return declare


def faults() -> tuple[Fault, ...]:
    """All faults in the order in which they are declared."""
    return tuple(_FAULTS.values())


def fault_named(name: str) -> Fault:
    """The fault of that name; a UsageError where there is none."""
    if name not in _FAULTS:
        near = [known for known in _FAULTS if name.lower() in known]
        hint = f"; did you mean {near[0]}?" if near else "; see the list of faults"
        raise UsageError(f"there is no fault {name!r}{hint}")
    return _FAULTS[name]


def bent(data: _T, stage: Stage, facts: Facts, chosen: Fault | None) -> _T:
    """What a fault makes of the data of a stage; without one for it, the data itself."""
    if chosen is None or chosen.stage is not stage:
        return data
    changed: _T = chosen.change(deepcopy(data), facts)
    return changed
