"""Traffic recorded elsewhere becomes exchanges that say what they do not preserve."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from conformance.model.errors import RecordingError
from conformance.model.exchange import Ended, Kept
from conformance.model.request import Credentials, Operation
from conformance.recording.imported import operation_of
from conformance.recording.jsonl import Header, Reader, Writer
from conformance.recording.traffic import Lines, load_any, load_traffic

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus"
FILES = sorted(CORPUS.rglob("*.jsonl.gz"))
KEY = "sk-live-0123456789"


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/chat/completions", Operation.CHAT),
        ("POST", "/openai/deployments/x/chat/completions?api-version=1", Operation.CHAT),
        ("DELETE", "/v1/chat/completions", Operation.CHAT),
        ("POST", "/models/org/name/v1/chat/completions/", Operation.CHAT),
        ("GET", "/v1/models", Operation.MODELS),
        ("GET", "/v1/models/", Operation.MODELS),
        ("GET", "/v1/models?limit=3", Operation.MODELS),
        ("GET", "/v1/models/gpt-4o", Operation.MODEL),
        ("GET", "/v1/models/org/name", Operation.MODEL),
        ("POST", "/v1beta/models/gemini:generateContent", Operation.OTHER),
        ("POST", "/v1/responses", Operation.OTHER),
        ("GET", "/", Operation.OTHER),
    ],
)
def test_the_operation_is_told_by_the_path(method: str, path: str, operation: Operation) -> None:
    """Wherever an endpoint puts its API."""
    assert operation is operation_of(method, path)


@pytest.mark.skipif(not FILES, reason="the collection of recorded exchanges is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_the_whole_collection_loads(path: Path) -> None:
    """Every line becomes one exchange, with its own id."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        ids = [json.loads(line)["id"] for line in file]

    traffic = load_any(path)

    assert isinstance(traffic, Lines)
    assert ids == [x.id for x in traffic.exchanges]
    assert () == traffic.notes
    assert {None} == {x.probe for x in traffic.exchanges}


def a_line(**changes: Any) -> dict[str, Any]:
    """One exchange in the form of JSON lines."""
    line: dict[str, Any] = {
        "id": "owner/repository:file#0",
        "recorded": "2026-05-01",
        "fidelity": "bytes",
        "request": {
            "method": "POST",
            "path": "/v1/chat/completions?api-key=s3cret&x=1",
            "headers": [["Authorization", f"Bearer {KEY}"], ["X", "y"]],
            "body": {"model": "m", "messages": []},
        },
        "response": {
            "status": 200,
            "headers": [["Content-Type", "application/json"]],
            "body_text": '{"ok": "ü"}',
            "complete": True,
        },
    }
    response = changes.pop("response", {})
    return {**line, **changes, "response": {**line["response"], **response}}


def lines_file(tmp_path: Path, *lines: dict[str, Any]) -> Path:
    """A file of such lines."""
    path = tmp_path / "traffic.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_a_line_becomes_an_exchange(tmp_path: Path) -> None:
    """With what was kept, and without what is secret."""
    (x,), notes = load_traffic(lines_file(tmp_path, a_line()))

    assert () == notes
    assert "owner/repository:file#0" == x.id
    assert (Operation.CHAT, Credentials.UNKNOWN) == (x.request.operation, x.request.credentials)
    assert "/v1/chat/completions?api-key=REDACTED&x=1" == x.request.path
    assert (("X", "y"),) == x.request.headers
    assert {"model": "m", "messages": []} == json.loads(x.request.body or b"")
    assert x.last is not None
    assert (200, '{"ok": "ü"}'.encode(), Ended.COMPLETE) == (
        x.last.status,
        x.last.body,
        x.last.ended,
    )
    assert Kept(arrival=False, date="2026-05-01") == x.kept


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param({}, (True, True, True), id="bytes"),
        pytest.param({"fidelity": "json"}, (False, True, True), id="json"),
        pytest.param({"fidelity": "scrubbed"}, (False, False, False), id="scrubbed"),
        pytest.param({"response": {"headers_removed": True}}, (True, True, False), id="no headers"),
        pytest.param({"response": {"placeholders": ["X"]}}, (False, True, True), id="placeholders"),
    ],
)
def test_what_a_line_preserves(
    tmp_path: Path, changes: dict[str, Any], kept: tuple[bool, bool, bool]
) -> None:
    """Checks judge nothing that the recorder dropped."""
    (x,), _ = load_traffic(lines_file(tmp_path, a_line(**changes)))

    assert kept == (x.kept.bytes, x.kept.values, x.kept.headers)
    assert x.kept.arrival is False


def test_a_recording_that_breaks_off_is_not_blamed_on_the_server(tmp_path: Path) -> None:
    """It ended because somebody stopped recording."""
    (x,), _ = load_traffic(lines_file(tmp_path, a_line(response={"complete": False})))

    assert x.last is not None
    assert (Ended.INTERRUPTED, "the recording breaks off") == (x.last.ended, x.last.detail)


