"""The searches of a run: requests made up while it goes on, once the plan is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from conformance.checks.registry import all_checks
from conformance.engine.lanes import Lanes
from conformance.model.exchange import Exchange
from conformance.model.plan import Plan, Search
from conformance.model.request import Operation
from conformance.recording.jsonl import End

if TYPE_CHECKING:
    from conformance.generate.past import Past

from .setup import Setup

_WHY_NOT = {
    End.ENDPOINT_GONE: "endpoint unreachable",
    End.ENDPOINT_FAILING: "stopped: the endpoint failed too often in a row",
}
"""Why nothing was generated after a plan that ended so."""


def past_of(setup: Setup, plan: Plan, exchanges: Iterable[Exchange]) -> Past | None:
    """What the searches of a plan begin with; None where nothing is searched."""
    if not plan.searches:
        return None
    from conformance.generate.oracle import Oracle
    from conformance.generate.past import Past

    chosen = (check for check in all_checks().values() if check.id in plan.checks)
    past = Past(setup.profile, Oracle(chosen, setup.profile))
    for exchange in exchanges:
        past.saw(exchange)
    return past


def search(
    setup: Setup,
    searches: tuple[Search, ...],
    past: Past,
    end: End,
    lanes: Lanes,
    write: Callable[[Exchange], None],
) -> End:
    """Generate requests, as far as the run has not ended, and tell how it has ended now."""
    if end not in (End.COMPLETE, End.BUDGET):
        from conformance.generate.past import unsearched

        path = setup.target.paths(Operation.CHAT, setup.profile)[0]
        for exchange in unsearched(searches, path, _WHY_NOT.get(end, "interrupted")):
            write(exchange)
        return end
    from conformance.generate.generation import DEFAULT_SEED, Generation, memory_of

    seed = setup.options.seed
    Generation(
        profile=setup.profile,
        target=setup.target,
        searches=searches,
        past=past,
        send=lanes.send,
        note=lanes.note,
        seed=DEFAULT_SEED if seed is None else seed,
        memory=memory_of(setup.options.environment),
    ).run(lambda works: lanes.run(works, write))
    return end if lanes.end is End.COMPLETE else lanes.end
