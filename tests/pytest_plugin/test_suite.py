"""``pytest --pyargs conformance.suite``: one item for each check, and pytest's own selection."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.checks.registry import all_checks
from conformance.model.finding import Level
from conformance.recording.jsonl import read
from tests.doors import (
    KEY,
    KEY_NAME,
    MODEL,
    Said,
    at,
    cli,
    outcomes,
    playing,
    process,
    read_results,
    session,
)
from tests.engine.servers import Server, always, answer, serving

RECORDING = Path("conformance-report/recording.jsonl")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def counting() -> Iterator[Server]:
    """A server that counts what is asked of it, and knows no answer."""
    with serving(always(answer(b"{}", "Content-Type: application/json"))) as server:
        yield server


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a server with one fault."""
    file = tmp_path_factory.mktemp("kept") / "kept.jsonl"
    with playing("openai", fault="stream-without-done", key=KEY) as server:
        cli("record", *at(server, "--profile", "openai", "--recording", file))
    return file


def suite(*arguments: object, **env: str) -> Said:
    """A session with the suite named as users name it."""
    return session("--pyargs", "conformance.suite", *arguments, env=env)


def live(url: str, *more: object) -> Said:
    """A session that tests an endpoint."""
    return suite(f"--conformance-base-url={url}", f"--conformance-model={MODEL}", *more)


def replay(kept: Path, *more: object) -> Said:
    """A session that judges a recording."""
    return suite(f"--conformance-replay={kept}", *more)


def items(said: Said) -> list[str]:
    """The checks in the output of ``--collect-only -q``."""
    return re.findall(r"test_checks\.py::test_check\[(.+)\]$", said.out, re.M)


class TestWholeRun:
    """A session as a CI job has it."""

    def test_is_what_run_is(self) -> None:
        """Exit code, outcomes and reports are those of ``conformance run``."""
        with playing("openai", fault="stream-without-done", key=KEY) as server:
            ran = cli("run", *at(server, "--profile", "openai", "--json", "run.json"))
            said = live(
                server.base_url,
                f"--conformance-api-key-env={KEY_NAME}",
                "--conformance-profile=openai",
                "--junitxml=junit.xml",
                "--html=report.html",
                "--self-contained-html",
                "--conformance-json=results.json",
                "--conformance-markdown=summary.md",
            )
        assert (1, 1) == (ran.code, said.code)
        found = outcomes(read_results(Path("results.json")))
        assert outcomes(read_results(Path("run.json"))) == found
        cases = list(ElementTree.parse("junit.xml").getroot().iter("testcase"))  # noqa: S314
        assert sorted(f"test_check[{i}]" for i in found) == sorted(c.get("name") for c in cases)
        assert ["test_check[stream.done]"] == [
            c.get("name") for c in cases if c.find("failure") is not None
        ]
        page = Path("report.html").read_text()
        assert all(head in page for head in ("Verdict", "Level", "Clause", "Evidence"))
        assert "stream.done" in Path("summary.md").read_text()
        assert KEY not in said.out + said.err + page + RECORDING.read_text()

    def test_says_what_is_tested_and_what_came_of_it(self, kept: Path) -> None:
        """The failure is told like a finding, and the end sums up in words."""
        said = replay(kept)
        assert 1 == said.code
        assert "conformance: judging a recording, nothing is sent" in said.out
        assert "A completed stream ends with `data: [DONE]`." in said.out
        assert re.search(r"^ *expected +data: \[DONE\]$", said.out, re.M)
        assert "curl -sS" in said.out
        assert re.search(r"^Does not conform: .* 1 is broken \(stream\.done\)", said.out, re.M)
        assert "FAILED" in said.out
        assert "Traceback" not in said.out

    def test_not_all_was_sent(self) -> None:
        """Over the budget: exit code 3, as from ``conformance run``."""
        with playing() as server:
            said = live(server.base_url, "--conformance-max-requests=2")
        assert 3 == said.code
        assert "Exit code 3" in said.out


class TestItems:
    """Ids, marks and selection."""

    def test_one_for_each_check(self, counting: Server) -> None:
        """--collect-only lists every check once, by its id, and sends nothing."""
        said = live(counting.origin, "--collect-only", "-q")
        assert (0, list(all_checks())) == (said.code, items(said))
        assert ([], False) == (counting.requests, RECORDING.exists())

    @pytest.mark.parametrize("level", list(Level))
    def test_levels_are_marks(self, counting: Server, level: Level) -> None:
        """-m must, -m should and -m may select by level."""
        said = live(counting.origin, "--collect-only", "-q", "-m", level.value, "--strict-markers")
        assert [i for i, c in all_checks().items() if c.level is level] == items(said)

    @pytest.mark.parametrize(
        "selection",
        [
            pytest.param(["-k", "models.list or retrieve"], id="-k"),
            pytest.param(["--conformance-check=models.*"], id="check"),
        ],
    )
    def test_what_is_deselected_is_not_sent(self, selection: list[str]) -> None:
        """Only the requests that the selected checks need are made."""
        with playing() as server:
            said = live(server.base_url, *selection)
        assert 0 == said.code, said.out
        sent = {x.id for x in read(RECORDING).exchanges}
        assert {"models.list", "models.retrieve", "models.retrieve.unknown"} <= sent
        assert not {i for i in sent if i.startswith(("chat.stream", "errors.", "auth.", "tools."))}

    def test_node_id(self) -> None:
        """One check by its id: one request."""
        node = "conformance.suite.test_checks::test_check[models.list]"
        with playing() as server:
            where = [f"--conformance-base-url={server.base_url}", f"--conformance-model={MODEL}"]
            said = session("--pyargs", node, *where)
        assert 0 == said.code
        assert "1 passed" in said.out
        assert ["models.list"] == [x.id for x in read(RECORDING).exchanges]

    def test_nothing_selected(self, counting: Server) -> None:
        """Where -k matches nothing, nothing is sent; pytest's exit code says so."""
        said = live(counting.origin, "-k", "no_such_check")
        assert (5, []) == (said.code, counting.requests)

    def test_first_failure_only(self, kept: Path) -> None:
        """-x stops at the first failure."""
        said = replay(kept, "-x", "-m", "must", "-v")
        assert 1 == said.code
        ran = re.findall(r"test_check\[(.+)\] (?:PASSED|FAILED|SKIPPED|INCONCLUSIVE)", said.out)
        assert "stream.done" == ran[-1]
        assert [i for i in all_checks() if i > "stream.done" and i in ran] == []

    def test_last_failed(self, kept: Path) -> None:
        """--lf judges again what failed, and nothing else."""
        replay(kept)
        said = replay(kept, "--lf")
        assert 1 == said.code
        assert re.search(r"1 failed, \d+ deselected", said.out)

    def test_importlib_mode(self, kept: Path) -> None:
        """The suite is found with the import mode that new projects use, too."""
        said = replay(kept, "--import-mode=importlib", "--conformance-check=models.*", "-q")
        assert (0, True) == (said.code, "passed" in said.out)


