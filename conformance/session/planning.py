"""The plan of a run: what would be sent, what the budget leaves out, and how a recording writes it down."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from conformance.model.json import JSON
from conformance.model.plan import Plan
from conformance.plan import make_plan

from .setup import Setup


def plan_for(setup: Setup, selected: Iterable[str], *, whole: Collection[str] = ()) -> Plan:
    """What would be sent for these checks; of the families in ``whole`` every case."""
    return make_plan(
        selected,
        setup.profile,
        setup.target,
        suite=setup.options.suite,
        max_requests=setup.options.max_requests,
        max_output_tokens=setup.options.max_output_tokens,
        repeat=setup.options.repeat,
        whole=whole,
        examples=setup.options.max_examples,
    )


def over_budget(plan: Plan) -> tuple[str, ...]:
    """The requests that the budget leaves out."""
    return tuple(i for i, why in plan.left_out if why.startswith("budget"))


def plan_as_json(plan: Plan) -> dict[str, JSON]:
    """The plan as a recording's header carries it."""
    return {
        "checks": list(plan.checks),
        "deselected": list(plan.deselected),
        "left_out": [[probe, why] for probe, why in plan.left_out],
        **({"searches": [f"{s.id} {s.examples}" for s in plan.searches]} if plan.searches else {}),
        "steps": [
            {
                "id": s.id,
                "probe": s.probe,
                "max_output_tokens": s.max_output_tokens,
                "prompt_tokens": s.prompt_tokens,
            }
            for s in plan.steps
        ],
    }
