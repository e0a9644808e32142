"""From checks, probes and a profile to what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from conformance.checks.registry import Check, Scope, all_checks
from conformance.judge import Judge, exit_code
from conformance.model.errors import UsageError
from conformance.model.finding import Outcome
from conformance.model.plan import Plan, Stage
from conformance.model.profile import Profile, Sends
from conformance.plan import SUITES, checks_of_suite, make_plan, pilots
from conformance.probes.registry import all_probes
from conformance.wire.reading import Reading
from tests.builders import (
    ANSWERED,
    BASE,
    TARGET,
    Value,
    a_profile,
    an_exchange,
    of_a_right_run,
    request_of,
    shipped,
    with_auth,
    with_paths,
    with_streaming,
)

FAMILIES = {name for name, probe in all_probes().items() if probe.cases}


def planned(selected: Iterable[str] | None = None, profile: Profile = BASE, **how: Value) -> Plan:
    """The plan for these checks, all of the suite by default."""
    suite = how.get("suite", "core")
    return make_plan(
        checks_of_suite(suite) if selected is None else selected, profile, TARGET, **how
    )


def ids(plan: Plan) -> list[str]:
    """The steps of a plan, in order."""
    return [step.id for step in plan.steps]


def test_core_sends_every_probe() -> None:
    """Each probe is sent once, but for families, whose cases follow from what the profile claims."""
    sent = [step.probe for step in planned().steps if step.probe not in FAMILIES]
    assert sorted(set(all_probes()) - FAMILIES) == sorted(sent)


def test_every_probe_serves_a_check() -> None:
    """Nothing is declared for nobody."""
    served = {i for check in all_checks().values() for i in check.probes}
    followed = {probe.after for probe in all_probes().values()}
    assert set() == set(all_probes()) - served - followed


@pytest.mark.parametrize("profile", shipped(), ids=lambda profile: profile.name)
def test_full_sends_every_case(profile: Profile) -> None:
    """The full suite sends all that core sends; every case has an id of its own, and more of them are sent."""
    core, full = (ids(planned(profile=profile, suite=suite)) for suite in ("core", "full"))
    assert set(core) < set(full)
    assert len(set(full)) == len(full)


def test_only_what_a_check_needs_is_sent() -> None:
    """A check asks for its own probes and for what they follow."""
    assert ["chat.stream.basic"] == ids(planned(["stream.done"]))
    assert ["chat.basic", "turn.own-message"] == ids(planned(["turn.own-message"]))
    assert [] == ids(planned([]))


def test_what_is_not_selected_is_said() -> None:
    """The plan names the checks it serves and those it does not."""
    plan = planned(["stream.done", "stream.done"])

    assert ("stream.done",) == plan.checks
    assert set(all_checks()) - {"stream.done"} == set(plan.deselected)


def test_the_cheap_and_telling_goes_first() -> None:
    """Stages follow one another: a pilot, what costs nothing, what generates, the next turn."""
    plan = planned()
    stages = [step.stage for step in plan.steps]

    assert sorted(stages) == stages
    assert ["models.list"] == [step.id for step in pilots(plan)]
    assert {"turn.own-message", "turn.tool-result"} <= {
        step.id for step in plan.steps if step.stage is Stage.NEXT_TURN
    }


def test_nothing_is_sent_before_what_it_follows() -> None:
    """A next turn comes after the answer it is built from."""
    order = ids(planned())

    for step in planned().steps:
        assert all(order.index(before) < order.index(step.id) for before in step.after)


@pytest.mark.parametrize(
    ("profile", "absent"),
    [
        (with_auth(required=False), "auth."),
        (with_paths(models=()), "models.list"),
        (with_paths(model=()), "models.retrieve"),
    ],
    ids=["no keys", "no list", "no single models"],
)
def test_what_a_profile_rules_out_is_not_sent(profile: Profile, absent: str) -> None:
    """No money is spent on what nobody claims."""
    sent = [i for i in ids(planned(profile=profile)) if i.startswith(absent)]

    assert ["auth.wrong-key"] == sent if absent == "auth." else [] == sent


def test_a_claim_may_rule_out_the_only_check_of_a_probe() -> None:
    """A probe whose checks are all ruled out is not sent."""
    plan = planned(["chunk.usage-asked"], with_streaming(usage=Sends.NEVER))

    assert ([], ("chunk.usage-asked",)) == (ids(plan), plan.checks)


def test_an_endpoint_without_chat_is_sent_none() -> None:
    """Where the profile has no chat endpoint, its probes are left out and say why, next turns too."""
    profile = with_paths(chat=())
    plan = planned(profile=profile)

    assert not [i for i in ids(plan) if i.startswith(("chat.", "tools.", "turn."))]
    assert "the profile has no chat endpoint" == dict(plan.left_out)["chat.basic"]
    assert "the profile has no chat endpoint" == dict(plan.left_out)["turn.own-message"]
    found = Judge([], profile, left_out=dict(plan.left_out)).finding(
        all_checks()["turn.own-message"]
    )
    assert (Outcome.SKIP, "not claimed: the profile has no chat endpoint") == (
        found.outcome,
        found.reason,
    )


def test_every_model_list_is_asked_for() -> None:
    """A profile may put its models in several lists; only the first list is asked without a key."""
    profile = with_paths(models=("models", "/other/models"))
    paths = {s.id: s.request.path for s in planned(profile=profile).steps if s.request}

    assert ("/v1/models", "/other/models") == (paths["models.list"], paths["models.list#2"])
    assert "/v1/models" == paths["auth.models.no-key"]
    assert "auth.models.no-key#2" not in paths


# Budget -------------------------------------------------------------------------------------------


def test_a_budget_of_requests_keeps_the_cheapest() -> None:
    """What is over the budget is left out from the end, and says so."""
    plan = planned(max_requests=5)

    assert ids(planned())[:5] == ids(plan)
    over = [reason for _, reason in plan.left_out if reason.startswith("budget")]
    assert ["budget: --max-requests 5"] * (len(planned().steps) - 5) == over


def test_a_budget_of_tokens_keeps_what_fits() -> None:
    """What is free is always sent; of what generates, as much as fits."""
    plan = planned(max_output_tokens=70)

    assert 48 < plan.output_tokens <= 70
    assert all(i in ids(plan) for i in all_probes() if i.startswith(("errors.", "auth.")))
    assert "budget: --max-output-tokens 70" in dict(plan.left_out).values()


def test_a_turn_without_its_first_is_left_out() -> None:
    """A next turn is not sent where what it follows is not."""
    plan = planned(["turn.tool-result"], max_output_tokens=63)

    assert [] == ids(plan)
    assert "budget: --max-output-tokens 63" == dict(plan.left_out)["tools.required"]
    assert dict(plan.left_out)["turn.tool-result"].startswith("budget: ")


def test_a_turn_may_be_over_the_budget_by_its_first() -> None:
    """A turn that would fit is left out all the same if what it follows was not sent."""
    plan = planned(["turn.own-message", "chunk.usage-asked"], max_requests=0)

    assert [] == ids(plan)
    assert 3 == len(plan.left_out)


def test_the_worst_case_is_told_before_it_is_spent() -> None:
    """A plan knows its tokens: those it may get and, roughly, those it sends."""
    plan = planned(["stream.incremental"])

    assert 64 == plan.output_tokens
    assert len(request_of("chat.stream.long").body or b"") // 3 == plan.input_tokens


# Suites -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", shipped(), ids=lambda profile: profile.name)
def test_core_is_cheap(profile: Profile) -> None:
    """The core suite stays within two hundred requests and eight thousand tokens."""
    plan = planned(profile=profile)

    assert len(plan.steps) <= 200
    assert plan.output_tokens <= 8_000


def test_smoke_is_a_dozen_requests() -> None:
    """The smoke suite shows in a dozen requests whether a client works at all."""
    plan = planned(suite="smoke")

    assert len(plan.steps) <= 12
    assert {"models.list", "chat.basic", "chat.stream.basic", "tools.required"} <= set(ids(plan))
    assert all(all_probes()[step.probe].smoke for step in plan.steps)


def test_smoke_is_a_part_of_core() -> None:
    """Smoke judges fewer checks than core; full and core have all of them."""
    assert set(checks_of_suite("smoke")) < set(checks_of_suite("core"))
    assert list(all_checks()) == checks_of_suite("core") == checks_of_suite("full")


def test_an_unknown_suite_is_wrong_usage() -> None:
    """A mistyped suite is told which there are."""
    with pytest.raises(UsageError, match="unknown suite 'smok'; use smoke, core or full"):
        checks_of_suite("smok")


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_judges_what_it_selects(suite: str) -> None:
    """Against a right endpoint no check of a suite is left unjudged for want of a request."""
    plan = planned(suite=suite)
    known = [step for step in plan.steps if step.probe in ANSWERED]
    run = [replace(an_exchange(step.probe), id=step.id) for step in known]
    judge = Judge(run, BASE, left_out=dict(plan.left_out))
    found = judge.findings([c for i, c in of_a_right_run().items() if i in plan.checks])

    unjudged = {f.check for f in found if f.outcome is Outcome.INCONCLUSIVE}
    assert unjudged <= {"parity.finish-reason", "stream.incremental", "stream.in-pieces"}
    assert 0 == exit_code(found)


# Declarations -------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_a_check_speaks_about_what_it_asks_for(check: Check) -> None:
    """The probes of a check exist, and it applies to what they send: no check is vacuous."""
    assert check.probes
    readings = [Reading(an_exchange(i)) for i in check.probes if i in all_probes()]

    assert len(check.probes) == len(readings)
    applies = [check.on(x) for x in readings]
    # Of a family some cases may be meant.
    whole = check.scope is not Scope.EACH and not any(all_probes()[i].cases for i in check.probes)
    assert all(applies) if whole else any(applies)


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_what_a_check_presupposes_is_sent(check: Check) -> None:
    """The probe that a check presupposes exists."""
    assert check.presupposes is None or check.presupposes in all_probes()


def limit_of(body: Mapping[str, Value]) -> int:
    """The token limit of a request."""
    return int(body[TARGET.limit_parameter])


@pytest.mark.parametrize(
    "probe",
    [p for p in all_probes().values() if p.stage >= Stage.CHAT and not p.cases],
    ids=lambda p: p.id,
)
def test_what_generates_has_a_limit(probe: Value) -> None:
    """No request may generate without an end, and the plan counts its limit."""
    limit = limit_of(json.loads(request_of(probe.id).body or b"{}"))
    counted = {step.id: step.max_output_tokens for step in planned().steps}

    assert 1 <= limit <= counted[probe.id] <= 64


@pytest.mark.parametrize("profile", shipped(), ids=lambda profile: profile.name)
def test_cases_that_generate_have_a_limit(profile: Profile) -> None:
    """So has each case of a family, but for those that try the limit itself."""
    steps = planned(profile=profile, suite="full").steps
    cases = [s for s in steps if s.probe in FAMILIES and s.stage >= Stage.CHAT]
    unlimited = [s for s in cases if not 1 <= s.max_output_tokens <= 256]

    assert cases
    assert [] == [s.id for s in unlimited if not s.probe.startswith("param.max-")]


def test_plans_are_alike() -> None:
    """The same checks, profile and target make the same plan."""
    assert planned() == planned(list(reversed(checks_of_suite("core"))))
    assert planned(profile=a_profile()) == planned()
