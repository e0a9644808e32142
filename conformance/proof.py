"""The proof that each check can fail, and that none cries wolf: every fault and oddity against the whole suite."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from random import Random

from conformance.checks.registry import all_checks
from conformance.engine.secret import Secret
from conformance.judging import Judgement, judge_exchanges
from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.json import JSON
from conformance.model.plan import Plan
from conformance.model.profile import Profile
from conformance.model.request import Operation, Request
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.probes.generated import searches
from conformance.probes.registry import continued
from conformance.profiles.load import load_profile, profile_from_json, profile_to_json
from conformance.refserver.direct import DirectServer
from conformance.refserver.faults.registry import Fault
from conformance.refserver.models import known_models
from conformance.refserver.oddities import ODDITIES
from conformance.refserver.oddities.registry import Oddity, some_of
from conformance.refserver.serve import ReferenceServer
from conformance.refserver.stages import Alteration, Stage
from conformance.session.planning import plan_as_json, plan_for
from conformance.session.recorded import judge_recording
from conformance.session.recorder import Recorder, Sender
from conformance.session.setup import Setup, limit_parameter

KEY = "sk-selftest-0123456789abcdef"
MODEL = "reference-1"
"""The model that is asked for, unless the profile has another form of ids."""
PACE = 0.005
"""Seconds between events: a long answer lasts long enough to see that it is streamed."""
NOW = 1_780_000_000.0
"""When answers without sockets are made, in unix seconds: always, so that they can be compared."""
TIMEOUT = 8.0
"""Seconds for one request: long enough for a slow machine, short enough for servers that hang on purpose."""
PATIENCE = 30.0
"""Seconds for one request to a server that means well, however busy the machine is."""
_LOUD = (Outcome.FAIL, Outcome.WARN, Outcome.STALE, Outcome.ERROR)
_SEEN = (*_LOUD, Outcome.NOTE)


@dataclass(frozen=True, slots=True)
class Proof:
    """What one fault set off."""

    fault: Fault
    seen: frozenset[str]
    """Checks with a problem."""

    @property
    def missed(self) -> frozenset[str]:
        """Checks that should have noticed."""
        return self.fault.caught_by - self.seen

    @property
    def noise(self) -> frozenset[str]:
        """Checks that noticed something although they should not."""
        return self.seen - self.fault.caught_by

    @property
    def exact(self) -> bool:
        """Whether exactly the named checks noticed."""
        return not self.missed and not self.noise


def run_against(
    server: ReferenceServer, profile: Profile, *, timeout: float = TIMEOUT
) -> Judgement:
    """The whole suite against a running reference server."""
    origin, prefix = parse_base_url(server.base_url)
    model = server.model or MODEL
    target = Target(origin, prefix, model, limit_parameter(profile, model))
    setup = Setup(Options(timeout=timeout, quiet=True), profile, target, _secret(server.key))
    return _judged(setup)


def run_inside(
    server: DirectServer,
    profile: Profile,
    *,
    whole: Collection[str] = (),
    searched: Collection[str] = (),
    seed: int | None = None,
) -> Judgement:
    """The whole suite against a reference server without sockets.

    Of the families in ``whole`` every case is sent; the searches in ``searched`` are made, as in a full run.
    """
    model = server.model or MODEL
    target = Target("http://127.0.0.1:9", server.prefix, model, limit_parameter(profile, model))
    options = Options(quiet=True, concurrency=1, seed=seed, environment={})
    setup = Setup(options, profile, target, _secret(server.key))
    if searched:
        return _judged(setup, sender=server, whole=whole, searched=searched)
    plan, right = _plan_of(setup, tuple(sorted(whole)))
    return judge_exchanges(
        _exchanged(plan, server, setup),
        profile,
        plan.checks,
        plan=plan_as_json(plan),
        target={"base_url": target.base_url, "model": target.model},
        # What is answered as without a fault breaks no rule by itself.
        settled=lambda exchange: right.get(exchange.id) == exchange,
    )


_PLANS: dict[tuple[str, Target, tuple[str, ...]], Plan] = {}
_RIGHT: dict[tuple[str, Target], dict[str, Exchange]] = {}


def _plan_of(setup: Setup, whole: tuple[str, ...]) -> tuple[Plan, dict[str, Exchange]]:
    """What is sent, and what comes of it where nothing is wrong, as far as that was found clean before."""
    digest, target = setup.profile.digest, setup.target
    if not digest:
        return plan_for(setup, all_checks(), whole=whole), {}
    if (digest, target, whole) not in _PLANS:
        _PLANS[digest, target, whole] = plan_for(setup, all_checks(), whole=whole)
    if (digest, target) not in _RIGHT:
        _RIGHT[digest, target] = _right(setup)
    return _PLANS[digest, target, whole], _RIGHT[digest, target]


def _right(setup: Setup) -> dict[str, Exchange]:
    """What a server without a fault answers, if no rule finds anything in it."""
    plan = plan_for(setup, all_checks())

    def sent() -> Iterator[Exchange]:
        server = DirectServer(setup.profile, key=KEY, model=setup.target.model, pace=PACE, now=NOW)
        return _exchanged(plan, server, setup)

    judgement = judge_exchanges(sent(), setup.profile, plan.checks, plan=plan_as_json(plan))
    return {} if noticed(judgement) else {x.id: x for x in sent()}


def _exchanged(plan: Plan, server: DirectServer, setup: Setup) -> Iterator[Exchange]:
    """What comes of each step, one after the other."""
    made: dict[str, Exchange] = {}
    for step in plan.steps:
        request = step.request or continued(step, made, setup.target, setup.profile)
        if isinstance(request, str):
            blank = Request("POST", "", Operation.CHAT)
            made[step.id] = Exchange(step.id, blank, (), step.probe, request)
        else:
            made[step.id] = Exchange(step.id, request, (server.send(request),), step.probe)
        yield made[step.id]


def model_for(profile: Profile) -> str:
    """The model that a run against a server with this profile names."""
    return MODEL if profile.model_id_ok(MODEL) else known_models(profile, None)[0]


def _secret(key: str | None) -> Secret | None:
    return Secret(key) if key else None


def _judged(
    setup: Setup,
    *,
    sender: Sender | None = None,
    whole: Collection[str] = (),
    searched: Collection[str] = (),
) -> Judgement:
    with tempfile.TemporaryDirectory() as directory:
        plan = plan_for(setup, all_checks(), whole=whole)
        if searched:
            found = searches(setup.profile, setup.target, setup.options.max_examples)
            plan = replace(plan, searches=tuple(s for s in found if s.id in searched))
        path = Path(directory) / "recording.jsonl"
        return judge_recording(Recorder(setup, plan, path, sender=sender).run())


def noticed(judgement: Judgement) -> frozenset[str]:
    """The checks that found a problem."""
    return frozenset(f.check for f in judgement.findings if f.outcome in _SEEN)


def prove(
    faults: Iterable[Fault], profile: Profile, *, workers: int | None = None
) -> Iterator[Proof]:
    """Run the suite against each fault, in the order given, in as many processes as there are processors."""
    chosen = tuple(faults)
    told = profile_to_json(profile)
    count = workers or max(2, os.cpu_count() or 1)
    if len(chosen) < 2 * count:  # not worth a process
        yield from (Proof(fault, _seen_of(fault.name, told)) for fault in chosen)
        return
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        names = [fault.name for fault in chosen]
        for fault, seen in zip(chosen, pool.map(_seen_of, names, [told] * len(names)), strict=True):
            yield Proof(fault, seen)


def _seen_of(name: str, told: dict[str, JSON]) -> frozenset[str]:
    """What the suite finds at a server with a fault; ``told`` is the profile that it plays."""
    from conformance.refserver.faults import fault_named

    fault = fault_named(name)
    profile = load_profile(fault.profile) if fault.profile else profile_from_json(told)
    if fault.claims:
        claims = {**profile.parameters, **{claim.name: claim for claim in fault.claims}}
        profile = replace(profile, parameters=claims, digest="")
    more = bool(fault.deep or fault.searched)
    echoes = fault.needs_key or "auth.key-not-echoed" in fault.caught_by
    if more or (_inside(fault) and not echoes):
        direct = DirectServer(
            profile, key=KEY, model=model_for(profile), pace=PACE, fault=fault, now=NOW
        )
        return noticed(run_inside(direct, profile, whole=fault.deep, searched=fault.searched))
    model = model_for(profile)
    with ReferenceServer(profile, key=KEY, model=model, pace=PACE, fault=fault) as server:
        return noticed(run_against(server, profile))


@dataclass(frozen=True, slots=True)
class Calm:
    """What a set of oddities set off."""

    oddities: tuple[Oddity, ...]
    alarms: tuple[str, ...]
    """Checks that found more than a note, each with its first problem."""


def _inside(alteration: Alteration) -> bool:
    """Whether it bends what is answered and not how it travels, so that no sockets are needed."""
    return alteration.stage is not Stage.REPLY


def prove_legal(
    sets: Iterable[Sequence[Oddity]], profile: Profile, *, workers: int | None = None
) -> Iterator[Calm]:
    """Run the suite against each set of oddities, in the order given, in several processes."""
    chosen = [tuple(one) for one in sets]
    told = profile_to_json(profile)
    count = workers or max(2, os.cpu_count() or 1)
    known = {one.name: one for one in ODDITIES}
    if len(chosen) < 2 * count or any(known.get(o.name) is not o for one in chosen for o in one):
        yield from (Calm(one, _alarms_of(one, profile)) for one in chosen)
        return
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        names = [tuple(o.name for o in one) for one in chosen]
        found = pool.map(_alarms_of_named, names, [told] * len(names))
        yield from (Calm(one, alarms) for one, alarms in zip(chosen, found, strict=True))


def _alarms_of_named(names: tuple[str, ...], told: dict[str, JSON]) -> tuple[str, ...]:
    known = {one.name: one for one in ODDITIES}
    return _alarms_of([known[name] for name in names], profile_from_json(told))


def _alarms_of(chosen: Sequence[Oddity], profile: Profile) -> tuple[str, ...]:
    """What the suite says of a server with these oddities, above a note."""
    under = next((one.under for one in chosen if one.under), None)
    judged_by = load_profile(under) if under else profile
    model = model_for(profile)
    if all(map(_inside, chosen)):
        direct = DirectServer(profile, key=KEY, model=model, pace=PACE, oddities=chosen, now=NOW)
        return alarms(run_inside(direct, judged_by))
    with ReferenceServer(profile, key=KEY, model=model, pace=PACE, oddities=chosen) as server:
        return alarms(run_against(server, judged_by, timeout=PATIENCE))


def alarms(judgement: Judgement) -> tuple[str, ...]:
    """What was found above a note."""
    return tuple(
        f"{f.outcome.value} of {f.check}: {f.problems[0] if f.problems else f.reason}"
        for f in judgement.findings
        if f.outcome in _LOUD
    )


def mixtures(known: Sequence[Oddity], count: int, seed: int = 0) -> list[tuple[Oddity, ...]]:
    """That many random sets of compatible oddities; the same for the same seed."""
    random = Random(seed)
    return [some_of(known, random) for _ in range(count)]


def unproved(faults: Iterable[Fault]) -> list[str]:
    """Checks that no fault names."""
    named = {check for fault in faults for check in fault.caught_by}
    return [i for i in all_checks() if i not in named]


def misnamed(faults: Iterable[Fault]) -> list[tuple[str, str]]:
    """Faults that name a check which does not exist: (fault, check)."""
    return [(f.name, c) for f in faults for c in sorted(f.caught_by) if c not in all_checks()]


def clean(profile: Profile, on_problem: Callable[[str], None] = lambda _: None) -> frozenset[str]:
    """What the suite finds at the reference server without a fault: nothing, if both are right."""
    with ReferenceServer(profile, key=KEY, model=model_for(profile), pace=PACE) as server:
        judgement = run_against(server, profile)
    for finding in judgement.findings:
        if finding.outcome in _SEEN:
            first = finding.problems[0] if finding.problems else None
            on_problem(f"{finding.check}: {first or finding.reason}")
    return noticed(judgement)
