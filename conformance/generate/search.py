"""One property: Hypothesis makes up requests, the checks say which fail, and the smallest of these is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.database import ExampleDatabase
from hypothesis.errors import HypothesisException
from hypothesis.strategies import SearchStrategy

from conformance.model.errors import NotSent
from conformance.model.exchange import Exchange
from conformance.model.plan import Search
from conformance.model.request import Request

from .past import Past, Tried, tried_by

MOST_CRASHES = 25
"""Server errors that one search may provoke."""
_EFFORT = 4
"""How many times the examples a search may send in all, to make a failure smaller."""
_AT_LEAST = 60


class Send(Protocol):
    """Sends a request and waits for its exchange; NotSent says why nothing more is sent."""

    def __call__(
        self, id: str, request: Request, max_output_tokens: int = 0, *, probe: str, ordinary: bool
    ) -> Exchange:
        """The exchange."""


class Broken(Exception):
    """A check failed; each check has a class of its own, by which Hypothesis tells bugs apart."""


class Halt(BaseException):
    """Nothing more is to be tried: not an Exception, so that Hypothesis does not take it for a bug."""


@cache
def broken(check: str) -> type[Broken]:
    """The exception of a check."""
    return type(f"Broken[{check}]", (Broken,), {})


@dataclass(slots=True)
class Property:
    """One search, and what it found."""

    search: Search
    requests: SearchStrategy[tuple[Request, int]]
    """What may be tried, with the most tokens of its answer."""
    send: Send
    past: Past
    ordinary: bool = True
    """Whether its requests are no deliberate mistakes."""
    smallest: dict[str, Tried] = field(default_factory=dict)
    """Of each check that failed, the smallest request that failed it."""
    put_off: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    """Failures that another search was busy with."""
    why_ended: str | None = None
    """Why it could not try all, where it could not."""
    _verdicts: dict[str, str | None] = field(default_factory=dict)
    _sent: int = 0
    _crashes: int = 0

    def run(self, seed: int, database: ExampleDatabase | None) -> None:
        """Search to the end: of the examples, of the effort allowed, or of the run."""
        self._verdicts, self.put_off, self._sent = {}, [], 0
        try:
            self._hypothesis(seed, database)()
        except (Halt, Broken, HypothesisException):
            pass  # what was found is in ``smallest``
        except BaseExceptionGroup as several:
            if (others := several.split((Broken, HypothesisException))[1]) is not None:
                raise others from None
        finally:
            for tried in self.smallest.values():
                for check in tried.failing:
                    self.past.known.add(check, tried.marks)
            self.past.known.lets_go(self)

    def _hypothesis(self, seed: int, database: ExampleDatabase | None) -> Callable[[], None]:
        def tries(made: tuple[Request, int]) -> None:
            check = self._verdict(*made)
            if check is not None:
                raise broken(check)(check)

        # What the database tells properties apart by.
        tries.__name__ = re.sub(r"\W", "_", self.search.id)
        own = hashlib.sha256(f"{seed} {self.search.id}".encode()).digest()
        rules = settings(
            max_examples=self.search.examples,
            database=database,
            deadline=None,
            derandomize=False,
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=True,
            verbosity=Verbosity.quiet,
        )
        # The rules come last, because a seed takes the database away.
        return rules(seeded(int.from_bytes(own[:8], "big"))(given(self.requests)(tries)))

    def _verdict(self, request: Request, tokens: int) -> str | None:
        """The check that a request fails, the same whenever it is asked; None if it fails none that counts."""
        name = request.fingerprint
        if name not in self._verdicts:
            self._verdicts[name] = self._weighed(self._tried(name, request, tokens))
        return self._verdicts[name]

    def _weighed(self, tried: Tried) -> str | None:
        for check in tried.failing:
            if self.past.known.explains(check, tried.marks):
                continue
            if not self.past.known.takes_up(check, self):
                self.put_off.append((check, tried.marks))
                continue
            best = self.smallest.get(check)
            if best is None or tried.weight < best.weight:
                self.smallest[check] = tried
            return check
        return None

    def _tried(self, name: str, request: Request, tokens: int) -> Tried:
        known = self.past.memo.tried.get(name)
        if known is not None:
            return known
        if self._sent >= max(_AT_LEAST, _EFFORT * self.search.examples):
            raise Halt
        if self._crashes >= MOST_CRASHES:
            raise Halt
        exchange = self._exchange(self.past.memo.next_id(self.search.id), request, tokens)
        self._sent += 1
        made = tried_by(exchange, tokens, self.past.oracle)
        self._crashes += made.crashed
        self.past.memo.tried[name] = made
        return made

    def _exchange(self, id: str, request: Request, tokens: int) -> Exchange:
        # Near a request that crashes the server others do, and say nothing about its health.
        ordinary = self.ordinary and not self._crashes
        try:
            return self.send(id, request, tokens, probe=self.search.probe, ordinary=ordinary)
        except NotSent as reason:
            self.why_ended = str(reason)
            raise Halt from None
