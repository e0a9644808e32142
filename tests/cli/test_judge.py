"""``judge``: the second half, offline."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.doors import KEY, ROOT, Said, at, cli, outcomes, playing, read_results

CORPUS = ROOT / ".." / "shared" / "corpus"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)


def live(profile: str | None, *more: object, fault: str | None = None) -> Said:
    """A run whose recording is kept.jsonl and whose results are live.json."""
    claims = ["--profile", profile] if profile else []
    with playing(profile or "openai", fault=fault, key=KEY) as server:
        files = ["--recording", "kept.jsonl", "--json", "live.json"]
        return cli("run", *at(server, *claims, *files, *more))


class TestLikeTheLiveRun:
    """Judging a recording gives what the run gave."""

    @pytest.mark.parametrize(
        ("profile", "fault"),
        [
            pytest.param(None, None, id="base"),
            pytest.param("openai", None, id="openai"),
            pytest.param("steinkauz", None, id="a-vendor"),
            pytest.param(None, "stream-without-done", id="base-with-a-fault"),
            pytest.param("openai", "chat-id-number", id="openai-with-a-fault"),
            pytest.param("openai", "chat-refused", id="all-refused"),
        ],
    )
    def test_byte_for_byte(self, profile: str | None, fault: str | None) -> None:
        """results.json, the exit code and the report are equal, the first and the second time."""
        first = live(profile, fault=fault)
        again = [cli("judge", "kept.jsonl", "--json", f"{n}.json") for n in (1, 2)]
        assert [first.code] * 2 == [said.code for said in again]
        assert Path("live.json").read_bytes() == Path("1.json").read_bytes()
        assert Path("1.json").read_bytes() == Path("2.json").read_bytes()
        assert first.out.startswith(again[0].out), (
            "the report is the same; only the files are not named"
        )
        assert (fault is not None) == (first.code == 1)

    def test_in_two_halves(self) -> None:
        """``record`` and ``judge`` make the results that ``run`` makes of the same traffic."""
        with playing(key=KEY, fault="stream-without-done") as server:
            recorded = cli("record", *at(server, "--profile", "openai"))
        judged = cli("judge", "recording.jsonl", "--json", "1.json", "--markdown", "1.md")
        replayed = cli("judge", "recording.jsonl", "--json", "2.json", "--markdown", "2.md")
        assert (0, 1, 1) == (recorded.code, judged.code, replayed.code)
        assert ["stream.done"] == failed("1.json")
        assert Path("1.json").read_bytes() == Path("2.json").read_bytes()
        assert Path("1.md").read_bytes() == Path("2.md").read_bytes()

    def test_packed(self) -> None:
        """A recording kept as gzip gives the same."""
        live(None, "--check", "models.*")
        Path("kept.jsonl.gz").write_bytes(gzip.compress(Path("kept.jsonl").read_bytes()))
        plain, packed = (cli("judge", f"kept.jsonl{end}") for end in ("", ".gz"))
        assert (plain.code, plain.out) == (packed.code, packed.out)

    def test_some_of_the_checks(self) -> None:
        """--check judges fewer of the recorded ones."""
        live(None, fault="stream-without-done")
        said = cli("judge", "kept.jsonl", "--check", "models.*", "--json", "some.json")
        assert 0 == said.code
        judged = outcomes(read_results(Path("some.json")))
        assert {
            i: o for i, o in outcomes(read_results(Path("live.json"))).items() if i in judged
        } == judged
        assert all(i.startswith("models.") for i in judged)

    def test_checks_that_were_not_recorded(self) -> None:
        """What the recording was not made for cannot be judged from it, and that is said."""
        live(None, "--check", "models.*")
        said = cli("judge", "kept.jsonl", "--check", "stream.*")
        assert (2, "") == (said.code, said.out)
        assert "was made for none of the checks" in said.sentence


class TestByOtherClaims:
    """The same traffic under another profile."""

    def test_shipped_profile(self) -> None:
        """Recorded by the base profile, judged as OpenAI's: more is claimed and judged, as far as it was sent."""
        live(None)
        said = cli("judge", "kept.jsonl", "--profile", "openai", "--json", "other.json")
        document = read_results(Path("other.json"))
        assert (3, "openai") == (said.code, document["profile"]["name"])
        assert {0} == {document["summary"][bad] for bad in ("fail", "stale", "error")}
        unjudged = {r["reason"] for r in document["results"] if r["outcome"] == "inconclusive"}
        assert "not sent: param.model.type" in unjudged
        before = outcomes(read_results(Path("live.json")))
        assert ("skip", "pass") == (
            before["errors.stated-code"],
            outcomes(document)["errors.stated-code"],
        )

    def test_own_file(self) -> None:
        """A claim that the endpoint does not keep is broken, without a request."""
        live(None)
        Path("mine.yaml").write_text(
            'format: "1"\nname: mine\ntitle: Mine\nextends: base\n'
            "errors:\n  causes:\n    unknown_model: {status: 418}\n"
        )
        said = cli("judge", "kept.jsonl", "--profile", "mine.yaml", "--json", "other.json")
        assert (1, ["errors.unknown-model"]) == (said.code, failed("other.json"))