@pytest.mark.parametrize(
    ("body", "expected"),
    [(None, None), ("{broken", b"{broken"), ([1], b"[1]"), ("", b"")],
    ids=["none", "text", "value", "empty"],
)
def test_request_bodies(tmp_path: Path, body: object, expected: bytes | None) -> None:
    """A JSON value is written again, text is taken as it is."""
    line = a_line()
    line["request"]["body"] = body

    assert expected == load_traffic(lines_file(tmp_path, line)).exchanges[0].request.body


def test_bodies_in_base64(tmp_path: Path) -> None:
    """Bytes that are no text come as they are."""
    response = {"body_text": None, "body_b64": base64.b64encode(b"\xff\x00").decode()}
    (x,), _ = load_traffic(lines_file(tmp_path, a_line(response=response)))

    assert x.last is not None
    assert b"\xff\x00" == x.last.body


def test_a_stated_endpoint_tells_where_the_path_does_not(tmp_path: Path) -> None:
    """Chat completions at a path of the vendor's own."""
    line = a_line(endpoint="chat")
    line["request"]["path"] = "/openai"

    assert Operation.CHAT is load_traffic(lines_file(tmp_path, line)).exchanges[0].request.operation


def test_ids_that_are_taken_get_a_number(tmp_path: Path) -> None:
    """Files that were put together still load."""
    traffic = load_traffic(lines_file(tmp_path, a_line(), a_line(), a_line(id="other")))

    assert ["owner/repository:file#0", "owner/repository:file#0~2", "other"] == [
        x.id for x in traffic.exchanges
    ]


def test_a_cut_last_line_is_told(tmp_path: Path) -> None:
    """The whole ones are kept."""
    path = lines_file(tmp_path, a_line(), a_line(id="b"))
    path.write_bytes(path.read_bytes()[:-20])

    traffic = load_traffic(path)

    assert 1 == len(traffic.exchanges)
    assert ("traffic.jsonl ends early: 1 exchange, then a cut line",) == traffic.notes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param({"id": "x"}, "traffic.jsonl:2: a line must hold an exchange", id="no request"),
        pytest.param(
            a_line(fidelity="good"),
            "traffic.jsonl:2: 'fidelity' must be one of bytes, json, scrubbed, not \"good\"",
            id="fidelity",
        ),
        pytest.param(
            a_line(response={"status": "200"}),
            "traffic.jsonl:2: 'response': 'status' must be a whole number, not \"200\"",
            id="status",
        ),
        pytest.param(
            a_line(response={"body_text": None, "body_b64": "!"}), "'body_b64' is not", id="base64"
        ),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: dict[str, Any], message: str) -> None:
    """With file and line."""
    with pytest.raises(RecordingError) as caught:
        load_traffic(lines_file(tmp_path, a_line(), line))

    assert message in str(caught.value)


def an_entry(**changes: Any) -> dict[str, Any]:
    """One entry of a HAR file."""
    body = '{"ok": "ü"}'
    entry: dict[str, Any] = {
        "startedDateTime": "2026-05-01T23:30:00.000-02:00",
        "time": 1500,
        "request": {
            "method": "POST",
            "url": "https://api.example/v1/chat/completions?key=s3cret-s3cret",
            "headers": [
                {"name": ":authority", "value": "api.example"},
                {"name": "Authorization", "value": f"Bearer {KEY}"},
                {"name": "content-type", "value": "application/json"},
            ],
            "postData": {"mimeType": "application/json", "text": '{"model": "m"}'},
        },
        "response": {
            "status": 200,
            "httpVersion": "h2",
            "headers": [
                {"name": "content-encoding", "value": "gzip"},
                {"name": "set-cookie", "value": "session=1"},
            ],
            "content": {"size": len(body.encode()), "mimeType": "application/json", "text": body},
        },
    }
    request, response = changes.pop("request", {}), changes.pop("response", {})
    return {
        **entry,
        **changes,
        "request": {**entry["request"], **request},
        "response": {**entry["response"], **response},
    }


