"""(checks, exchanges, profile) -> findings: pure, and the only place where a verdict is made."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from conformance.checks.registry import Check, Scope
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


class Judge:
    """Judges checks on one set of exchanges; each exchange is parsed once."""

    def __init__(
        self,
        exchanges: Iterable[Exchange],
        profile: Profile,
        *,
        left_out: Mapping[str, str] | None = None,
        foreign: bool = False,
    ) -> None:
        self.profile = profile
        self.readings = sorted((Reading(x) for x in exchanges), key=lambda x: x.id)
        self.left_out = dict(left_out or {})
        self.foreign = foreign
        """Traffic recorded elsewhere: what is not in it was never meant to be."""
        self._met: set[tuple[str, str]] = set()
        """Check and exchange of every problem met, those that are too many to show included."""

    def findings(self, checks: Iterable[Check]) -> list[Finding]:
        """One finding for each check, sorted by id; stale waivers are told once all are judged."""
        found = [self.finding(check) for check in sorted(checks, key=lambda c: c.id)]
        return self._with_stale(found)

    def finding(self, check: Check) -> Finding:
        """The verdict of one check."""
        blank = Finding(check.id, check.level, Outcome.SKIP, check.title, check.clause)
        ruled_out = check.claimed(self.profile) if check.claimed else None
        if ruled_out is not None:
            return replace(blank, reason=f"not claimed: {ruled_out}")
        try:
            problems, judged, unjudged = self._judge(check)
        except Exception as error:  # noqa: BLE001 - our own bug must become a finding, not end the run
            reason = "".join(traceback.format_exception_only(error)).strip()
            place = traceback.extract_tb(error.__traceback__)[-1]
            return replace(
                blank, outcome=Outcome.ERROR, reason=f"{reason} ({place.name}, line {place.lineno})"
            )
        weighed = tuple(self._weighed(check, p) for p in problems)
        self._met |= {(check.id, p.exchange) for p in weighed}
        made = replace(blank, problems=weighed, judged=tuple(judged), unjudged=tuple(unjudged))
        shown = tuple(self._shown(p) for p in _kept(check, weighed))
        return replace(self._verdict(check, made), problems=shown)

    def _judge(self, check: Check) -> tuple[list[Problem], list[str], list[tuple[str, Unjudged]]]:
        readings = [x for x in self.readings if check.on(x)]
        problems: list[Problem] = []
        judged: list[str] = []
        unjudged: list[tuple[str, Unjudged]] = []
        for group in _groups(check, readings):
            hindered = [(x.id, why) for x in group if (why := self._hindered(check, x))]
            if hindered:
                unjudged += hindered
                continue
            arguments = (tuple(group),) if check.scope is Scope.LINKED else tuple(group)
            names = [x.id for x in group]
            problems += [
                p if p.exchange else replace(p, exchange=names[-1])
                for p in check.problems(*arguments, self.profile)
            ]
            judged += [name for name in names if name not in judged]
        return problems, judged, unjudged

    def _hindered(self, check: Check, x: Reading) -> Unjudged | None:
        for given in check.given:
            if (why := given(x, self.profile)) is not None:
                return why
        basis = next((r for r in self.readings if r.exchange.probe == check.presupposes), None)
        if check.presupposes is None or basis is None or basis.id == x.id:
            return None
        # The same refusal of an ordinary request: this one says nothing of its own.
        if (basis.status or 0) >= 400 and basis.status == x.status:
            return Unjudged(f"{basis.id} is answered {basis.status} as well")
        return None

    def _verdict(self, check: Check, made: Finding) -> Finding:
        open_problems = [p for p in made.problems if p.waived is None]
        if open_problems:
            worst = max(
                (p.level or check.level for p in open_problems), key=lambda level: level.rank
            )
            return replace(made, outcome=OUTCOME_OF[worst])
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

    def _shown(self, problem: Problem) -> Problem:
        """The problem with its evidence, its texts cut to size."""
        return replace(
            problem,
            expected=_cut(problem.expected),
            actual=_cut(problem.actual),
            evidence=_cut(problem.evidence or self._evidence(problem), 400),
        )

    def _waiver(self, check: str, exchange: str) -> Waiver | None:
        return next((w for w in self.profile.waivers if w.covers(check, exchange)), None)

    def _evidence(self, problem: Problem) -> str:
        x = next((r for r in self.readings if r.id == problem.exchange), None)
        return evidence(x, problem.at) if x is not None else ""

    def _with_stale(self, found: list[Finding]) -> list[Finding]:
        """A waiver that was exercised and met no problem is stale: its first check says so."""
        made = {f.check: f for f in found}
        for waiver in self.profile.waivers:
            if any(waiver.covers(*met) for met in self._met):
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


def _groups(check: Check, readings: list[Reading]) -> Iterator[list[Reading]]:
    if check.scope is Scope.EACH:
        yield from ([x] for x in readings)
    elif check.scope is Scope.LINKED:
        if {x.exchange.probe for x in readings} >= set(check.probes):
            yield readings  # with one of them missing there is nothing to compare
    else:
        # Two requests of other people's traffic may lie days and models apart: only our own are compared.
        yield from pairs([x for x in readings if x.exchange.probe is not None])


def pairs(readings: list[Reading]) -> Iterator[list[Reading]]:
    """Exchanges of one request with and without ``stream``: the first of each."""
    forms: dict[str, dict[bool, Reading]] = defaultdict(dict)
    for x in readings:
        body = {k: v for k, v in x.asked.body.items() if k not in ("stream", "stream_options")}
        if body:
            key = f"{x.asked.request.path} {sorted(body.items(), key=lambda kv: kv[0])!r}"
            forms[key].setdefault(x.asked.streams, x)
    for form in forms.values():
        if len(form) == 2:
            yield [form[False], form[True]]


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
