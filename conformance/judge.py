"""(checks, exchanges, profile) -> findings: pure, and the only place where a verdict is made."""

from __future__ import annotations

import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from conformance.checks.registry import Check, Given, Kind, Scope
from conformance.model.exchange import Exchange
from conformance.model.finding import (
    OUTCOME_OF,
    Finding,
    Hindrance,
    Level,
    Outcome,
    Problem,
    Unjudged,
)
from conformance.model.profile import Profile, Waiver
from conformance.wire.reading import Reading

SHOWN = 200
PROBLEMS_KEPT = 50
LINKED_AT_MOST = 2_000
"""Exchanges that are compared with one another; of more, the first are taken."""

Forms = dict[str, dict[bool, Reading]]
"""Requests by what they ask for, each without and with ``stream``."""


class Judge:
    """Judges checks on one set of exchanges, which may be a stream: each is read once and let go.

    ``unlike`` holds, without their answers, the exchanges that had a problem.
    """

    def __init__(
        self,
        exchanges: Iterable[Exchange],
        profile: Profile,
        *,
        left_out: Mapping[str, str] | None = None,
        foreign: bool = False,
    ) -> None:
        self.exchanges = exchanges
        self.profile = profile
        self.left_out = dict(left_out or {})
        self.foreign = foreign
        """Traffic recorded elsewhere: what is not in it was never meant to be."""
        self.unlike: dict[str, Exchange] = {}

    def findings(self, checks: Iterable[Check]) -> list[Finding]:
        """One finding for each check, sorted by id; stale waivers are told once all are judged."""
        tallies = self._tallied(checks)
        return self._with_stale(tallies, [self._found(tally) for tally in tallies])

    def finding(self, check: Check) -> Finding:
        """The verdict of one check."""
        return self._found(self._tallied([check])[0])

    def _tallied(self, checks: Iterable[Check]) -> list[_Tally]:
        tallies = [_Tally(check) for check in sorted(checks, key=lambda c: c.id)]
        for tally in tallies:
            claimed = tally.check.claimed
            tally.ruled_out = claimed(self.profile) if claimed else None
        live = [tally for tally in tallies if tally.ruled_out is None]
        bases: dict[str, list[_Tally]] = defaultdict(list)
        for tally in live:
            if tally.check.presupposes:
                bases[tally.check.presupposes].append(tally)
        for exchange in self.exchanges:
            x, known = Reading(exchange), _Known(self.profile)
            for tally in bases.get(exchange.probe or "", ()):
                tally.basis = x
            for tally in live:
                self._take(tally, x, known)
        for tally in live:
            for group in tally.groups():
                self._judge(tally, group, _Known(self.profile))
        return tallies

    def _take(self, tally: _Tally, x: Reading, known: _Known) -> None:
        try:
            applies = known.applies(tally.check.on, x)
        except Exception as error:  # noqa: BLE001 - as in _judge
            tally.error = tally.error or _told(error)
            return
        if not applies:
            return
        if tally.check.scope is Scope.EACH and tally.check.presupposes is None:
            self._judge(tally, [x], known)
        else:
            tally.keep(x)

    def _judge(self, tally: _Tally, group: list[Reading], known: _Known) -> None:
        """Judge one check on the readings that it is given at once."""
        check = tally.check
        if tally.error:
            return
        try:
            hindered = [(x.id, why) for x in group if (why := self._hindered(tally, x, known))]
            if hindered:
                tally.unjudged += hindered
                return
            arguments = (tuple(group),) if check.scope is Scope.LINKED else tuple(group)
            for problem in check.problems(*arguments, self.profile):
                self._met(tally, problem, group)
        except Exception as error:  # noqa: BLE001 - our own bug must become a finding, not end the run
            tally.error = _told(error)
            return
        tally.judged.update(dict.fromkeys(x.id for x in group))

    def _met(self, tally: _Tally, problem: Problem, group: list[Reading]) -> None:
        x = next((x for x in group if x.id == problem.exchange), group[-1])
        weighed = self._weighed(tally.check, replace(problem, exchange=problem.exchange or x.id))
        tally.met.add(weighed.exchange)
        seen = tally.met_on.get(x.id, 0)
        tally.met_on[x.id] = seen + 1
        # Evidence is cut out of the body, which takes time: for more than are ever shown it is not.
        tally.problems.append(_shown(weighed, x) if seen < PROBLEMS_KEPT else weighed)
        self.unlike.setdefault(x.id, replace(x.exchange, attempts=()))

    def _hindered(self, tally: _Tally, x: Reading, known: _Known) -> Unjudged | None:
        for given in tally.check.given:
            if (why := known.hindrance(given, x)) is not None:
                return why
        basis = tally.basis
        # The same refusal of an ordinary request: this one says nothing of its own.
        if basis and basis.id != x.id and (basis.status or 0) >= 400 and basis.status == x.status:
            return Unjudged(f"{basis.id} is answered {basis.status} as well")
        return None

    def _found(self, tally: _Tally) -> Finding:
        check = tally.check
        blank = Finding(check.id, check.level, Outcome.SKIP, check.title, check.clause)
        if tally.ruled_out is not None:
            return replace(blank, reason=f"not claimed: {tally.ruled_out}")
        if tally.error:
            return replace(blank, outcome=Outcome.ERROR, reason=tally.error)
        problems = tuple(tally.problems)
        if check.scope is Scope.EACH:  # exchanges come in the order in which they were answered
            problems = tuple(sorted(problems, key=lambda p: p.exchange))
        made = replace(
            blank,
            problems=problems,
            judged=tuple(sorted(tally.judged)),
            unjudged=tuple(sorted(tally.unjudged, key=lambda u: u[0])),
        )
        return replace(self._verdict(check, made), problems=_kept(check, problems))

    def _verdict(self, check: Check, made: Finding) -> Finding:
        open_problems = [p for p in made.problems if p.waived is None]
        if open_problems:
            worst = max(
                (p.level or check.level for p in open_problems), key=lambda level: level.rank
            )
            often = "" if self.foreign else how_often(open_problems, made.judged)
            return replace(made, outcome=OUTCOME_OF[worst], reason=often)
        if made.problems:
            return replace(made, outcome=Outcome.WAIVED, reason=made.problems[0].waived or "")
        if made.judged:
            return replace(made, outcome=Outcome.PASS)
        return self._unexercised(check, made)

    def _unexercised(self, check: Check, made: Finding) -> Finding:
        if made.unjudged:
            # A reason of the run weighs most: it alone makes the run incomplete.
            order = [Hindrance.RUN, Hindrance.ENDPOINT, Hindrance.MODEL, Hindrance.RECORDING]
            if self.foreign:  # nothing was planned, so that it is not there weighs most
                order.sort(key=lambda hindrance: hindrance is not Hindrance.RECORDING)
            meant = [u for u in made.unjudged if u[0].partition("#")[0] in check.probes]
            name, why = min(meant or made.unjudged, key=lambda u: order.index(u[1].hindrance))
            if why.hindrance is Hindrance.RECORDING:
                return replace(made, outcome=Outcome.SKIP, reason=f"nothing to judge: {why.reason}")
            reason = f"{name}: {why.reason}"
            return replace(
                made, outcome=Outcome.INCONCLUSIVE, reason=reason, hindrance=why.hindrance
            )
        if self.foreign:
            return replace(made, reason="nothing to judge: no exchange of this kind in the traffic")
        why_not = next((self.left_out[p] for p in check.probes if p in self.left_out), None)
        if why_not is not None and not why_not.startswith("budget"):
            return replace(made, reason=f"not claimed: {why_not}")
        return replace(
            made,
            outcome=Outcome.INCONCLUSIVE,
            reason=why_not or f"not sent: {', '.join(check.probes) or 'nothing'}",
            hindrance=Hindrance.RUN,
        )

    def _weighed(self, check: Check, problem: Problem) -> Problem:
        """The problem with what decides its weight: its level and whether it is waived."""
        waiver = self._waiver(check.id, problem.exchange)
        weakened = (
            problem.level if problem.level and problem.level.rank < check.level.rank else None
        )
        return replace(problem, level=weakened, waived=waiver.because if waiver else None)

    def _waiver(self, check: str, exchange: str) -> Waiver | None:
        return next((w for w in self.profile.waivers if w.covers(check, exchange)), None)

    def _with_stale(self, tallies: list[_Tally], found: list[Finding]) -> list[Finding]:
        """A waiver that was exercised and met no problem is stale: its first check says so."""
        made = {f.check: f for f in found}
        for waiver in self.profile.waivers:
            if any(waiver.covers(t.check.id, x) for t in tallies for x in t.met):
                continue
            exercised = [
                f
                for f in found
                if made[f.check].outcome is Outcome.PASS
                and any(waiver.covers(f.check, x) for x in f.judged)
            ]
            if exercised:
                first = exercised[0]
                made[first.check] = replace(
                    first,
                    outcome=Outcome.STALE,
                    reason=f"the waiver of {waiver.check!r} ({waiver.because}) meets no problem; remove it",
                )
        return [made[f.check] for f in found]


