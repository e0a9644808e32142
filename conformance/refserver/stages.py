"""The stages in which an answer is made, and how an alteration bends one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, TypeVar

from conformance.model.request import Operation
from conformance.refserver.exchange import IncomingRequest, Obj
from conformance.refserver.mistakes import Mistake

_T = TypeVar("_T")


class Stage(StrEnum):
    """Where an alteration bends the making of an answer, and what it is given there."""

    SENT = "sent"
    """``dict``: the body of a chat request as it was sent, before anything in it is looked at."""
    TAKEN = "taken"
    """``dict``: the body of a chat request once it was found in order."""
    MODELS = "models"
    """``tuple[str, ...]``: ids of further models that the server has; nothing is known of the request yet."""
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
    VALUE = "value"
    """Any JSON value that leaves, in whole answers and in events, before it is written."""
    TEXT = "text"
    """``str``: the JSON text of that value."""
    REPLY = "reply"
    """``Reply``: the whole answer as it leaves."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an alteration may know about the request that is being answered."""

    request: IncomingRequest
    operation: Operation
    model: str
    """The model that a run would name."""
    body: Obj = field(default_factory=dict)
    key: str | None = None
    """The key that is wanted."""
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


class Alteration(Protocol):
    """What a server does differently at one stage: a fault or an oddity."""

    @property
    def stage(self) -> Stage:
        """Where it bends the answer."""

    @property
    def change(self) -> Callable[[Any, Facts], Any]:
        """What it makes of the data of that stage."""


def bent(data: _T, stage: Stage, facts: Facts, chosen: Iterable[Alteration]) -> _T:
    """What alterations make of the data of a stage, one after the other; each is given its own copy."""
    for one in chosen:
        if one.stage is stage:
            changed: _T = one.change(deepcopy(data), facts)
            data = changed
    return data
