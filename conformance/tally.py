"""What checks have met so far, in a memory that does not grow with the number of exchanges."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import Any, Generic, TypeVar

from conformance.checks.registry import Check, Given, Scope
from conformance.model.exchange import Exchange
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile, Waiver
from conformance.wire.reading import Reading

T = TypeVar("T")

PROBLEMS_KEPT = 50
LINKED_AT_MOST = 1_000
"""Exchanges that are compared with one another; of more, the first in their order are taken."""
LISTED = 500
"""Exchanges that a finding lists by name; of more, the first."""


@dataclass(slots=True)
class Known:
    """What is known of one exchange: conditions that many checks share are asked once."""

    profile: Profile
    hindrances: dict[tuple[Given, str], Unjudged | None] = field(default_factory=dict)
    form: bytes | None = None
    """What it asks for, once that has been worked out."""
    settled: bool = False
    """Whether it is known to break no rule by itself."""

    def hindrance(self, given: Given, x: Reading) -> Unjudged | None:
        """Why a condition does not hold; None if it does."""
        key = (given, x.id)
        if key not in self.hindrances:
            self.hindrances[key] = given(x, self.profile)
        return self.hindrances[key]


class Least(Generic[T]):
    """The least of many things, in order, without keeping the others."""

    def __init__(self, most: int, key: Callable[[T], Any]) -> None:
        self.met = 0
        """How many different ones there were."""
        self._most = most
        self._key = key
        self._items: list[T] = []
        self._limit: Any = None

    def wants(self, key: Any) -> bool:
        """Whether a thing with this key is or would be among them."""
        return self._limit is None or key <= self._limit

    def add(self, item: T) -> None:
        """Take one in."""
        self.met += 1
        if self.wants(self._key(item)):
            self._items.append(item)
        if len(self._items) >= self._most + self._most // 8 + 1:
            self._items = list(self.least())
            self._limit = self._key(self._items[-1])

    def least(self) -> tuple[T, ...]:
        """Those that are left."""
        return tuple(sorted(self._items, key=self._key)[: self._most])


Weight = tuple[bool, int, str, int]
"""Of a problem: whether it is waived, how grave it is (less is graver), its exchange, its number."""


@dataclass(slots=True)
class Tally:
    """What one check has met so far."""

    check: Check
    waivers: tuple[Waiver, ...] = ()
    """Those of its problems."""
    problems: Least[tuple[Weight, Problem, Exchange]] = field(
        default_factory=lambda: Least(PROBLEMS_KEPT, itemgetter(0))
    )
    numbers: Iterator[int] = field(default_factory=count)
    judged: Least[str] = field(default_factory=lambda: Least(LISTED, str))
    unjudged: Least[tuple[str, Unjudged]] = field(
        default_factory=lambda: Least(LISTED, itemgetter(0))
    )
    telling: tuple[tuple[bool, int, str], Unjudged] | None = None
    """The reason that says most about why nothing was judged, with its weight."""
    met: set[Waiver] = field(default_factory=set)
    """Waivers that accept a problem."""
    exercised: set[Waiver] = field(default_factory=set)
    """Waivers that would have accepted a problem of an exchange that was judged."""
    sent: Counter[str] = field(default_factory=Counter)
    """How many exchanges of each probe were judged."""
    broken: Counter[str] = field(default_factory=Counter)
    """And how many of them had a problem that no waiver accepts."""
    ruled_out: str | None = None
    error: str = ""
    basis: tuple[str, int] | None = None
    """Id and status of the exchange whose success the check presupposes."""
    waiting: Least[tuple[str, Exchange]] = field(
        default_factory=lambda: Least(LINKED_AT_MOST, itemgetter(0))
    )
    """Exchanges that are judged when all are there, with their places."""
    forms: Forms = field(default_factory=lambda: Forms())

    def waiver(self, exchange: str) -> Waiver | None:
        """The waiver of a problem on an exchange."""
        covering = [w for w in self.waivers if w.covers(self.check.id, exchange)]
        self.met.update(covering)
        return covering[0] if covering else None

    def judged_on(self, group: Iterable[Reading], broken: Iterable[Reading]) -> None:
        """Take note of exchanges that were judged, and of those among them that broke the rule."""
        for x in group:
            self.judged.add(x.id)
            self.sent[_probe_of(x)] += 1
            for waiver in self.waivers:
                if waiver.covers(self.check.id, x.id):
                    self.exercised.add(waiver)
        for x in broken:
            self.broken[_probe_of(x)] += 1

    def pair(self, x: Reading, known: Known) -> None:
        """Hold an exchange until its companion is there."""
        # Two requests of other people's traffic may lie days and models apart: only our own are compared.
        if x.exchange.probe is not None:
            known.form = _form(x) if known.form is None else known.form
            self.forms.enter(known.form, x)

    def groups(self, again: Again, room: Set[str]) -> Iterator[list[Reading]]:
        """The exchanges held that are in these places, in the groups that the check is given."""
        held = (exchange for place, exchange in self.waiting.least() if place in room)
        waiting = sorted(held, key=lambda exchange: exchange.id)
        if self.check.scope is Scope.EACH:
            yield from ([again.read(exchange)] for exchange in waiting)
        elif self.check.scope is Scope.LINKED:
            if {exchange.probe for exchange in waiting} >= set(self.check.probes):
                # with one of them missing there is nothing to compare
                yield [again.read(exchange) for exchange in waiting]
        else:
            for pair in self.forms.pairs():
                yield [again.read(exchange) for exchange in pair]


class Forms:
    """Requests by what they ask for, the first of each without and with ``stream``."""

    def __init__(self) -> None:
        self._forms: dict[tuple[bool, bytes], dict[bool, Exchange]] = {}
        self._places: Least[tuple[bool, bytes]] = Least(LINKED_AT_MOST, _itself)

    def enter(self, form: bytes, x: Reading) -> None:
        """Take one in; nothing is compared with a request that has no form, and made up ones come last."""
        place = (_made_up(x), form)
        if not form or not self._places.wants(place):
            return
        if place not in self._forms:
            self._places.add(place)
            if len(self._forms) >= 2 * LINKED_AT_MOST:
                self._forms = {p: self._forms[p] for p in self._places.least() if p in self._forms}
        both = self._forms.setdefault(place, {})
        known = both.get(x.asked.streams)
        if known is None or x.id < known.id:
            both[x.asked.streams] = x.exchange

    def pairs(self) -> list[tuple[Exchange, Exchange]]:
        """Those that came in both ways."""
        kept = (self._forms[place] for place in self._places.least())
        pairs = [(both[False], both[True]) for both in kept if len(both) == 2]
        return sorted(pairs, key=lambda pair: pair[0].id)


def _itself(place: tuple[bool, bytes]) -> tuple[bool, bytes]:
    return place


class Again:
    """Readings of exchanges that were held: several checks share them, up to a limit."""

    def __init__(self) -> None:
        self._known: dict[str, Reading] = {}

    def read(self, exchange: Exchange) -> Reading:
        """The reading of an exchange."""
        known = self._known.get(exchange.id)
        if known is None or known.exchange is not exchange:
            known = Reading(exchange)
            if len(self._known) < LISTED:
                self._known[exchange.id] = known
        return known


def _probe_of(x: Reading) -> str:
    search = x.id.partition("#")[0]
    if ":minimal" in search:  # what was sent several times to see how often it fails
        return search
    probe = x.exchange.probe or search
    # Cases of a family are requests of their own: only the same request sent again says how often it fails.
    case = search.startswith(f"{probe}:") and not probe.startswith("generated.")
    return search if case else probe


def smallest_alone(
    kept: tuple[tuple[Weight, Problem, Exchange], ...],
) -> tuple[tuple[Weight, Problem, Exchange], ...]:
    """The problems less those of requests that were made smaller, where the smallest are among them."""
    if not any(":minimal" in exchange.id for _, _, exchange in kept):
        return kept
    return tuple(
        one
        for one in kept
        if not (one[2].id.startswith("generated.") and one[0][2].startswith("~~"))
    )


def cut_short(unjudged: Iterable[tuple[str, Unjudged]], probes: Iterable[str]) -> Unjudged | None:
    """Why searches for these probes did not come to their end; None if they did."""
    meant = tuple(f"{probe}:" for probe in probes)
    rest = (why for name, why in unjudged if name.endswith(":rest") and name.startswith(meant))
    return next(rest, None)


def place_of(x: Reading) -> str:
    """Where an exchange comes among those with like problems: what was made up last, its smallest first."""
    search, _, number = x.id.partition("#")
    if ":minimal" in search:
        return f"~{x.id}"
    if number and _made_up(x):
        return f"~~{len(x.asked.request.body or b''):06}{x.id}"
    return x.id


def _made_up(x: Reading) -> bool:
    """Whether a request was generated."""
    return x.id.startswith("generated.")


def pairs(readings: Iterable[Reading]) -> list[tuple[Exchange, Exchange]]:
    """Exchanges of one request with and without ``stream``: the first of each."""
    forms = Forms()
    for x in readings:
        forms.enter(_form(x), x)
    return forms.pairs()


def _form(x: Reading) -> bytes:
    """What two requests have in common that differ only in asking for a stream; empty without a body."""
    body = {k: v for k, v in x.asked.body.items() if k not in ("stream", "stream_options")}
    said = f"{x.asked.request.path} {sorted(body.items(), key=lambda kv: kv[0])!r}" if body else ""
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass")).digest()[:16] if said else b""
