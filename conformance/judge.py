"""(checks, exchanges, profile) -> findings: pure, and the only place where a verdict is made."""

from __future__ import annotations

import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from conformance.checks.registry import Check, Kind, Scope
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
from conformance.model.profile import Profile
from conformance.tally import (
    LINKED_AT_MOST,
    Again,
    Known,
    Least,
    Tally,
    cut_short,
    place_of,
    smallest_alone,
)
from conformance.wire.reading import Reading

SHOWN = 200
SMALLEST_STREAM = "chat.stream.basic"
"""What a check that presupposes some plain answer presupposes of a stream as well: that there are streams."""

_ORDER = (Hindrance.RUN, Hindrance.ENDPOINT, Hindrance.MODEL, Hindrance.RECORDING)
"""A reason of the run weighs most: it alone makes the run incomplete."""
_FOREIGN_ORDER = (Hindrance.RECORDING, Hindrance.RUN, Hindrance.ENDPOINT, Hindrance.MODEL)
"""Of other people's traffic nothing was planned, so that it is not there weighs most."""


class Judge:
    """Judges checks on one set of exchanges, which may be a stream: each is read once and let go.

    What is kept does not grow with their number, except what rules that compare exchanges hold (up to a limit).
    ``unlike`` holds, without their answers, the exchanges whose problems are shown.
    """

    def __init__(
        self,
        exchanges: Iterable[Exchange],
        profile: Profile,
        *,
        left_out: Mapping[str, str] | None = None,
        foreign: bool = False,
        on_reading: Callable[[Reading], None] = lambda _: None,
        settled: Callable[[Exchange], bool] | None = None,
    ) -> None:
        self.exchanges = exchanges
        self.profile = profile
        self.left_out = dict(left_out or {})
        self.foreign = foreign
        """Traffic recorded elsewhere: what is not in it was never meant to be."""
        self.unlike: dict[str, Exchange] = {}
        self.on_reading = on_reading
        self.settled = settled
        """Tells exchanges that are known to break no rule by themselves; they are only compared with others."""
        self._order = {why: n for n, why in enumerate(_FOREIGN_ORDER if foreign else _ORDER)}
        self._linked: Least[str] = Least(LINKED_AT_MOST, str)
        """The places of the exchanges that are compared with others, by whatever check."""
        self._entered = ""
        self._stream: tuple[str, int] | None = None

    def findings(self, checks: Iterable[Check]) -> list[Finding]:
        """One finding for each check, sorted by id; stale waivers are told once all are judged."""
        tallies = self._tallied(checks)
        found = [self._found(tally) for tally in tallies]
        found = [self._explained(tally, f, found) for tally, f in zip(tallies, found, strict=True)]
        return self._with_stale(tallies, found)

    def finding(self, check: Check) -> Finding:
        """The verdict of one check."""
        return self._found(self._tallied([check])[0])

    def _tallied(self, checks: Iterable[Check]) -> list[Tally]:
        tallies = [self._tally(check) for check in sorted(checks, key=lambda c: c.id)]
        live = [tally for tally in tallies if tally.ruled_out is None]
        kinds: dict[Kind, list[Tally]] = defaultdict(list)
        bases: dict[str, list[Tally]] = defaultdict(list)
        for tally in live:
            kinds[tally.check.on].append(tally)
            if tally.check.presupposes:
                bases[tally.check.presupposes].append(tally)
        for exchange in self.exchanges:
            x, known = Reading(exchange), Known(self.profile)
            known.settled = self.settled is not None and self.settled(exchange)
            for tally in bases.get(exchange.probe or "", ()):
                tally.basis = tally.basis or (x.id, x.status or 0)
            if exchange.probe == SMALLEST_STREAM:
                self._stream = self._stream or (x.id, x.status or 0)
            for kind, those in kinds.items():
                self._take(kind, those, x, known)
            self.on_reading(x)
            del x, known  # what was parsed is not to be kept while the next one is read
        again, room = Again(), set(self._linked.least())
        for tally in live:
            for group in tally.groups(again, room):
                self._judge(tally, group, Known(self.profile))
        return tallies

    def _tally(self, check: Check) -> Tally:
        waivers = tuple(w for w in self.profile.waivers if fnmatchcase(check.id, w.check))
        return Tally(
            check, waivers, ruled_out=check.claimed(self.profile) if check.claimed else None
        )

    def _take(self, kind: Kind, those: list[Tally], x: Reading, known: Known) -> None:
        """Let those checks have an exchange that is of their kind."""
        try:
            applies = kind(x)
        except Exception as error:  # noqa: BLE001 - as in _judge
            for tally in those:
                tally.error = tally.error or _told(error)
            return
        for tally in those if applies else ():
            if tally.check.scope is Scope.EACH and known.settled:
                tally.judged_on([x], ())
            elif self._at_once(tally, x):
                self._judge(tally, [x], known)
            elif tally.check.scope is Scope.PAIR:
                tally.pair(x, known)
            elif self._has_room(x):
                tally.waiting.add((place_of(x), x.exchange))

    def _at_once(self, tally: Tally, x: Reading) -> bool:
        """Whether an exchange can be judged before the others are known."""
        if tally.check.scope is not Scope.EACH:
            return False
        if tally.check.presupposes is None or self.foreign:
            return True
        return tally.basis is not None and (self._stream is not None or not x.asked.streams)

    def _has_room(self, x: Reading) -> bool:
        """Whether an exchange is, so far, among the first that are compared with others."""
        place = place_of(x)
        if x.id != self._entered:
            self._entered = x.id
            self._linked.add(place)
        return self._linked.wants(place)

    def _judge(self, tally: Tally, group: list[Reading], known: Known) -> None:
        """Judge one check on the readings that it is given at once."""
        check = tally.check
        if tally.error:
            return
        try:
            hindered = [(x.id, why) for x in group if (why := self._hindered(tally, x, known))]
            for name, why in hindered:
                self._not_judged(tally, name, why)
            if hindered:
                return
            arguments = (tuple(group),) if check.scope is Scope.LINKED else tuple(group)
            broken: dict[str, Reading] = {}
            for problem in check.problems(*arguments, self.profile):
                x = next((x for x in group if x.id == problem.exchange), group[-1])
                if self._met(tally, problem, x):
                    broken[x.id] = x
        except Exception as error:  # noqa: BLE001 - our own bug must become a finding, not end the run
            tally.error = _told(error)
            return
        tally.judged_on(group, broken.values())

    def _met(self, tally: Tally, problem: Problem, x: Reading) -> bool:
        """Count a problem, and keep it if it is among the gravest; whether no waiver accepts it."""
        check = tally.check
        name = problem.exchange or x.id
        waiver = tally.waiver(name)
        weaker = problem.level and problem.level.rank < check.level.rank
        level = problem.level if weaker else None
        # Exchanges come in the order in which they were answered.
        place = place_of(x) if check.scope is Scope.EACH else ""
        weight = (waiver is not None, -(level or check.level).rank, place, next(tally.numbers))
        # A stream may have a hundred thousand of them: for what is never shown no evidence is cut out of the body.
        if tally.problems.wants(weight):
            because = waiver.because if waiver else None
            weighed = replace(problem, exchange=name, level=level, waived=because)
            tally.problems.add((weight, _shown(weighed, x), replace(x.exchange, attempts=())))
        return waiver is None

    def _hindered(self, tally: Tally, x: Reading, known: Known) -> Unjudged | None:
        for given in tally.check.given:
            if (why := known.hindrance(given, x)) is not None:
                return why
        for basis in (tally.basis, self._stream if x.asked.streams else None):
            if basis is None or tally.check.presupposes is None:
                continue
            name, status = basis
            # The same refusal of an ordinary request, or redirection: this one says nothing of its own.
            if name != x.id and status >= 300 and status == x.status:
                return Unjudged(f"{name} is answered {status} as well")
        return None

    def _not_judged(self, tally: Tally, name: str, why: Unjudged) -> None:
        tally.unjudged.add((name, why))
        meant = name.partition("#")[0] in tally.check.probes
        weight = (not meant, self._order[why.hindrance], name)
        if tally.telling is None or weight < tally.telling[0]:
            tally.telling = (weight, why)

    def _found(self, tally: Tally) -> Finding:
        check = tally.check
        blank = Finding(check.id, check.level, Outcome.SKIP, check.title, check.clause)
        if tally.ruled_out is not None:
            return replace(blank, reason=f"not claimed: {tally.ruled_out}")
        if tally.error:
            return replace(blank, outcome=Outcome.ERROR, reason=tally.error)
        kept = smallest_alone(tally.problems.least())
        self.unlike |= {exchange.id: exchange for _, _, exchange in kept}
        judged, unjudged = tally.judged.least(), tally.unjudged.least()
        made = replace(
            blank,
            problems=tuple(problem for _, problem, _ in kept),
            judged=judged,
            unjudged=unjudged,
            more_judged=tally.judged.met - len(judged),
            more_unjudged=tally.unjudged.met - len(unjudged),
        )
        return self._verdict(tally, made)

    def _explained(self, tally: Tally, made: Finding, others: list[Finding]) -> Finding:
        """A finding without the problems that a check of their own has found as well: one cause, one failure."""
        owners = tally.check.owners
        if owners is None or not made.problems:
            return made
        loud = {f.check for f in others if f.problems and f.check != made.check}
        left, explained = [], ""
        for problem in made.problems:
            x = self.unlike.get(problem.exchange)
            named = [i for i in owners(Reading(x), self.profile) if i in loud] if x else []
            if named:
                explained = explained or f"{problem.exchange}: {named[0]} speaks of it"
            else:
                left.append(problem)
        if left:
            return self._verdict(tally, replace(made, problems=tuple(left)))
        return replace(
            made,
            problems=(),
            outcome=Outcome.INCONCLUSIVE,
            reason=explained,
            hindrance=Hindrance.ENDPOINT,
        )

    def _verdict(self, tally: Tally, made: Finding) -> Finding:
        worst = made.problems[0] if made.problems else None
        if worst is not None and worst.waived is None:
            often = "" if self.foreign else _in_words(tally.broken, tally.sent)
            level = worst.level or tally.check.level
            return replace(made, outcome=OUTCOME_OF[level], reason=often)
        if worst is not None:
            return replace(made, outcome=Outcome.WAIVED, reason=worst.waived or "")
        if not made.judged:
            return self._unexercised(tally, made)
        if (why := cut_short(made.unjudged, tally.check.probes)) is None:
            return replace(made, outcome=Outcome.PASS)
        return replace(
            made, outcome=Outcome.INCONCLUSIVE, reason=why.reason, hindrance=why.hindrance
        )

    def _unexercised(self, tally: Tally, made: Finding) -> Finding:
        check = tally.check
        if tally.telling is not None:
            (_, _, name), why = tally.telling
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
            word = "not claimed" if why_not.startswith("the profile") else "not sent"
            return replace(made, reason=f"{word}: {why_not}")
        return replace(
            made,
            outcome=Outcome.INCONCLUSIVE,
            reason=why_not or f"not sent: {', '.join(check.probes) or 'nothing'}",
            hindrance=Hindrance.RUN,
        )

    def _with_stale(self, tallies: list[Tally], found: list[Finding]) -> list[Finding]:
        """A waiver that was exercised and met no problem is stale: its first check says so."""
        made = {f.check: f for f in found}
        for waiver in self.profile.waivers:
            if any(waiver in tally.met for tally in tallies):
                continue
            exercised = [
                made[tally.check.id]
                for tally in tallies
                if waiver in tally.exercised and made[tally.check.id].outcome is Outcome.PASS
            ]
            if exercised:
                first = exercised[0]
                made[first.check] = replace(
                    first,
                    outcome=Outcome.STALE,
                    reason=f"the waiver of {waiver.check!r} ({waiver.because}) meets no problem; remove it",
                )
        return [made[f.check] for f in found]


def _told(error: Exception) -> str:
    """What went wrong in our own code, and where."""
    reason = "".join(traceback.format_exception_only(error)).strip()
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{reason} ({place.name}, line {place.lineno})"


def _shown(problem: Problem, x: Reading) -> Problem:
    """The problem with its evidence, its texts cut to size."""
    return replace(
        problem,
        at=_cut(problem.at),
        expected=_cut(problem.expected),
        actual=_cut(problem.actual),
        evidence=_cut(problem.evidence or evidence(x, problem.at), 400),
    )


def how_often(problems: Iterable[Problem], judged: Iterable[str]) -> str:
    """Of probes that were sent several times, how many exchanges broke the rule, in words; empty without such."""
    sent = Counter(name.partition("#")[0] for name in judged)
    broken = Counter(name.partition("#")[0] for name in {p.exchange for p in problems})
    return _in_words(broken, sent)


def _in_words(broken: Counter[str], sent: Counter[str]) -> str:
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
