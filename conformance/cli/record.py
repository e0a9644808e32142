"""``record``: plan and record, and judge nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from conformance.options import Options

from .dry_run import print_plan
from .endpoint import endpoint
from .options import DRY_RUN, QUIET, with_shared


@with_shared
def record(
    given: Options,
    dry_run: bool = DRY_RUN,
    quiet: bool = QUIET,
) -> None:
    """Send the suite's requests and save what comes back. Judges nothing.

    Use `conformance judge FILE` afterwards, as often as you like, offline.
    Costs requests and tokens: try --dry-run first.
    """
    from conformance.session.planning import over_budget, plan_for
    from conformance.session.recorded import require_reachable
    from conformance.session.setup import prepare, selected_checks

    path = given.recording or Path("recording.jsonl")
    given = replace(given, recording=path, quiet=quiet)
    with endpoint(given) as options:
        if dry_run:
            print_plan(options)
            return
        from conformance.pytest_plugin.run import require_writable, sent

        setup = prepare(options)
        plan = plan_for(setup, selected_checks(options))
        require_writable(path)
        made, _ = sent(setup, plan, path)
        require_reachable(made, setup.target.base_url)
        end = made.footer.end.value if made.footer else "unfinished"
        left = over_budget(plan)
        missing = f" ({len(left)} of its requests left out: {_few(left)})" if left else ""
        print(
            f"{path}: {made.footer.exchanges if made.footer else 0} exchanges, {end}{missing}; "
            f"judge it with `conformance judge {path}`"
        )
    raise typer.Exit(0 if end == "complete" else 3)


def _few(names: Sequence[str], most: int = 3) -> str:
    """The first of several names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
