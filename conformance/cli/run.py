"""``run`` and ``record``: plan, record, judge and report; or the first two alone."""

from __future__ import annotations

import io
import os
import secrets
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path

import typer

from conformance.model.errors import UsageError
from conformance.options import DEFAULT_CONCURRENCY, DEFAULT_EXAMPLES, DEFAULT_TIMEOUT, Options

REPORT_DIRECTORY = Path("conformance-report")
EMBEDDED_KEY = "CONFORMANCE_EMBEDDED_KEY"
EMBEDDED_PROFILE = "openai"
"""What the embedded server plays unless another profile is named: the one that claims most."""

_URL = typer.Option(
    None,
    "--base-url",
    envvar="CONFORMANCE_BASE_URL",
    metavar="URL",
    help="The endpoint, such as http://127.0.0.1:8000/v1. Without one: the embedded reference server.",
)
_MODEL = typer.Option(
    None,
    "--model",
    envvar="CONFORMANCE_MODEL",
    metavar="NAME",
    help="The model that requests name.",
)
_PROFILE = typer.Option(
    None,
    "--profile",
    envvar="CONFORMANCE_PROFILE",
    metavar="NAME|FILE",
    help="What the endpoint claims; default: base, which claims little.",
)
_KEY = typer.Option(
    None,
    "--api-key-env",
    envvar="CONFORMANCE_API_KEY_ENV",
    metavar="NAME",
    help="The environment variable that holds the key.",
)
_SUITE = typer.Option(
    "core",
    "--suite",
    envvar="CONFORMANCE_SUITE",
    metavar="SUITE",
    help="smoke (at most 12 requests), core, or full (every case, and generated requests).",
)
_CHECK = typer.Option(
    [],
    "--check",
    envvar="CONFORMANCE_CHECK",
    metavar="GLOB",
    help="Only checks that match; may be repeated.",
)
_CONCURRENCY = typer.Option(
    DEFAULT_CONCURRENCY,
    "--concurrency",
    envvar="CONFORMANCE_CONCURRENCY",
    metavar="N",
    help="Requests at once, at most.",
)
_RATE = typer.Option(
    None, "--rate", envvar="CONFORMANCE_RATE", metavar="N", help="Requests a second, at most."
)
_REQUESTS = typer.Option(
    None,
    "--max-requests",
    envvar="CONFORMANCE_MAX_REQUESTS",
    metavar="N",
    help="Requests in all, at most.",
)
_TOKENS = typer.Option(
    None,
    "--max-output-tokens",
    envvar="CONFORMANCE_MAX_OUTPUT_TOKENS",
    metavar="N",
    help="Requested output tokens in all, at most.",
)
_SEED = typer.Option(
    None,
    "--seed",
    envvar="CONFORMANCE_SEED",
    metavar="N",
    help="What generated requests follow from; without one they are the same every time.",
)
_EXAMPLES = typer.Option(
    DEFAULT_EXAMPLES,
    "--max-examples",
    envvar="CONFORMANCE_MAX_EXAMPLES",
    metavar="N",
    help="Requests that the full suite generates for each property; 0: none.",
)
_TIMEOUT = typer.Option(
    DEFAULT_TIMEOUT,
    "--timeout",
    envvar="CONFORMANCE_TIMEOUT",
    metavar="SECONDS",
    help="For one request, to the last byte of its answer.",
)
_RECORDING = typer.Option(
    None,
    "--recording",
    envvar="CONFORMANCE_RECORDING",
    metavar="FILE",
    help="Where the exchanges are written.",
)
_REPEAT = typer.Option(
    1,
    "--repeat",
    envvar="CONFORMANCE_REPEAT",
    metavar="N",
    help="Send streams and the smallest requests N times, to meet what fails only now and then.",
)
_RESUME = typer.Option(
    False,
    "--resume",
    envvar="CONFORMANCE_RESUME",
    help="Go on with the recording that is there: what it holds is not sent again.",
)
_QUIET = typer.Option(False, "--quiet", "-q", help="No progress, and only the verdict.")
_DRY = typer.Option(
    False, "--dry-run", help="Print the plan with requests and worst-case tokens; send nothing."
)


def run(
    base_url: str | None = _URL,
    model: str | None = _MODEL,
    profile: str | None = _PROFILE,
    api_key_env: str | None = _KEY,
    suite: str = _SUITE,
    check: list[str] = _CHECK,
    concurrency: int = _CONCURRENCY,
    rate: float | None = _RATE,
    max_requests: int | None = _REQUESTS,
    max_output_tokens: int | None = _TOKENS,
    seed: int | None = _SEED,
    max_examples: int = _EXAMPLES,
    timeout: float = _TIMEOUT,
    recording: Path | None = _RECORDING,
    repeat: int = _REPEAT,
    resume: bool = _RESUME,
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
    dry_run: bool = _DRY,
    quiet: bool = _QUIET,
) -> None:
    """Send the suite's requests, judge the answers and print the verdict.

    Costs requests and tokens: try --dry-run first; it prints the plan and the worst case, and sends nothing.
    Without --base-url (and without a profile that has one) the embedded reference server is tested,
    so that a first run needs neither endpoint nor key. Reports go to conformance-report/ unless told otherwise.
    """
    given = Options(
        base_url=base_url,
        model=model,
        profile=profile,
        api_key_env=api_key_env,
        suite=suite,
        check=tuple(check),
        concurrency=concurrency,
        rate=rate,
        max_requests=max_requests,
        max_output_tokens=max_output_tokens,
        seed=seed,
        max_examples=max_examples,
        timeout=timeout,
        recording=recording or REPORT_DIRECTORY / "recording.jsonl",
        repeat=repeat,
        resume=resume,
        strict=strict,
        quiet=quiet,
    )
    from conformance.pytest_plugin.run import require_writable

    files = Files(json, junit, html, markdown)
    if not files.any:
        files = Files.in_directory(REPORT_DIRECTORY)
    if not dry_run:
        require_writable(given.recording, *files.all)
    with _target(given) as options:
        if dry_run:
            print_plan(options)
            return
        code = drive(options, files, verbose=verbose)
    raise typer.Exit(code)


