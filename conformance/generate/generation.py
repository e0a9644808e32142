"""All searches of a run, side by side, and what becomes of the failures that they find."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from hypothesis.strategies import SearchStrategy

from conformance.model.errors import NotSent
from conformance.model.exchange import Exchange
from conformance.model.json import JSON
from conformance.model.plan import Search
from conformance.model.profile import Profile
from conformance.model.request import Operation, Request
from conformance.model.target import Target
from conformance.probes.generated import DEFECT, MALFORMED, TEXT, VALID
from conformance.probes.registry import all_probes, request_of
from conformance.spec.claims import standing
from conformance.spec.names import LIMITS

from . import malformed, texts
from .constants import own_constants
from .past import Past, Tried, unsearched
from .requests import Maker
from .search import Property, Send

DEFAULT_SEED = 0
"""The same for everybody, so that two runs of a CI job try the same requests."""
SENT_AGAIN = 3
"""How often the smallest failing request is sent once it is found."""
_ROUNDS = 3
"""How often searches are made: again for failures that another search was busy with, or that one found may hide."""
_MOST_TOKENS = 1_000
"""Output tokens that are reserved for a limit which is itself the defect."""
Run = Callable[[Sequence[Callable[[], None]]], None]


@dataclass(slots=True, kw_only=True)
class Generation:
    """The searches of one run."""

    profile: Profile
    target: Target
    searches: Sequence[Search]
    past: Past
    send: Send
    note: Callable[[Exchange], None] = lambda _: None
    """Takes an exchange that was not sent."""
    seed: int = DEFAULT_SEED
    memory: Path | None = None
    """Where failures are kept for next time; None: nowhere."""

    def run(self, run: Run) -> None:
        """Carries all searches out with ``run``, which runs pieces of work side by side."""
        if self.past.hopeless is not None:
            why = self.past.hopeless
            run([lambda: self._tell(self.searches, why)])
            return
        database = self._database()
        maker = Maker(self.profile, self.target, self.past.accepted)
        waiting = [
            self._property(search, maker)
            for search in self.searches
            if search.probe != VALID or maker.possible(search)
        ]
        for _ in range(_ROUNDS):
            with own_constants():
                run([self._work(one, database) for one in waiting])
            waiting = [replace(one, smallest={}) for one in waiting if self._has_more(one)]
            # What is known by now no longer fails, and must not be forgotten for that.
            database = None
            if not waiting:
                return

    def _has_more(self, one: Property) -> bool:
        """Whether something may hide behind what a search found, or behind what another was busy with."""
        known = self.past.known
        unexplained = (failure for failure in one.put_off if not known.explains(*failure))
        return one.why_ended is None and (bool(one.smallest) or any(unexplained))

    def _work(self, one: Property, database: ExampleDatabase | None) -> Callable[[], None]:
        def work() -> None:
            one.run(self.seed, database)
            self._confirm(one)
            if one.why_ended is not None:
                self._tell([one.search], one.why_ended)

        return work

    def _database(self) -> ExampleDatabase | None:
        # In somebody's own pytest, where Hypothesis keeps things is theirs to say.
        if "_hypothesis_pytestplugin" not in sys.modules:
            home = self.memory.parent if self.memory else Path(tempfile.gettempdir())
            set_hypothesis_home_dir(home / "conformance-hypothesis")
        if self.memory is None:
            return None
        said = (
            f"{self.profile.name} {self.profile.digest} {self.target.base_url} {self.target.model}"
        )
        own = hashlib.sha256(said.encode()).hexdigest()[:16]
        return DirectoryBasedExampleDatabase(self.memory / own)

    # What is tried

    def _property(self, search: Search, maker: Maker) -> Property:
        ordinary = search.probe in (VALID, TEXT)
        requests = self._requests(search, maker)
        return Property(search, requests, self.send, self.past, ordinary=ordinary)

    def _requests(self, search: Search, maker: Maker) -> SearchStrategy[tuple[Request, int]]:
        if search.probe == VALID:
            return maker.valid(search).map(self._of_object(search))
        if search.probe == DEFECT:
            return maker.defective(search).map(self._of_object(search))
        if search.probe == MALFORMED:
            odd = malformed.bodies(self.target, cut=search.name == "cut")
            return odd.map(lambda body: (self._of_bytes(search, body), 0))
        limit = search.max_output_tokens
        made = texts.bodies(self.target, streamed=search.name == "stream")
        return made.map(lambda body: (self._of_bytes(search, body), limit))

    def _of_object(self, search: Search) -> Callable[[dict[str, JSON]], tuple[Request, int]]:
        probe = all_probes()[search.probe]

        def made(body: dict[str, JSON]) -> tuple[Request, int]:
            return request_of(probe, self._path, self.target, body), self._tokens(body)

        return made

    def _of_bytes(self, search: Search, body: bytes) -> Request:
        empty = request_of(all_probes()[search.probe], self._path, self.target, {})
        return replace(empty, body=body)

    @property
    def _path(self) -> str:
        return self.target.paths(Operation.CHAT, self.profile)[0]

    def _tokens(self, body: Mapping[str, JSON]) -> int:
        """The most tokens of an answer; none where a refusal is all that is claimed."""
        found = standing(body, self.profile, self.target.model).departures
        if any(d.policy.rejects for d in found if d.parameter not in LIMITS):
            return 0
        limits = [body.get(name) for name in LIMITS]
        limit = max((n for n in limits if isinstance(n, int) and n > 0), default=0)
        n = body.get("n")
        return min(limit, _MOST_TOKENS) * (n if isinstance(n, int) and n > 0 else 1)

    # Afterwards

    def _confirm(self, one: Property) -> None:
        """Sends the smallest failing requests again, to see whether they always fail."""
        for tried in sorted(one.smallest.values(), key=lambda tried: tried.weight):
            try:
                self._send_again(one, tried)
            except NotSent as reason:
                one.why_ended = one.why_ended or str(reason)
                return

    def _send_again(self, one: Property, tried: Tried) -> None:
        name = self.past.memo.minimal_id(one.search.id, tried.request)
        for number in range(1, SENT_AGAIN + 1) if name else ():
            id = f"{name}" if number == 1 else f"{name}#{number}"
            self.send(id, tried.request, tried.tokens, probe=one.search.probe, ordinary=False)

    def _tell(self, searches: Sequence[Search], why: str) -> None:
        for exchange in unsearched(searches, self._path, why):
            self.note(exchange)


def memory_of(environment: Mapping[str, str]) -> Path | None:
    """Where failures are kept: under the user's cache directory; None where there is none to write to."""
    cache = environment.get("XDG_CACHE_HOME")
    home = environment.get("HOME") or environment.get("USERPROFILE")
    if not cache and not home:
        return None
    where = Path(cache) if cache else Path(str(home)) / ".cache"
    place = where / "conformance" / "examples"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return place if os.access(place, os.W_OK) else None
