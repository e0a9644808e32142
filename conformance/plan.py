"""From checks, probes and a profile to what is sent, in order: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from conformance.checks.registry import Check, Scope, all_checks
from conformance.model.errors import UsageError
from conformance.model.plan import Plan, Search, Stage, Step, Suite
from conformance.model.profile import Profile
from conformance.model.target import Target
from conformance.probes.registry import Probe, all_probes, steps_of

SUITES = ("smoke", "core", "full")
REPEATED = (
    "chat.basic",
    "chat.stream.*",
    "tools.stream.*",
    "isolation.canary.*",
    "isolation.stream.canary",
)
"""Probes that show rare failures when they are sent more than once: empty or cut streams, mixed answers."""

ONLY_FULL = "only the full suite sends it"


def checks_of_suite(suite: str) -> list[str]:
    """The checks of a suite: smoke has those that its few probes exercise, core and full have all."""
    if suite not in SUITES:
        raise UsageError(f"unknown suite {suite!r}; use smoke, core or full")
    return [c.id for c in all_checks().values() if suite != "smoke" or _in_smoke(c)]


def _in_smoke(check: Check) -> bool:
    """Whether the smoke probes exercise a check; what compares several exchanges needs all of them."""
    enough = any if check.scope is Scope.EACH else all
    probes = all_probes()
    return enough(probes[i].smoke for i in check.probes)


def make_plan(
    selected: Iterable[str],
    profile: Profile,
    target: Target,
    *,
    suite: str = "core",
    max_requests: int | None = None,
    max_output_tokens: int | None = None,
    repeat: int = 1,
    examples: int = 0,
    whole: Collection[str] = (),
) -> Plan:
    """What the selected checks need, cheapest stages first, within the limits given.

    ``repeat`` is how often the probes in ``REPEATED`` are sent, ``examples`` how many requests a full run
    generates for each property, ``whole`` the families of which every case is sent whatever the suite.
    """
    checks = all_checks()
    chosen = [checks[i] for i in sorted(set(selected))]
    wanted = _wanted(chosen, profile, suite)
    left_out: list[tuple[str, str]] = []
    steps: list[Step] = []
    sought = _searches(wanted, profile, target, examples if suite == "full" else 0)
    for probe in wanted:
        depth = Suite.FULL if probe.id in whole else Suite[suite.upper()]
        made = steps_of(probe, target, profile, depth)
        if not made and probe.id not in {search.probe for search in sought}:
            left_out.append((probe.id, _why_none(probe, target, profile)))
        steps += [*made, *_repetitions(made, repeat)]
    steps.sort(key=lambda step: (step.stage, -step.worth))
    steps, over = _within(steps, max_requests, max_output_tokens, dict(left_out))
    return Plan(
        tuple(steps),
        tuple(c.id for c in chosen),
        tuple(i for i in checks if i not in {c.id for c in chosen}),
        tuple(left_out + over),
        sought,
    )


def _searches(
    wanted: Iterable[Probe], profile: Profile, target: Target, examples: int
) -> tuple[Search, ...]:
    """What is searched for the probes that are sent."""
    from conformance.probes.generated import searches

    sent = {probe.id for probe in wanted}
    found = searches(profile, target, examples) if examples else []
    return tuple(search for search in found if search.probe in sent)


def _why_none(probe: Probe, target: Target, profile: Profile) -> str:
    """Why a probe sends nothing."""
    if not target.paths(probe.operation, profile):
        return f"the profile has no {probe.operation.value} endpoint"
    if probe.cases is not None and next(probe.cases(profile, target), None) is not None:
        return ONLY_FULL
    return "the profile makes no claim that it could try"


def _repetitions(made: list[Step], times: int) -> list[Step]:
    """The second and further sendings of a probe, with ids of their own."""
    if not made or not any(fnmatchcase(made[0].probe, glob) for glob in REPEATED):
        return []
    return [replace(made[0], id=f"{made[0].id}#{n}") for n in range(2, times + 1)]


def _wanted(chosen: list[Check], profile: Profile, suite: str) -> list[Probe]:
    """Probes that serve a check which the profile does not rule out, with those that they follow."""
    probes = all_probes()
    served = {i for c in chosen if not (c.claimed and c.claimed(profile)) for i in c.probes}
    if suite == "smoke":
        served = {i for i in served if probes[i].smoke}
    for i in sorted(served):
        after = probes[i].after
        if after is not None:
            served.add(after)
    # By id, so that what belongs together stays side by side; the stage sorts it afterwards.
    return [probe for i, probe in probes.items() if i in served]


def _within(
    steps: list[Step],
    max_requests: int | None,
    max_output_tokens: int | None,
    absent: dict[str, str],
) -> tuple[list[Step], list[tuple[str, str]]]:
    """The steps that the budget allows, and the others with the reason; ``absent`` are left out already."""
    kept: list[Step] = []
    over: list[tuple[str, str]] = []
    tokens = 0
    for step in steps:
        if max_requests is not None and len(kept) >= max_requests:
            over.append((step.id, f"budget: --max-requests {max_requests}"))
        elif max_output_tokens is not None and tokens + step.max_output_tokens > max_output_tokens:
            over.append((step.id, f"budget: --max-output-tokens {max_output_tokens}"))
        elif any(before not in {k.id for k in kept} for before in step.after):
            reason = absent.get(step.after[0], f"budget: {step.after[0]} is not sent")
            over.append((step.id, reason))
        else:
            kept.append(step)
            tokens += step.max_output_tokens
    return kept, over


def pilots(plan: Plan) -> tuple[Step, ...]:
    """The steps that go first and alone."""
    return tuple(step for step in plan.steps if step.stage is Stage.PILOT)