class TestReplay:
    """Judging a recording under pytest."""

    def test_selection_makes_the_results(self, kept: Path) -> None:
        """results.json holds what was selected."""
        said = replay(kept, "-k", "stream.done", "--conformance-json=r.json", "-q")
        assert 1 == said.code
        assert [i for i in all_checks() if "stream.done" in i] == list(
            outcomes(read_results(Path("r.json")))
        )

    def test_other_profile(self, kept: Path) -> None:
        """--conformance-profile judges by other claims than the recorded ones."""
        said = replay(kept, "--conformance-profile=base", "--conformance-json=r.json", "-q")
        assert (1, "base") == (said.code, read_results(Path("r.json"))["profile"]["name"])

    def test_in_several_processes(self, kept: Path) -> None:
        """With -n, the selection, the outcomes, the exit code and results.json are the same."""
        pytest.importorskip("xdist", reason="pytest-xdist is not installed")
        some = ["-k", "models or stream.done", "-q"]
        alone = replay(kept, *some, "--conformance-json=1.json")
        together = replay(kept, *some, "--conformance-json=2.json", "-n", "2")
        assert (1, 1) == (alone.code, together.code)
        assert Path("1.json").read_bytes() == Path("2.json").read_bytes()
        last = [
            re.sub(r", \d+ deselected| in .*", "", s.out.splitlines()[-1])
            for s in (alone, together)
        ]
        assert last[0] == last[1]


class TestMistakes:
    """One sentence and the exit code of ``conformance run``."""

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            pytest.param(["--conformance-model=m"], "--conformance-base-url", id="no-endpoint"),
            pytest.param(
                ["--conformance-base-url=http://127.0.0.1:9/v1"],
                "no model: .*--conformance-model",
                id="no-model",
            ),
            pytest.param(["--conformance-base-url=nonsense"], "must begin with http", id="bad-url"),
            pytest.param(
                ["--conformance-replay=nope.jsonl"], "there is no such file", id="no-file"
            ),
            pytest.param(
                ["--conformance-base-url=http://127.0.0.1:9", "--conformance-rate=fast"],
                "--conformance-rate takes a number, not 'fast'",
                id="not-a-number",
            ),
            pytest.param(
                ["--conformance-base-url=http://127.0.0.1:9", "--conformance-concurrency=0"],
                "--conformance-concurrency is at least 1",
                id="zero",
            ),
            pytest.param(
                [
                    "--conformance-base-url=http://127.0.0.1:9/v1",
                    "--conformance-model=m",
                    "-n",
                    "2",
                ],
                "takes no -n",
                id="live-in-several-processes",
            ),
            pytest.param(
                [
                    "--conformance-base-url=http://127.0.0.1:9/v1",
                    "--conformance-model=m",
                    "--conformance-json=directory",
                ],
                "cannot write directory",
                id="unwritable",
            ),
            pytest.param([], "needs an endpoint: give --conformance-base-url", id="no-option"),
        ],
    )
    def test_usage(self, arguments: list[str], says: str) -> None:
        """Exit code 2, and no frames of ours."""
        Path("directory").mkdir()
        said = suite(*arguments)
        assert 2 == said.code, said
        assert re.search(says, said.out + said.err)
        assert "plugin.py" not in said.out + said.err
        assert "INTERNALERROR" not in said.out + said.err

    def test_unreachable(self) -> None:
        """Exit code 3, and no test is run."""
        where = ["--conformance-base-url=http://127.0.0.1:9/v1", "--conformance-model=m"]
        said = process("--pyargs", "conformance.suite", *where, module="pytest")
        assert 3 == said.code
        assert "http://127.0.0.1:9/v1 cannot be reached: nothing listens" in said.out
        assert "passed" not in said.out

    def test_variables(self) -> None:
        """CONFORMANCE_* variables stand for options that are not given."""
        with playing("openai", key=KEY) as server:
            said = suite(
                f"--conformance-base-url={server.base_url}",
                "--conformance-json=r.json",
                CONFORMANCE_MODEL=MODEL,
                CONFORMANCE_API_KEY_ENV=KEY_NAME,
                CONFORMANCE_CHECK="models.* auth.no-key",
                CONFORMANCE_STRICT="1",
            )
        assert 0 == said.code, said.out
        judged = outcomes(read_results(Path("r.json")))
        assert {"auth.no-key", *(i for i in all_checks() if i.startswith("models."))} == set(judged)