def record(
    base_url: str | None = _URL,
    model: str | None = _MODEL,
    profile: str | None = _PROFILE,
    api_key_env: str | None = _KEY,
    suite: str = _SUITE,
    check: list[str] = _CHECK,
    concurrency: int = _CONCURRENCY,
    rate: float | None = _RATE,
    max_requests: int | None = _REQUESTS,
    max_output_tokens: int | None = _TOKENS,
    seed: int | None = _SEED,
    max_examples: int = _EXAMPLES,
    timeout: float = _TIMEOUT,
    recording: Path | None = _RECORDING,
    repeat: int = _REPEAT,
    resume: bool = _RESUME,
    dry_run: bool = _DRY,
    quiet: bool = _QUIET,
) -> None:
    """Send the suite's requests and save what comes back. Judges nothing.

    Use `conformance judge FILE` afterwards, as often as you like, offline.
    Costs requests and tokens: try --dry-run first.
    """
    from conformance.report.progress import Progress
    from conformance.session import (
        Recorder,
        over_budget,
        plan_for,
        prepare,
        require_reachable,
        selected_checks,
    )

    given = Options(
        base_url=base_url,
        model=model,
        profile=profile,
        api_key_env=api_key_env,
        suite=suite,
        check=tuple(check),
        concurrency=concurrency,
        rate=rate,
        max_requests=max_requests,
        max_output_tokens=max_output_tokens,
        seed=seed,
        max_examples=max_examples,
        timeout=timeout,
        recording=recording or Path("recording.jsonl"),
        repeat=repeat,
        resume=resume,
        quiet=quiet,
    )
    with _target(given) as options:
        if dry_run:
            print_plan(options)
            return
        from conformance.pytest_plugin.run import advancing, require_writable

        setup = prepare(options)
        plan = plan_for(setup, selected_checks(options))
        path = options.recording or Path("recording.jsonl")
        require_writable(path)
        progress = Progress(sys.stderr, quiet=quiet)
        progress.start(plan.requests)
        recorder = Recorder(setup, plan, path, on_exchange=advancing(progress))
        try:
            made = recorder.run()
        finally:
            progress.finish()
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


class Files:
    """The report files of a run."""

    def __init__(
        self, json: Path | None, junit: Path | None, html: Path | None, markdown: Path | None
    ) -> None:
        self.json, self.junit, self.html, self.markdown = json, junit, html, markdown

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
        """All of them, None for those that were not asked for."""
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


@contextmanager
def _target(given: Options) -> Iterator[Options]:
    """The options with an endpoint: the one given, the profile's, or the embedded reference server."""
    if given.base_url is not None:
        yield given
        return
    from conformance.profiles.load import load_profile

    # A profile with an address of its own, or a key, means a real endpoint.
    if given.api_key_env or (given.profile and load_profile(given.profile).endpoint.base_url):
        yield given
        return
    from conformance.refserver.serve import ReferenceServer

    profile = load_profile(given.profile or EMBEDDED_PROFILE)
    key = f"sk-embedded-{secrets.token_hex(12)}"
    model = given.model or profile.models.chat or "reference-1"
    os.environ[EMBEDDED_KEY] = key
    # The pace makes long answers last long enough to see that they are streamed.
    with ReferenceServer(profile, key=key, model=model, pace=0.005) as server:
        print(
            f"no endpoint given: testing the embedded reference server at {server.base_url}",
            file=sys.stderr,
        )
        yield replace(
            given,
            base_url=server.base_url,
            model=model,
            profile=given.profile or EMBEDDED_PROFILE,
            api_key_env=EMBEDDED_KEY,
        )


def print_plan(options: Options) -> None:
    """Say what would be sent, in order, and what it may cost."""
    from conformance.session import plan_for, prepare, selected_checks

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


def drive(options: Options, files: Files, *, verbose: bool = False) -> int:
    """Run pytest in process with our plugin, print our report, and return the exit code."""
    import pytest

    import conformance.suite
    from conformance.pytest_plugin.run import Prepared, Run

    from .show import Outputs, show

    prepared = Prepared(Run(options, None))
    suite = Path(conformance.suite.__file__).parent
    arguments = [
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
    said = io.StringIO()
    with redirect_stdout(said), _without("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        pytest.main(arguments, plugins=[prepared])
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


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Takes variables away for a while: what the user told pytest is not meant for this run."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
