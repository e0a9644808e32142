"""``judge``: the verdict on a recording or on traffic recorded elsewhere, offline."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from conformance.model.errors import UsageError


def judge(
    file: Path = typer.Argument(
        ..., help="A recording, a HAR file, or JSON lines of exchanges (also .gz)."
    ),
    profile: str | None = typer.Option(
        None,
        "--profile",
        metavar="NAME|FILE",
        help="Claims to judge by; default: those in the recording, else base.",
    ),
    check: list[str] = typer.Option(
        [], "--check", metavar="GLOB", help="Only checks that match; may be repeated."
    ),
    strict: bool = typer.Option(False, "--strict", help="A broken SHOULD rule fails as well."),
    json: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write results.json here."
    ),
    markdown: Path | None = typer.Option(
        None, "--markdown", metavar="FILE", help="Write a step summary here."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print only the verdict."),
    verbose: bool = typer.Option(
        False, "--verbose", "-v", help="Print every row of the capability table."
    ),
) -> None:
    """Judge what was recorded, offline, as often as you like. Sends nothing.

    Recordings give the same results as the run that made them. HAR files and JSON lines of
    exchanges let yesterday's traffic be judged: rules about deliberate mistakes do not apply to it.
    """
    from conformance.checks.registry import all_checks, matching
    from conformance.judging import judge_exchanges
    from conformance.profiles.load import load_profile
    from conformance.recording.jsonl import Reader
    from conformance.recording.traffic import load_any
    from conformance.session.recorded import judge_recording

    from .show import Outputs, show

    for glob in check:
        if not matching([glob]):
            raise UsageError(
                f"--check {glob!r} matches no check; `conformance list checks` shows all"
            )
    wanted = matching(check) if check else list(all_checks())
    claims = load_profile(profile) if profile else None
    loaded = load_any(file)
    if isinstance(loaded, Reader):
        made = judge_recording(loaded, profile=claims, selected=wanted, strict=strict)
        notes = loaded.warnings
    else:
        made = judge_exchanges(
            loaded.exchanges, claims or load_profile("base"), wanted, foreign=True, strict=strict
        )
        notes = loaded.notes
    for note in notes:  # known once all of the file was read
        print(f"conformance: {note}", file=sys.stderr)
    show(made, Outputs(json=json, markdown=markdown), quiet=quiet, verbose=verbose)
    raise typer.Exit(made.exit_code)