def har_file(tmp_path: Path, *entries: dict[str, Any], indent: int | None = None) -> Path:
    """A HAR file with these entries."""
    path = tmp_path / "browser.har"
    document = {"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}
    path.write_text(json.dumps(document, indent=indent), "utf-8")
    return path


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
def test_a_har_entry_becomes_an_exchange(tmp_path: Path, indent: int | None) -> None:
    """Headers are kept in full, the body is known to be decoded, no secret remains."""
    (x,), notes = load_traffic(har_file(tmp_path, an_entry(), indent=indent))

    assert () == notes
    assert "browser.har#0" == x.id
    assert "/v1/chat/completions?key=REDACTED" == x.request.path
    assert (("content-type", "application/json"),) == x.request.headers
    assert b'{"model": "m"}' == x.request.body
    assert x.last is not None
    assert (("content-encoding", "gzip"), ("set-cookie", "REDACTED")) == x.last.headers
    assert '{"ok": "ü"}'.encode() == x.last.body
    assert ("h2", 1.5) == (x.last.http_version, x.last.seconds)
    assert Kept(arrival=False, date="2026-05-02") == x.kept


@pytest.mark.parametrize(
    ("content", "body", "exact"),
    [
        pytest.param({"size": 2, "text": "ok"}, b"ok", True, id="text of the size"),
        pytest.param({"size": 3, "text": "ok"}, b"ok", False, id="text of another size"),
        pytest.param({"text": "ok"}, b"ok", False, id="size unknown"),
        pytest.param({"size": 3, "text": "\ufffd"}, b"\xef\xbf\xbd", False, id="replaced"),
        pytest.param(
            {"size": 9, "text": "/wA=", "encoding": "base64"}, b"\xff\0", True, id="base64"
        ),
        pytest.param({"size": 0}, b"", True, id="empty"),
    ],
)
def test_when_a_har_body_is_what_was_sent(
    tmp_path: Path, content: dict[str, Any], body: bytes, exact: bool
) -> None:
    """Only where nothing was lost in turning it into text."""
    (x,), _ = load_traffic(har_file(tmp_path, an_entry(response={"content": content})))

    assert x.last is not None
    assert (body, exact) == (x.last.body, x.kept.bytes)


def test_the_key_of_a_har_file_is_covered_in_the_answer_too(tmp_path: Path) -> None:
    """The file itself says what the key was."""
    text = f'{{"error": "bad key {KEY}"}}'
    response = {
        "content": {"size": len(text), "text": text},
        "headers": [{"name": "x", "value": KEY}],
    }
    (x,), _ = load_traffic(har_file(tmp_path, an_entry(response=response)))

    assert x.last is not None
    assert KEY not in repr(x)
    assert 1 == x.last.redactions


def test_what_a_har_file_holds_besides_is_counted(tmp_path: Path) -> None:
    """And the reason is given."""
    traffic = load_traffic(
        har_file(
            tmp_path,
            an_entry(),
            an_entry(request={"url": "https://api.example/logo.png"}),
            an_entry(request={"url": "https://api.example/v1/embeddings"}),
            an_entry(request={"url": "wss://api.example/v1/chat/completions"}),
            an_entry(request={"method": "OPTIONS"}),
            an_entry(response={"status": 0}),
            an_entry(response={"content": {"size": 120}}),
        )
    )

    assert ["browser.har#0"] == [x.id for x in traffic.exchanges]
    assert (
        "2 entries left out: not a request to chat completions or models",
        "1 entry left out: not HTTP",
        "1 entry left out: a browser's preflight, which is not sent by API clients",
        "1 entry left out: no answer was recorded",
        "1 entry left out: the file does not hold the body of the answer",
    ) == traffic.notes


def test_our_own_recordings_are_recognised(tmp_path: Path) -> None:
    """By their first line, whatever their name."""
    path = tmp_path / "x.har"
    Writer(path, Header("2026-05-01T10:00:00Z")).close()

    assert isinstance(load_any(path), Reader)


@pytest.mark.parametrize(
    "data",
    [b"hello\n", b'{"a": 1}\n', b"[1, 2]\n", b"\x89PNG\r\n", b"\n", gzip.compress(b"hello")],
    ids=["text", "object", "list", "picture", "blank", "gzip"],
)
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    """The sentence says what is understood."""
    path = tmp_path / "file"
    path.write_bytes(data)

    with pytest.raises(RecordingError) as caught:
        load_any(path)

    assert str(caught.value).startswith(
        f"{path}: neither a conformance recording, a HAR file nor JSON lines of exchanges; "
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(gzip.compress(b"x" * 5000)[:-9], "the gzip data is damaged", id="cut gzip"),
        pytest.param(b"\x1f\x8bnonsense", "the gzip data is damaged", id="no gzip after all"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, data: bytes, message: str) -> None:
    """Not with a traceback."""
    path = tmp_path / "file"
    path.write_bytes(data)

    with pytest.raises(RecordingError, match=message):
        load_any(path)


def test_a_missing_file() -> None:
    """As for recordings."""
    with pytest.raises(RecordingError, match="there is no such file"):
        load_any(Path("no-such-file.har"))


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    """What is before a broken line is there before it is met."""
    lines = load_any(lines_file(tmp_path, a_line(), {"id": "x"}))
    assert isinstance(lines, Lines)
    exchanges = lines.exchanges

    assert next(exchanges).probe is None
    with pytest.raises(RecordingError, match=r"traffic\.jsonl:2: a line must hold"):
        next(exchanges)
