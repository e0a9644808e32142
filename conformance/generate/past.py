"""What a run has shown before its searches begin, so that they go on from there."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.model.exchange import Exchange
from conformance.model.plan import Search
from conformance.model.profile import Profile
from conformance.model.request import Credentials, Operation, Request
from conformance.wire.reading import Reading

from .known import Known
from .oracle import Oracle

BASIC = "chat.basic"
_MISTAKEN = ("errors.", "auth.")
_SAME_AS = {
    ".accepted": "generated.valid-accepted",
    ".range": "generated.defect-refused",
    ".type": "generated.defect-refused",
    ".combination": "generated.defect-refused",
    ".missing": "generated.defect-refused",
    ".unsupported": "generated.defect-refused",
}
"""What the check of a named probe is called where the request was generated."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one request."""

    request: Request
    tokens: int
    failing: tuple[str, ...]
    marks: frozenset[str]
    crashed: bool = False

    @property
    def weight(self) -> tuple[int, int, int, bytes]:
        """Less is smaller: fewer parameters first, then fewer tokens, then a shorter body."""
        body = self.request.body or b""
        return len(self.marks), self.tokens, len(body), body


@dataclass(slots=True)
class Memo:
    """What was tried, by the request's fingerprint: nothing is sent twice; for many threads."""

    tried: dict[str, Tried] = field(default_factory=dict)
    confirmed: dict[str, str] = field(default_factory=dict)
    """The ids under which smallest requests were sent again."""
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_id(self, search: str) -> str:
        """The id of the next exchange of a search."""
        with self.lock:
            self.counts[search] = self.counts.get(search, 0) + 1
            return f"{search}#{self.counts[search]}"

    def minimal_id(self, search: str, request: Request) -> str | None:
        """The id under which a smallest request is sent again; None if it was."""
        with self.lock:
            if request.fingerprint in self.confirmed:
                return None
            name = f"{search}:minimal"
            count = sum(known.startswith(name) for known in self.confirmed.values()) + 1
            name = name if count == 1 else f"{name}-{count}"
            self.confirmed[request.fingerprint] = name
            return name


class Past:
    """Gathers, exchange by exchange, what is known: failures, accepted parameters, requests that were tried."""

    def __init__(self, profile: Profile, oracle: Oracle) -> None:
        self.oracle = oracle
        self.known = Known()
        self.memo = Memo()
        self.accepted: set[str] = set()
        """Parameters of requests that were answered: a profile may leave open whether they are."""
        self.hopeless: str | None = None
        """Why nothing is to be learnt from generated requests: not even the smallest is answered."""
        self._profile = profile

    def saw(self, exchange: Exchange) -> None:
        """Takes note of an exchange."""
        if exchange.id == BASIC:
            self.hopeless = _hopeless(exchange)
        if exchange.last is None or exchange.probe is None:
            return
        if is_searched(exchange.id):
            self._tried(exchange)
        elif (
            exchange.request.operation is Operation.CHAT
            and exchange.request.credentials is Credentials.KEY
        ):
            self._named(exchange, exchange.probe)

    def _tried(self, exchange: Exchange) -> None:
        search, _, number = exchange.id.rpartition("#")
        if ":minimal" in exchange.id:
            name = search or exchange.id
            self.memo.confirmed.setdefault(exchange.request.fingerprint, name)
        elif number.isdigit():
            self.memo.counts[search] = max(self.memo.counts.get(search, 0), int(number))
        self.memo.tried[exchange.request.fingerprint] = tried_by(exchange, 0, self.oracle)

    def _named(self, exchange: Exchange, probe: str) -> None:
        status = exchange.last.status if exchange.last else None
        if probe.endswith(".value") and status == 200:
            self.accepted |= Reading(exchange).asked.body.keys()
        wrong = probe.startswith(_MISTAKEN)
        for check in self.oracle.failing(exchange):
            if wrong and not check.startswith("errors."):
                continue
            # A refusal looks the same whatever was wrong.
            marks = frozenset[str]() if wrong else self.oracle.marks(exchange)
            for name in _names(check):
                self.known.add(name, marks)


def tried_by(exchange: Exchange, tokens: int, oracle: Oracle) -> Tried:
    """What came of an exchange."""
    last = exchange.last
    crashed = last is None or last.status is None or last.status >= 500
    failing, marks = oracle.failing(exchange), oracle.marks(exchange)
    return Tried(exchange.request, tokens, failing, marks, crashed)


def _names(check: str) -> Iterable[str]:
    yield check
    if check.startswith("param."):
        yield from (same for ending, same in _SAME_AS.items() if check.endswith(ending))


def _hopeless(basic: Exchange) -> str | None:
    if basic.last is None:
        return basic.not_sent
    status = basic.last.status
    well = status is not None and 200 <= status < 300
    return None if well else f"after {BASIC}: status {status}"


def is_searched(id: str) -> bool:
    """Whether an exchange was made up by a search: its id ends in a number, or says that it is the smallest."""
    search, _, number = id.partition("#")
    made_up = bool(number) or ":minimal" in search or search.endswith(":rest")
    return id.startswith("generated.") and made_up


def unsearched(searches: Iterable[Search], path: str, why: str) -> Iterable[Exchange]:
    """Word of what could not be tried: an exchange that was not sent for each search."""
    for search in searches:
        request = Request("POST", path, Operation.CHAT)
        yield Exchange(f"{search.id}:rest", request, probe=search.probe, not_sent=why)