@dataclass(slots=True)
class _Known:
    """What is known of one exchange: kinds and conditions that many checks share are asked once."""

    profile: Profile
    kinds: dict[Kind, bool] = field(default_factory=dict)
    hindrances: dict[tuple[Given, str], Unjudged | None] = field(default_factory=dict)

    def applies(self, kind: Kind, x: Reading) -> bool:
        if kind not in self.kinds:
            self.kinds[kind] = kind(x)
        return self.kinds[kind]

    def hindrance(self, given: Given, x: Reading) -> Unjudged | None:
        key = (given, x.id)
        if key not in self.hindrances:
            self.hindrances[key] = given(x, self.profile)
        return self.hindrances[key]


@dataclass(slots=True)
class _Tally:
    """What one check has met so far."""

    check: Check
    problems: list[Problem] = field(default_factory=list)
    judged: dict[str, None] = field(default_factory=dict)
    unjudged: list[tuple[str, Unjudged]] = field(default_factory=list)
    met_on: dict[str, int] = field(default_factory=dict)
    """How many problems each exchange had."""
    met: set[str] = field(default_factory=set)
    """Exchanges with a problem, those that are too many to show included."""
    ruled_out: str | None = None
    error: str = ""
    basis: Reading | None = None
    """The exchange whose success the check presupposes."""
    waiting: list[Reading] = field(default_factory=list)
    """Readings that are judged when all are there."""
    forms: Forms = field(default_factory=dict)

    def keep(self, x: Reading) -> None:
        """Hold a reading until its companions are there."""
        if self.check.scope is Scope.PAIR:
            # Two requests of other people's traffic may lie days and models apart: only our own are compared.
            if x.exchange.probe is not None:
                _enter(self.forms, x)
        elif len(self.waiting) < LINKED_AT_MOST:
            self.waiting.append(x)

    def groups(self) -> Iterator[list[Reading]]:
        """The readings held, in the groups that the check is given."""
        self.waiting.sort(key=lambda x: x.id)
        if self.check.scope is Scope.EACH:
            yield from ([x] for x in self.waiting)
        elif self.check.scope is Scope.LINKED:
            if {x.exchange.probe for x in self.waiting} >= set(self.check.probes):
                yield self.waiting  # with one of them missing there is nothing to compare
        else:
            yield from _complete(self.forms)


