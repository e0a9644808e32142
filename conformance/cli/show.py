"""A judgement for people and files: what ``run`` and ``judge`` print and write."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from conformance.judging import Judgement
from conformance.pytest_plugin.run import write_text
from conformance.report.markdown import markdown
from conformance.report.results import dumps
from conformance.report.text import console_for, print_report
from conformance.report.verdict import verdict_sentence

from .output import reader_may_leave


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that were asked for."""

    json: Path | None = None
    markdown: Path | None = None


def show(made: Judgement, outputs: Outputs, *, quiet: bool = False, verbose: bool = False) -> None:
    """Print the report to stdout and write the files."""
    if outputs.json:
        write_text(outputs.json, dumps(made.document))
    if outputs.markdown:
        write_text(
            outputs.markdown,
            markdown(
                made.findings,
                target=made.target,
                profile=made.profile,
                suite=made.suite,
                cost=made.cost,
                exit_code=made.exit_code,
                capabilities=made.capabilities,
            ),
        )
    # Where the reader has gone, rich would leave with exit code 1, which is a verdict.
    with suppress(SystemExit), reader_may_leave():
        _print(made, quiet=quiet, verbose=verbose)


def _print(made: Judgement, *, quiet: bool, verbose: bool) -> None:
    if quiet:
        print(verdict_sentence(made.findings, made.exit_code))
        return
    print_report(
        console_for(sys.stdout),
        made.findings,
        target=made.target,
        profile=made.profile,
        suite=made.suite,
        cost=made.cost,
        exit_code=made.exit_code,
        capabilities=made.capabilities,
        verbose=verbose,
    )
