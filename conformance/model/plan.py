"""What will be sent, in order, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from conformance.model.request import Request


class Stage(IntEnum):
    """When a probe is sent: the cheap and telling first."""

    PILOT = 0
    """Alone, before anything else: is the endpoint there?"""
    FREE = 1
    """Costs no tokens: refused before generation, or no generation at all."""
    CHAT = 2
    """Generates."""
    NEXT_TURN = 3
    """Built from an earlier answer."""


class Suite(IntEnum):
    """How much is sent; each suite holds the smaller ones."""

    SMOKE = 0
    CORE = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One planned exchange. ``request`` is None where it is built from an earlier answer (``after``)."""

    id: str
    probe: str
    stage: Stage
    request: Request | None
    after: tuple[str, ...] = ()
    max_output_tokens: int = 0
    """The most tokens the answer may hold, all choices together."""
    prompt_tokens: int = 0
    """A rough upper estimate: one token for each three bytes of the body."""
    worth: int = 100
    """What goes first where the budget does not reach for everything: the higher."""

    @property
    def is_case(self) -> bool:
        """Whether it is one case of a family: an ordinary request that tries one thing more."""
        return self.id.startswith(f"{self.probe}:")


@dataclass(frozen=True, slots=True)
class Search:
    """A property for which requests are generated after the steps: ``id`` is ``probe:name``."""

    probe: str
    name: str
    examples: int
    """How many requests are tried before any is made smaller."""
    max_output_tokens: int = 0
    """The most tokens that one answer may hold, all choices together."""

    @property
    def id(self) -> str:
        """What its exchanges begin with."""
        return f"{self.probe}:{self.name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order they are begun, and the checks they serve."""

    steps: tuple[Step, ...]
    checks: tuple[str, ...]
    deselected: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    """Probes that are not sent, and why (budget, not claimed)."""
    searches: tuple[Search, ...] = ()
    """What is searched once the steps are done."""

    @property
    def requests(self) -> int:
        """How many are expected; a search may send fewer, or more to make a failure small."""
        return len(self.steps) + sum(search.examples for search in self.searches)

    @property
    def output_tokens(self) -> int:
        """The worst case, all answers as long as allowed."""
        return sum(step.max_output_tokens for step in self.steps)

    @property
    def input_tokens(self) -> int:
        """The rough worst case of what is sent."""
        return sum(step.prompt_tokens for step in self.steps)