def pairs(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Exchanges of one request with and without ``stream``: the first of each."""
    forms: Forms = {}
    for x in readings:
        _enter(forms, x)
    yield from _complete(forms)


def _enter(forms: Forms, x: Reading) -> None:
    key = _form(x)
    if not key:
        return
    form = forms.setdefault(key, {})
    if x.asked.streams not in form or x.id < form[x.asked.streams].id:
        form[x.asked.streams] = x


def _complete(forms: Forms) -> Iterator[list[Reading]]:
    both = [[form[False], form[True]] for form in forms.values() if len(form) == 2]
    yield from sorted(both, key=lambda pair: pair[0].id)


def _form(x: Reading) -> str:
    """What two requests have in common that differ only in asking for a stream; empty without a body."""
    body = {k: v for k, v in x.asked.body.items() if k not in ("stream", "stream_options")}
    return f"{x.asked.request.path} {sorted(body.items(), key=lambda kv: kv[0])!r}" if body else ""


def _told(error: Exception) -> str:
    """What went wrong in our own code, and where."""
    reason = "".join(traceback.format_exception_only(error)).strip()
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{reason} ({place.name}, line {place.lineno})"


def _shown(problem: Problem, x: Reading) -> Problem:
    """The problem with its evidence, its texts cut to size."""
    return replace(
        problem,
        expected=_cut(problem.expected),
        actual=_cut(problem.actual),
        evidence=_cut(problem.evidence or evidence(x, problem.at), 400),
    )


def how_often(problems: Iterable[Problem], judged: Iterable[str]) -> str:
    """Of probes that were sent several times, how many exchanges broke the rule, in words; empty without such."""
    sent = Counter(name.partition("#")[0] for name in judged)
    broken = Counter(name.partition("#")[0] for name in {p.exchange for p in problems})
    return ", ".join(
        f"{broken[probe]} of {sent[probe]} exchanges of {probe}"
        for probe in sorted(broken)
        if sent[probe] > 1
    )


def evidence(x: Reading, at: str) -> str:
    """The bytes that a problem's place points to, as text."""
    if at.startswith("event "):
        number = at.removeprefix("event ").split()[0].rstrip(":")
        if number.isdigit() and 0 < int(number) <= len(x.stream.events):
            event = x.stream.events[int(number) - 1]
            return x.body[event.start : event.end].decode("utf-8", "replace")
    if at.startswith("byte "):
        offset = int(at.split()[1])
        return x.body[max(0, offset - 60) : offset + 120].decode("utf-8", "replace")
    if at.startswith("/"):
        name = at.rstrip("/").rpartition("/")[2]
        found = x.body.find(f'"{name}"'.encode()) if name and not name.isdigit() else 0
        start = max(0, found - 20)
        return x.body[start : start + 300].decode("utf-8", "replace")
    return ""


def _kept(check: Check, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """As many as are shown, the gravest first."""
    grave = sorted(problems, key=lambda p: (p.waived is not None, -(p.level or check.level).rank))
    return tuple(grave[:PROBLEMS_KEPT])


def _cut(text: str, most: int = SHOWN) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def exit_code(findings: Iterable[Finding], *, strict: bool = False) -> int:
    """0, 1, 3 or 4 as the README's table says; 2 is left to wrong usage."""
    found = list(findings)
    outcomes = {f.outcome for f in found}
    if Outcome.ERROR in outcomes:
        return 4
    failing = {Outcome.FAIL, Outcome.STALE} | ({Outcome.WARN} if strict else set())
    if outcomes & failing:
        return 1
    unproven = [f for f in found if f.outcome is Outcome.INCONCLUSIVE and f.level is Level.MUST]
    if any(strict or f.hindrance is Hindrance.RUN for f in unproven):
        return 3
    return 0
