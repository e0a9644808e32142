"""pytest's hooks: options, one item for each check, sending before testing, outcomes in pytest's words."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.model.errors import ConformanceError, UsageError
from conformance.pytest_plugin import options

if TYPE_CHECKING:
    from conformance.pytest_plugin.run import Prepared, Run, Verdict

KEY: pytest.StashKey[Run] = pytest.StashKey()
FAILED: pytest.StashKey[ConformanceError] = pytest.StashKey()
_SUITE = "conformance.suite.test_checks"
_ITEM = re.compile(r"\btest_checks\.py::test_check\[(.+)\]$")
_SHOWN = {"warn": ("warn", "w", "WARN"), "note": ("note", "n", "NOTE")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare our options."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register our marks; with one of our options given, load the profile and prepare the run."""
    for level in ("must", "should", "may"):
        config.addinivalue_line("markers", f"{level}: the check is a {level.upper()} rule")
    prepared = _prepared(config)
    if prepared is None and not options.given(config):
        return
    if prepared is not None:
        config.stash[KEY] = prepared.run
    else:
        _start(config)
    if config.getoption("htmlpath", None):
        from conformance.pytest_plugin.html import Columns

        config.pluginmanager.register(Columns(config.stash[KEY]), "conformance-html")


def _prepared(config: pytest.Config) -> Prepared | None:
    if "conformance.pytest_plugin.run" not in sys.modules:
        return None  # nobody can have made one
    from conformance.pytest_plugin.run import Prepared

    plugins = config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, Prepared)), None)


def _start(config: pytest.Config) -> None:
    from conformance.pytest_plugin.run import Run, require_writable

    replay = options.text(config, "replay")
    workers = getattr(config.option, "numprocesses", None)
    try:
        if replay is None and workers:
            raise UsageError(
                "a live run sends concurrently by itself and takes no -n; "
                "record first and judge the recording with --conformance-replay"
            )
        told = options.options(config)
        config.stash[KEY] = Run(told, Path(replay) if replay else None)
        files = [options.text(config, "json"), options.text(config, "markdown")]
        require_writable(*(Path(file) for file in files if file))
        if replay is None and not config.option.collectonly:
            require_writable(told.recording)
    except ConformanceError as error:
        # Not a pytest.UsageError: its exit code, 4, is a bug of ours.
        pytest.exit(options.in_pytests_words(str(error)), returncode=error.exit_code)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is tested."""
    run = config.stash.get(KEY, None)
    if run is None:
        return []
    if run.setup is None:
        return ["conformance: judging a recording, nothing is sent"]
    target = run.setup.target
    return [
        f"conformance: {target.base_url}, model {target.model}, profile {run.setup.profile.name}"
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item for each check, with its level as a mark."""
    if "verdict" not in metafunc.fixturenames or metafunc.module.__name__ != _SUITE:
        return
    run = metafunc.config.stash.get(KEY, None)
    if run is None:
        raise pytest.Collector.CollectError(
            "conformance.suite needs an endpoint: give --conformance-base-url and --conformance-model, "
            "or judge a recording with --conformance-replay"
        )
    from conformance.checks.registry import all_checks

    checks = all_checks()
    metafunc.parametrize(
        "verdict",
        [
            pytest.param(i, id=i, marks=getattr(pytest.mark, checks[i].level.value))
            for i in run.checks
        ],
        indirect=True,
    )


@pytest.fixture
def verdict(request: pytest.FixtureRequest) -> Verdict:
    """The verdict on one check; our own bug is an error of this fixture, never a failure of the endpoint."""
    from conformance.model.finding import Outcome
    from conformance.pytest_plugin.run import Verdict

    run = request.config.stash[KEY]
    finding = run.finding(request.param)
    request.node.user_properties.append(("conformance-check", finding.check))
    request.node.user_properties.append(("conformance-outcome", finding.outcome.value))
    request.node.user_properties.append(("conformance-level", finding.level.value))
    if finding.outcome is Outcome.ERROR:
        pytest.fail(f"a bug of this suite, not of the endpoint: {finding.reason}", pytrace=False)
    return Verdict(finding, strict=run.options.strict)


def pytest_collection_finish(session: pytest.Session) -> None:
    """The selection is final: what was deselected will not be sent."""
    run = session.config.stash.get(KEY, None)
    if run is not None:
        run.choose([item.callspec.params["verdict"] for item in _ours(session)])  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Under xdist only the workers collect: what they selected is what the controller reports on."""
    run = node.config.stash.get(KEY, None)
    if run is not None:
        run.choose([found[1] for found in map(_ITEM.search, ids) if found])


def _ours(session: pytest.Session) -> list[pytest.Item]:
    return [
        item
        for item in session.items
        if getattr(getattr(item, "module", None), "__name__", "") == _SUITE
        and hasattr(item, "callspec")
    ]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """Send everything before the first test, which then only judge."""
    run = session.config.stash.get(KEY, None)
    if run is not None and not session.config.option.collectonly and _ours(session):
        try:
            run.record()
        except ConformanceError as error:
            _failed(session.config, error)
            raise session.Interrupted(options.in_pytests_words(str(error))) from None
    return (yield)


def _failed(config: pytest.Config, error: ConformanceError) -> None:
    config.stash[FAILED] = error
    prepared = _prepared(config)
    if prepared is not None:
        prepared.failure = error


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Show warnings and notes as such, and what could not be judged apart from what does not apply."""
    told = (
        dict(report.user_properties).get("conformance-outcome")
        if hasattr(report, "user_properties")
        else None
    )
    if told is None:
        return None
    if report.when == "call" and report.passed:
        return _SHOWN.get(str(told))
    if report.when == "call" and report.skipped and told == "inconclusive":
        return "inconclusive", "i", "INCONCLUSIVE"
    return None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the files asked for, and leave with the exit code that both doors share."""
    config = session.config
    run = config.stash.get(KEY, None)
    failed = config.stash.get(FAILED, None)
    if failed is not None:
        session.exitstatus = failed.exit_code
        return
    if run is None or not _judged(config, run) or hasattr(config, "workerinput"):
        return
    try:
        run.write(options.text(config, "json"), options.text(config, "markdown"))
    except ConformanceError as error:
        _failed(config, error)
        session.exitstatus = error.exit_code
        return
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and _only_ours(session):
        session.exitstatus = max(int(exitstatus), run.judge().exit_code)


def _judged(config: pytest.Config, run: Run) -> bool:
    return run.recording is not None and bool(run.chosen) and not config.option.collectonly


def _only_ours(session: pytest.Session) -> bool:
    return len(_ours(session)) == len(session.items)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was sent and what was not exercised, in words."""
    run = config.stash.get(KEY, None)
    if run is None or not _judged(config, run):
        return
    from conformance.report.capability import capability_line
    from conformance.report.escaping import visible
    from conformance.report.text import cost_line
    from conformance.report.verdict import verdict_lines

    made = run.judge()
    terminalreporter.section("conformance")
    if run.interrupted:
        terminalreporter.write_line("interrupted: judged what was answered until then")
    terminalreporter.write_line(capability_line(made.capabilities))
    for line in (cost_line(made.cost), *verdict_lines(made.findings, made.exit_code)):
        terminalreporter.write_line(visible(line))
    if run.live:
        terminalreporter.write_line(f"recording: {run.options.recording}")
    if (failed := config.stash.get(FAILED, None)) is not None:
        terminalreporter.write_line(f"conformance: {visible(str(failed))}")
