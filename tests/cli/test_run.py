"""``run`` and ``record`` as a user types them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from conformance.checks.registry import all_checks
from conformance.model.json import JSON
from conformance.recording.jsonl import End, read
from conformance.spec.data import data_dir
from tests.doors import (
    KEY,
    MODEL,
    Said,
    at,
    cli,
    outcomes,
    playing,
    read_results,
    with_broken_check,
)
from tests.engine.servers import Server, always, answer, serving

SCHEMA = data_dir("schemas") / "results.schema.json"
FILES = ("recording.jsonl", "results.json", "junit.xml", "report.html", "summary.md")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    """What a newcomer sees who types ``conformance run``, and where."""
    with pytest.MonkeyPatch.context() as patch:
        where = tmp_path_factory.mktemp("first")
        patch.chdir(where)
        return cli("run"), where / "conformance-report"


@pytest.fixture
def counting() -> Iterator[Server]:
    """A server that counts what is asked of it, and knows no answer."""
    with serving(always(answer(b"{}", "Content-Type: application/json"))) as server:
        yield server


class TestWithoutAnEndpoint:
    """The first command of a newcomer."""

    def test_says_in_words_that_the_embedded_server_conforms(
        self, first_run: tuple[Said, Path]
    ) -> None:
        """Exit code 0, a verdict in a sentence, and on stderr what was tested."""
        said, _ = first_run
        assert 0 == said.code
        assert re.search(r"^Conforms as far as it was judged: \d+ of \d+ MUST", said.out, re.M)
        assert "no endpoint given: testing the embedded reference server at http" in said.err

    def test_writes_five_files_and_names_them(self, first_run: tuple[Said, Path]) -> None:
        """The recording and four reports lie in conformance-report/."""
        said, where = first_run
        assert sorted(FILES) == sorted(path.name for path in where.iterdir())
        assert all(f"conformance-report/{name}" in said.out for name in FILES)

    def test_results_follow_their_schema(self, first_run: tuple[Said, Path]) -> None:
        """results.json is valid, complete and sorted by check id."""
        document = read_results(first_run[1] / "results.json")
        schema: JSON = read_results(SCHEMA)
        assert [] == list(jsonschema.Draft202012Validator(schema).iter_errors(document))
        assert sorted(all_checks()) == [result["id"] for result in document["results"]]

    def test_junit_has_one_case_for_each_check(self, first_run: tuple[Said, Path]) -> None:
        """Each testcase is named after its check and carries level and outcome."""
        root = ElementTree.parse(first_run[1] / "junit.xml").getroot()  # noqa: S314 - pytest's own
        cases = {case.get("name"): case for case in root.iter("testcase")}
        assert {f"test_check[{i}]" for i in all_checks()} == set(cases)
        said = {
            str(name): {p.get("name"): p.get("value") for p in case.iter("property")}
            for name, case in cases.items()
        }
        assert {
            f"test_check[{i}]": {
                "conformance-check": i,
                "conformance-level": check.level.value,
                "conformance-outcome": outcomes(read_results(first_run[1] / "results.json"))[i],
            }
            for i, check in all_checks().items()
        } == said

    def test_html_has_our_columns_and_needs_nobody_else(self, first_run: tuple[Said, Path]) -> None:
        """The report shows verdict, level, clause and evidence, and loads nothing from elsewhere."""
        html = (first_run[1] / "report.html").read_text()
        heads = re.findall(r"<th[^>]*>([^<]*)</th>", html.replace("&lt;", "<").replace("&gt;", ">"))
        assert {"Verdict", "Level", "Clause", "Evidence"} <= {head.strip() for head in heads}
        loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']([^\"']+)", html)
        assert [] == [url for url in loaded if not url.startswith("data:")]
        assert "Conformance of http://127.0.0.1" in html

    def test_markdown_is_a_step_summary(self, first_run: tuple[Said, Path]) -> None:
        """The summary has a heading, the verdict and a table."""
        summary = (first_run[1] / "summary.md").read_text()
        assert summary.startswith("## Conformance of ")
        assert "Conforms as far as it was judged" in summary
        assert "| pass |" in summary


class TestSelection:
    """What is sent and judged is what was asked for."""

    def test_check_globs(self) -> None:
        """Only the checks that match are judged, and only what they need is sent."""
        with playing() as server:
            said = cli("run", *at(server), "--check", "models.*", "--check", "stream.done*")
        assert 0 == said.code
        judged = outcomes(read_results(Path("conformance-report/results.json")))
        assert {i for i in all_checks() if i.startswith(("models.", "stream.done"))} == set(judged)
        sent = {x.id for x in read(Path("conformance-report/recording.jsonl")).exchanges}
        assert "chat.stream.basic" in sent
        assert not {i for i in sent if i.startswith(("errors.", "auth.", "turn."))}

    def test_smoke_suite_is_small(self) -> None:
        """The smoke suite sends at most 12 requests."""
        with playing() as server:
            said = cli("run", *at(server), "--suite", "smoke", "-q")
        assert 0 == said.code
        cost = read_results(Path("conformance-report/results.json"))["cost"]
        assert 1 <= cost["requests"] <= 12

    def test_budget_of_requests(self) -> None:
        """With three requests allowed, three are sent, and the exit code says it was not enough."""
        with playing() as server:
            said = cli("run", *at(server), "--max-requests", "3")
        assert 3 == said.code
        assert "budget: --max-requests 3" in said.out
        assert 3 == len(read(Path("conformance-report/recording.jsonl")).exchanges)

    def test_budget_of_tokens(self) -> None:
        """No more output tokens are asked for than allowed; what is free is still sent."""
        with playing() as server:
            said = cli("run", *at(server), "--max-output-tokens", "20")
        assert 3 == said.code
        assert "budget: --max-output-tokens 20" in said.out
        plan = read_results(Path("conformance-report/results.json"))["plan"]
        assert 16 <= plan["max_output_tokens"] <= 20

    def test_variables_stand_for_options(self) -> None:
        """CONFORMANCE_* variables do what the options of their names do."""
        with playing(key=KEY) as server:
            variables = {
                "CONFORMANCE_BASE_URL": server.base_url,
                "CONFORMANCE_MODEL": MODEL,
                "CONFORMANCE_API_KEY_ENV": "CANARY_KEY",
                "CONFORMANCE_PROFILE": "openai",
                "CONFORMANCE_CHECK": "models.list auth.*",
                "CONFORMANCE_JSON": "out.json",
                "CONFORMANCE_RECORDING": "kept.jsonl",
            }
            said = cli("run", env=variables)
        assert 0 == said.code, said.err
        document = read_results(Path("out.json"))
        assert server.base_url == document["target"]["base_url"]
        assert "openai" == document["profile"]["name"]
        assert {"models.list", *(i for i in all_checks() if i.startswith("auth."))} == set(
            outcomes(document)
        )
        assert [Path("kept.jsonl"), Path("out.json")] == sorted(Path().iterdir())

    def test_what_the_user_told_pytest_has_no_part_in_it(self) -> None:
        """PYTEST_ADDOPTS and a pytest configuration nearby do not change a run."""
        Path("pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
        with playing() as server:
            said = cli(
                "run",
                *at(server, "--check", "models.*", "-q"),
                env={"PYTEST_ADDOPTS": "-k nothing --no-such-option", "PYTEST_PLUGINS": "no.such"},
            )
        assert 0 == said.code
        judged = outcomes(read_results(Path("conformance-report/results.json")))
        assert {i for i in all_checks() if i.startswith("models.")} == set(judged)


class TestStrict:
    """A broken SHOULD rule fails only who asks for it."""

    @pytest.mark.parametrize(
        ("more", "code", "verdict"),
        [
            pytest.param([], 0, "Conforms as far as it was judged", id="tolerant"),
            pytest.param(["--strict"], 1, "Does not conform when strict", id="strict"),
        ],
    )
    def test_should_rule(self, more: list[str], code: int, verdict: str) -> None:
        """The warning is shown either way; the exit code is 1 with --strict."""
        with playing(fault="chunk-role-late") as server:
            said = cli("run", *at(server, "--check", "chunk.role-*", *more))
        assert code == said.code
        assert verdict in said.out
        assert "WARN  chunk.role-first (SHOULD)" in said.out

    def test_quiet_prints_the_verdict_alone(self) -> None:
        """With -q there is one line on stdout and none on stderr."""
        with playing(fault="stream-without-done") as server:
            said = cli("run", *at(server, "--check", "stream.done", "-q"))
        assert (1, 1, "") == (said.code, len(said.out.splitlines()), said.err)
        assert said.out.startswith("Does not conform")


class TestDryRun:
    """The plan, before anything is spent."""

    @pytest.mark.parametrize("name", ["run", "record"])
    def test_sends_nothing_and_tells_the_worst_case(self, counting: Server, name: str) -> None:
        """Each request and the most tokens are printed; nobody is contacted, nothing is written."""
        said = cli(name, "--base-url", counting.origin + "/v1", "--model", "m", "--dry-run")
        assert (0, []) == (said.code, counting.requests)
        assert [] == list(Path().iterdir())
        assert re.search(
            r"^  chat\.basic +POST /v1/chat/completions +at most 16 tokens$", said.out, re.M
        )
        assert re.search(
            r"^  errors\.wrong-method +DELETE /v1/chat/completions +no tokens$", said.out, re.M
        )
        planned = [int(n) for n in re.findall(r"at most (\d+) tokens", said.out)]
        assert f"at most {sum(planned):,} output tokens" in said.out
        assert f"{len(re.findall('^  [a-z]', said.out, re.M))} requests" in said.out
        assert re.search(r"^  \d+ probes +left out: only the full suite sends it$", said.out, re.M)
        assert said.out.endswith("nothing was sent\n")

    def test_tells_what_the_budget_leaves_out(self, counting: Server) -> None:
        """What would not be sent is listed with the reason."""
        base = ["--base-url", counting.origin, "--model", "m"]
        said = cli("run", *base, "--dry-run", "--max-requests", "2")
        assert "left out: budget: --max-requests 2" in said.out
        assert ", 2 requests," in said.out


class TestRecord:
    """The first half alone."""

    def test_writes_a_recording_and_judges_nothing(self) -> None:
        """A broken server is recorded with exit code 0; the sentence says what to do next."""
        with playing(fault="stream-without-done") as server:
            said = cli("record", *at(server, "--recording", "kept.jsonl", "--check", "stream.*"))
        assert 0 == said.code
        made = read(Path("kept.jsonl"))
        assert made.footer is not None
        assert (End.COMPLETE, len(made.exchanges)) == (made.footer.end, made.footer.exchanges)
        assert f"kept.jsonl: {len(made.exchanges)} exchanges, complete" in said.out
        assert "conformance judge kept.jsonl" in said.out
        assert [Path("kept.jsonl")] == list(Path().iterdir())

    def test_budget_that_leaves_requests_out(self) -> None:
        """Exit code 3, as ``run`` has it, and the sentence names what was not sent."""
        with playing() as server:
            said = cli("record", *at(server), "--check", "models.*", "--max-requests", "1")
        assert 3 == said.code
        assert "recording.jsonl: 1 exchanges, budget (" in said.out
        assert "of its requests left out: models.retrieve" in said.out

    def test_each_request_is_sent_once(self, counting: Server) -> None:
        """The server saw as many requests as the recording says were sent."""
        cli("record", "--base-url", counting.origin, "--model", "m", "--check", "models.*")
        made = read(Path("recording.jsonl")).exchanges
        assert len(counting.requests) == len([x for x in made if x.not_sent is None]) > 0


class TestOwnBug:
    """A mistake of ours never looks like a verdict."""

    def test_in_a_check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A check that crashes is an error of its own, exit code 4, and the others are judged."""
        with_broken_check(monkeypatch, "models.list-shape")
        with playing() as server:
            said = cli("run", *at(server, "--check", "models.list*"))
        assert 4 == said.code
        assert "The suite itself failed" in said.out
        assert "KeyError: 'oops'" in said.out
        assert ["error", "pass"] == sorted(
            outcomes(read_results(Path("conformance-report/results.json"))).values()
        )

    def test_anywhere_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A crash outside of the checks ends with exit code 4 and says whose mistake it is."""
        monkeypatch.setattr("conformance.session.planning.make_plan", _crash)
        with playing() as server:
            said = cli("run", *at(server))
        assert (4, "conformance: this is a bug of the suite; please report it") == (
            said.code,
            said.sentence,
        )


def _crash(*_: object, **__: object) -> None:
    raise KeyError("oops")
