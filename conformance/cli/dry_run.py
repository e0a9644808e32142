"""What ``--dry-run`` prints: the plan, and the worst case of its cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from conformance.options import Options


def print_plan(options: Options) -> None:
    """Say what would be sent, in order, and what it may cost."""
    from conformance.session.planning import plan_for
    from conformance.session.setup import prepare, selected_checks

    setup = prepare(options)
    plan = plan_for(setup, selected_checks(options))
    print(f"{setup.target.base_url}, model {setup.target.model}, profile {setup.profile.name}")
    for step in plan.steps:
        request = step.request
        what = f"{request.method} {request.path}" if request else f"after {', '.join(step.after)}"
        tokens = (
            f"at most {step.max_output_tokens} tokens" if step.max_output_tokens else "no tokens"
        )
        print(f"  {step.id:28} {what:44} {tokens}")
    for search in plan.searches:
        most = f"at most {search.max_output_tokens} tokens each" if search.max_output_tokens else ""
        print(f"  {search.id:28} {search.examples} generated requests, more if some fail  {most}")
    for what, why in _left_out(plan.left_out):
        print(f"  {what:28} left out: {why}")
    print(
        f"{len(plan.checks)} checks, {len(plan.steps)} requests, at most {plan.output_tokens:,} output tokens, "
        f"about {plan.input_tokens:,} input tokens; nothing was sent"
    )


def _left_out(entries: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What a budget leaves out, one by one; of what suite and profile leave out, the number."""
    others: Counter[str] = Counter()
    for probe, why in entries:
        if why.startswith("budget"):
            yield probe, why
        else:
            others[why] += 1
    for why, count in others.items():
        yield f"{count} probe{'s' if count > 1 else ''}", why
