"""``run``: plan, record, judge and report."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from conformance.model.errors import UsageError
from conformance.options import Options

from .dry_run import print_plan
from .endpoint import endpoint
from .options import DRY_RUN, QUIET, with_shared

REPORT_DIRECTORY = Path("conformance-report")


@with_shared
def run(
    given: Options,
    json: Path | None = typer.Option(
        None, "--json", envvar="CONFORMANCE_JSON", metavar="FILE", help="Write results.json here."
    ),
    junit: Path | None = typer.Option(
        None, "--junit", envvar="CONFORMANCE_JUNIT", metavar="FILE", help="Write JUnit XML here."
    ),
    html: Path | None = typer.Option(
        None, "--html", envvar="CONFORMANCE_HTML", metavar="FILE", help="Write an HTML report here."
    ),
    markdown: Path | None = typer.Option(
        None,
        "--markdown",
        envvar="CONFORMANCE_MARKDOWN",
        metavar="FILE",
        help="Write a step summary here.",
    ),
    strict: bool = typer.Option(
        False, "--strict", envvar="CONFORMANCE_STRICT", help="A broken SHOULD rule fails as well."
    ),
    verbose: bool = typer.Option(
        False,
        "--verbose",
        "-v",
        envvar="CONFORMANCE_VERBOSE",
        help="Print every row of the capability table.",
    ),
    dry_run: bool = DRY_RUN,
    quiet: bool = QUIET,
) -> None:
    """Send the suite's requests, judge the answers and print the verdict.

    Costs requests and tokens: try --dry-run first; it prints the plan and the worst case, and sends nothing.
    Without --base-url (and without a profile that has one) the embedded reference server is tested,
    so that a first run needs neither endpoint nor key. Reports go to conformance-report/ unless told otherwise.
    """
    recording = given.recording or REPORT_DIRECTORY / "recording.jsonl"
    given = replace(given, recording=recording, strict=strict, quiet=quiet)
    from conformance.pytest_plugin.run import require_writable

    files = Files(json, junit, html, markdown)
    if not files.any:
        files = Files.in_directory(REPORT_DIRECTORY)
    if not dry_run:
        require_writable(given.recording, *files.all)
    with endpoint(given) as options:
        if dry_run:
            print_plan(options)
            return
        code = drive(options, files, verbose=verbose)
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Files:
    """The report files of a run, None for those that were not asked for."""

    json: Path | None
    junit: Path | None
    html: Path | None
    markdown: Path | None

    @classmethod
    def in_directory(cls, where: Path) -> Files:
        """All of them, side by side."""
        return cls(
            where / "results.json", where / "junit.xml", where / "report.html", where / "summary.md"
        )

    @property
    def any(self) -> bool:
        """Whether any was asked for."""
        return any(self.all)

    @property
    def all(self) -> tuple[Path | None, ...]:
        """All of them, in the order in which they are told."""
        return self.json, self.junit, self.html, self.markdown

    def arguments(self) -> list[str]:
        """What pytest is told of them."""
        made = []
        if self.json:
            made.append(f"--conformance-json={self.json}")
        if self.markdown:
            made.append(f"--conformance-markdown={self.markdown}")
        if self.junit:
            made.append(f"--junitxml={self.junit}")
        if self.html:
            made += [f"--html={self.html}", "--self-contained-html"]
        return made


def drive(options: Options, files: Files, *, verbose: bool = False) -> int:
    """Run pytest in process with our plugin, print our report, and return the exit code."""
    import pytest

    from conformance.pytest_plugin.run import Prepared, Run

    from .show import Outputs, show

    prepared = Prepared(Run(options, None))
    said = io.StringIO()
    with redirect_stdout(said), _without("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        pytest.main(_arguments(files), plugins=[prepared])
    if prepared.failure is not None:
        raise prepared.failure
    run = prepared.run
    if prepared.crash is not None:
        raise RuntimeError(prepared.crash)
    if run.recording is None:
        raise UsageError(said.getvalue().strip() or "pytest could not be started")
    if run.interrupted:
        print("conformance: interrupted; judging what was answered until then", file=sys.stderr)
    made = run.judge()
    show(made, Outputs(), quiet=options.quiet, verbose=verbose)
    if not options.quiet:
        written = [str(f) for f in (options.recording, *files.all) if f]
        print(f"written: {', '.join(written)}")
    return made.exit_code


def _arguments(files: Files) -> list[str]:
    """What pytest is told: our suite, our plugin, and nothing that the user has set up for other tests."""
    import conformance.suite

    suite = Path(conformance.suite.__file__).parent
    return [
        str(suite / "test_checks.py"),
        "-c",
        str(suite / "run.ini"),
        f"--rootdir={suite}",
        "--noconftest",
        "--disable-plugin-autoload",
        "-p",
        "conformance.pytest_plugin.plugin",
        "-p",
        "no:cacheprovider",
        *(("-p", "pytest_html.plugin", "-p", "pytest_metadata.plugin") if files.html else ()),
        *files.arguments(),
    ]


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Takes variables away for a while: what the user told pytest is not meant for this run."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
