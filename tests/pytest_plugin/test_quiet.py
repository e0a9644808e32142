"""Without one of its options the plugin does nothing: it is installed in other people's projects."""

from __future__ import annotations

import pytest

PROJECT = """
    import sys

    import pytest

    SLOW = ("httpx", "httpcore", "starlette", "uvicorn", "yaml", "jsonschema",
            "conformance.engine", "conformance.session", "conformance.pytest_plugin.run")

    @pytest.fixture(params=[1, 2])
    def verdict(request):
        return request.param

    @pytest.mark.parametrize("n", [1, 2])
    def test_check(verdict, n):
        assert verdict in (1, 2)

    def test_nothing_slow_is_imported():
        assert [] == [name for name in SLOW if name in sys.modules]

    def test_fails():
        assert False
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with tests of its own, and nothing of ours in the environment but a stray variable."""
    monkeypatch.setenv("CONFORMANCE_BASE_URL", "http://127.0.0.1:9/v1")
    pytester.makepyfile(PROJECT)
    return pytester


def test_no_effect_on_other_projects(project: pytest.Pytester) -> None:
    """Results, exit code and output are those of pytest alone; no file is written, nothing imported."""
    result = project.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=5, failed=1)
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.no_fnmatch_line("conformance: *")
    result.stdout.no_fnmatch_line("*= conformance =*")
    assert not (project.path / "conformance-report").exists()


def test_tests_of_both_kinds_in_one_session(project: pytest.Pytester) -> None:
    """With our options, tests of the project keep their meaning, and their fixture its name."""
    result = project.runpytest_inprocess(
        "--conformance-base-url=http://127.0.0.1:9/v1",
        "--conformance-model=m",
        "--deselect=test_tests_of_both_kinds_in_one_session.py::test_nothing_slow_is_imported",
    )
    result.assert_outcomes(passed=4, failed=1, deselected=1)
    assert pytest.ExitCode.TESTS_FAILED == result.ret


def test_options_are_explained(pytester: pytest.Pytester) -> None:
    """``pytest --help`` lists our options in a group, each with a word of help."""
    result = pytester.runpytest_inprocess("--help")
    result.stdout.fnmatch_lines(["conformance of an OpenAI-compatible endpoint:"])
    result.stdout.fnmatch_lines(["*--conformance-base-url=URL*"])
    result.stdout.fnmatch_lines(["*--conformance-replay=FILE*"])


def test_marks_are_registered(pytester: pytest.Pytester) -> None:
    """``pytest --markers`` names the three levels, so that --strict-markers knows them."""
    result = pytester.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines([f"@pytest.mark.{level}: *" for level in ("must", "should", "may")])