class TestForeignTraffic:
    """What somebody else recorded."""

    def test_har(self) -> None:
        """A HAR file is judged by what it holds, and the rest does not apply."""
        Path("traffic.har").write_text(json.dumps(har(answer_body(object="text_completion"))))
        said = cli("judge", "traffic.har", "--json", "har.json")
        assert (1, ["chat.response.object"]) == (said.code, failed("har.json"))
        assert "skip" == outcomes(read_results(Path("har.json")))["turn.own-message"]

    def test_json_lines(self) -> None:
        """JSON lines of exchanges are judged, plain and packed, with the same result."""
        line = json.dumps(exchange_line(answer_body(object="text_completion"))) + "\n"
        Path("traffic.jsonl").write_text(line)
        Path("traffic.jsonl.gz").write_bytes(gzip.compress(line.encode()))
        plain = cli("judge", "traffic.jsonl", "--json", "1.json")
        packed = cli("judge", "traffic.jsonl.gz", "--json", "2.json")
        assert (1, 1) == (plain.code, packed.code)
        assert ["chat.response.object"] == failed("1.json") == failed("2.json")

    @pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not there")
    def test_recorded_openai(self) -> None:
        """OpenAI's own recorded traffic breaks no MUST rule."""
        said = cli("judge", CORPUS / "openai.jsonl.gz", "--profile", "openai", "--json", "o.json")
        assert (0, []) == (said.code, failed("o.json"))


class TestDamaged:
    """Recordings that broke off are judged as far as they go."""

    def test_within_an_exchange(self) -> None:
        """What came before the cut is judged; what is missing is inconclusive, and that is no pass."""
        live("openai", "--check", "chat.response.*", "--check", "models.*")
        lines = Path("kept.jsonl").read_bytes().splitlines(keepends=True)
        Path("cut.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:200])
        said = cli("judge", "cut.jsonl", "--json", "cut.json")
        assert "conformance: cut.jsonl ends early: 3 exchanges, no footer" == said.sentence
        assert (3, []) == (said.code, failed("cut.json"))

    def test_within_the_footer(self) -> None:
        """Where only the footer is cut, nothing is missing."""
        live("openai", "--check", "models.*")
        Path("cut.jsonl").write_bytes(Path("kept.jsonl").read_bytes()[:-20])
        said = cli("judge", "cut.jsonl", "--json", "cut.json")
        assert "no footer" in said.sentence
        assert 0 == said.code
        assert Path("live.json").read_bytes() == Path("cut.json").read_bytes()


def failed(results: str) -> list[str]:
    """The checks that failed."""
    return [i for i, o in outcomes(read_results(Path(results))).items() if o == "fail"]


def answer_body(**changes: object) -> dict[str, object]:
    """A right answer, changed."""
    message = {"role": "assistant", "content": "OK.", "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    made: dict[str, object] = {"id": "chatcmpl-1", "object": "chat.completion"}
    made |= {"created": 1_780_000_000, "model": "tiny-1", "choices": [choice], "usage": usage}
    return made | changes


REQUEST = {"model": "tiny-1", "messages": [{"role": "user", "content": "Say OK."}]}


def har(body: dict[str, object]) -> dict[str, object]:
    """A HAR file with one exchange."""
    json_type = [{"name": "Content-Type", "value": "application/json"}]
    request = {
        "method": "POST",
        "url": "https://api.example.com/v1/chat/completions",
        "headers": json_type,
        "postData": {"mimeType": "application/json", "text": json.dumps(REQUEST)},
    }
    content = {"mimeType": "application/json", "text": json.dumps(body)}
    response = {"status": 200, "headers": json_type, "content": content}
    entry = {"startedDateTime": "2026-11-20T12:00:00Z", "time": 12.5}
    return {
        "log": {"version": "1.2", "entries": [entry | {"request": request, "response": response}]}
    }


def exchange_line(body: dict[str, object]) -> dict[str, object]:
    """A line of the form that ../shared/corpus has."""
    headers = [["content-type", "application/json"]]
    where = {"host": "api.example.com", "path": "/v1/chat/completions"}
    return {
        "id": "one",
        "operation": "chat",
        "endpoint": "chat",
        "request": {"method": "POST", **where, "headers": headers, "body": REQUEST},
        "response": {"status": 200, "headers": headers, "body_text": json.dumps(body)},
    }
