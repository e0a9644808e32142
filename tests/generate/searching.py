"""Searches against functions that answer, without a network and one after the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from conformance.checks.registry import all_checks
from conformance.generate.generation import Generation
from conformance.generate.oracle import Oracle
from conformance.generate.past import Past
from conformance.model.errors import NotSent
from conformance.model.exchange import Attempt, Exchange
from conformance.model.plan import Search
from conformance.model.profile import Profile
from conformance.model.request import Request
from conformance.model.target import Target
from conformance.probes.generated import searches
from conformance.profiles.load import load_profile
from conformance.refserver.direct import DirectServer
from tests.builders import an_exchange

KEY = "sk-generate-0123456789"
OPENAI = load_profile("openai")
TARGET = Target("http://127.0.0.1:9", "/v1", str(OPENAI.models.chat))
Body = Mapping[str, Any]


def server(profile: Profile = OPENAI, **how: Any) -> Callable[[Request], Attempt]:
    """A reference server that plays a profile."""
    return DirectServer(profile, key=KEY, model=TARGET.model, **how).send


def failing(when: Callable[[Body], bool], status: int = 400) -> Callable[[Request], Attempt]:
    """A reference server that refuses some requests that it should take."""
    right = server()

    def answer(request: Request) -> Attempt:
        return (
            Attempt(status, (("Content-Type", "application/json"),))
            if when(body_of(request))
            else right(request)
        )

    return answer


def body_of(request: Request) -> Body:
    """The JSON object of a request, empty where it has none."""
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@cache
def _searches(profile: str, target: Target) -> list[Search]:
    return searches(load_profile(profile), target, 1)


@dataclass
class Hunt:
    """Some searches, and what they sent."""

    answer: Callable[[Request], Attempt] = field(default_factory=server)
    profile: Profile = OPENAI
    target: Target = TARGET
    examples: int = 12
    most: int = 10_000
    """Requests until the budget is used up."""
    sent: list[Exchange] = field(default_factory=list)
    notes: list[Exchange] = field(default_factory=list)
    past: Past | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(
        self, id: str, request: Request, tokens: int = 0, *, probe: str, ordinary: bool
    ) -> Exchange:
        """Sends at once."""
        with self._lock:
            if len(self.sent) >= self.most:
                raise NotSent("budget: --max-requests reached")
            exchange = Exchange(id, request, (self.answer(request),), probe=probe)
            self.sent.append(exchange)
            return exchange

    def __call__(
        self,
        *names: str,
        earlier: Iterable[Exchange] = (),
        seed: int = 0,
        memory: Path | None = None,
    ) -> Hunt:
        """Searches for the properties named, all of them if none is."""
        self.past = Past(self.profile, Oracle(all_checks().values(), self.profile))
        for exchange in (an_exchange("chat.basic"), *earlier):
            self.past.saw(exchange)
        Generation(
            profile=self.profile,
            target=self.target,
            searches=self.chosen(*names),
            past=self.past,
            send=self.send,
            note=self.notes.append,
            seed=seed,
            memory=memory,
        ).run(lambda works: [work() for work in works] and None)
        return self

    def chosen(self, *names: str) -> list[Search]:
        """The searches with these names."""
        found = _searches(self.profile.name, self.target)
        chosen = [search for search in found if not names or search.id in names]
        return [replace(search, examples=self.examples) for search in chosen]

    @property
    def minimal(self) -> dict[str, Body]:
        """The smallest failing requests, less what every request has."""
        plain = ("model", "messages", "max_tokens", "max_completion_tokens")
        return {
            x.id: {k: v for k, v in body_of(x.request).items() if k not in plain}
            for x in self.sent
            if ":minimal" in x.id and "#" not in x.id
        }

    @property
    def failed(self) -> list[str]:
        """The checks that some exchange failed."""
        assert self.past is not None
        oracle = self.past.oracle
        return sorted({check for x in self.sent for check in oracle.failing(x)})
