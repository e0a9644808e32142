"""What is written is read again, and damage is told in a sentence."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from conformance.model.errors import RecordingError
from conformance.model.exchange import Attempt, Chunk, Ended, Exchange, Kept
from conformance.model.request import Operation, Request
from conformance.recording.jsonl import (
    End,
    Footer,
    Header,
    Reader,
    Recording,
    Writer,
    iter_exchanges,
    read,
    read_header,
    write,
)
from conformance.spec.data import data_dir

from .strategies import recordings

HEADER = Header("2026-05-01T10:00:00Z", {"version": "0.1.0", "digest": "d"}, seed=7)
REQUEST = Request("POST", "/v1/chat/completions", Operation.CHAT, (("A", "b"),), b'{"n": 1}')


def an_exchange(name: str = "chat.basic") -> Exchange:
    """An exchange with a bit of everything."""
    attempts = (
        Attempt(429, (("Retry-After", "0"),)),
        Attempt(
            200,
            (("Content-Type", "application/json"),),
            (Chunk(0.1234, "größe".encode()), Chunk(0.2, b"\xc3"), Chunk(0.3, b"\xa4")),
            Ended.CUT,
            "the connection was closed",
            "HTTP/1.1",
            1.5,
            0.1,
            0.3,
            2,
        ),
    )
    return Exchange(
        name, REQUEST, attempts, "chat.basic", None, Kept(arrival=False, date="2026-05-01")
    )


def lines(path: Path) -> list[dict[str, object]]:
    """The file as JSON values."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A recording of three exchanges, with its footer."""
    path = tmp_path / "run.jsonl"
    with Writer(path, HEADER) as writer:
        for name in ("a", "b", "c"):
            writer.append(an_exchange(name))
        writer.finish(End.COMPLETE, 1.23456)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(recordings())
def test_reading_is_the_inverse_of_writing(tmp_path: Path, recording: Recording) -> None:
    """Nothing is lost, whatever bytes and texts it holds."""
    path = tmp_path / "any.jsonl"
    write(path, recording)

    assert recording == read(path)
    assert recording.exchanges == tuple(iter_exchanges(path))
    assert recording.header == read_header(path)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
@given(recordings())
def test_every_line_follows_the_published_schema(tmp_path: Path, recording: Recording) -> None:
    """Header, exchanges and footer, whatever they hold."""
    path = tmp_path / "any.jsonl"
    write(path, recording)
    validator = jsonschema.Draft202012Validator(
        json.loads((data_dir("schemas") / "recording.schema.json").read_text("utf-8"))
    )

    assert [] == [
        error.message
        for line in path.read_bytes().split(b"\n")[:-1]
        for error in validator.iter_errors(json.loads(line))
    ]


def test_bodies_are_text_where_they_can_be(path: Path) -> None:
    """A split character is base64, everything else can be read by eye."""
    attempt = lines(path)[1]["attempts"][1]  # type: ignore[index]

    assert [[0.1234, "größe"], [0.2, {"b64": "ww=="}], [0.3, {"b64": "pA=="}]] == attempt["chunks"]


def test_times_are_rounded(path: Path) -> None:
    """To a tenth of a millisecond."""
    assert Footer(End.COMPLETE, 1.2346, 3) == read(path).footer


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    """A killed run loses nothing that was handed over."""
    path = tmp_path / "run.jsonl"
    with Writer(path, HEADER) as writer:
        writer.append(an_exchange("a"))
        early = read(path)

    assert ("a",) == tuple(x.id for x in early.exchanges)
    assert ("run.jsonl ends early: 1 exchange, no footer",) == early.warnings


@pytest.mark.parametrize("lost", [1, 5, 60], ids=lambda n: f"{n} bytes")
def test_a_file_cut_in_its_last_line_keeps_the_whole_ones(path: Path, lost: int) -> None:
    """The warning counts what is there."""
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b'{"end"') - lost])

    cut = read(path)

    kept = 3 if lost == 1 else 2
    assert kept == len(cut.exchanges)
    assert cut.footer is None
    assert (f"run.jsonl ends early: {kept} exchanges, no footer",) == cut.warnings


def test_a_footer_that_counts_otherwise_is_told(path: Path) -> None:
    """Somebody has taken lines out."""
    text = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*text[:2], *text[3:]]), "utf-8")

    assert ("run.jsonl holds 2 exchanges, but its footer counts 3",) == read(path).warnings


@pytest.mark.parametrize(
    ("number", "line", "message"),
    [
        pytest.param(
            1, "", "run.jsonl:1: not a JSON line: Expecting value at column 1", id="blank"
        ),
        pytest.param(
            1,
            '{"log": {}}',
            'run.jsonl:1: this is not a conformance recording; its first line would hold "kind": "conformance-recording"',
            id="another file",
        ),
        pytest.param(
            1,
            '{"kind": "conformance-recording", "format": "2"}',
            "run.jsonl:1: recording format '2' is not known; this version reads format '1'",
            id="another version",
        ),
        pytest.param(
            1,
            '{"kind": "conformance-recording", "format": "1"}',
            "run.jsonl:1 lacks 'created', which must be text",
            id="no date",
        ),
        pytest.param(3, '{"id": "x",', "run.jsonl:3: not a JSON line: ", id="broken in the middle"),
        pytest.param(3, "[1]", "run.jsonl:3 must be an object, not [1]", id="a list"),
        pytest.param(
            3,
            '{"id": "x"}',
            "run.jsonl:3 lacks 'request', which must be an object",
            id="no request",
        ),
        pytest.param(3, '{"id": NaN}', "run.jsonl:3: not a JSON line: NaN is not JSON", id="NaN"),
        pytest.param(3, "[" * 100_000, "run.jsonl:3: not a JSON line: nested", id="too deep"),
        pytest.param(3, "\udcff", "run.jsonl:3: byte 1 is not UTF-8 text", id="binary"),
        pytest.param(
            3,
            '{"end": "over"}',
            "run.jsonl:3: 'end' must be one of complete, interrupted, ",
            id="end",
        ),
        pytest.param(
            3,
            '{"end": "complete", "seconds": 1, "exchanges": 1}',
            "run.jsonl:4: nothing may follow the footer",
            id="footer in the middle",
        ),
    ],
)
def test_a_broken_line_is_named(path: Path, number: int, line: str, message: str) -> None:
    """With file, line and what would be right."""
    text = path.read_text("utf-8").split("\n")
    text[number - 1] = line
    path.write_bytes("\n".join(text).encode("utf-8", "surrogateescape"))

    with pytest.raises(RecordingError) as caught:
        read(path)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("id",), 3, "run.jsonl:2: 'id' must be text, not 3"),
        (("probe",), 3, "run.jsonl:2: 'probe' must be text or null, not 3"),
        (("request", "method"), None, "run.jsonl:2: 'request': 'method' must be text, not null"),
        (
            ("request", "operation"),
            "talk",
            "run.jsonl:2: 'request': 'operation' must be one of chat, models, model, other, not \"talk\"",
        ),
        (
            ("request", "body"),
            {"b64": "!"},
            'run.jsonl:2: \'request\': \'body\' must be text or {"b64": base64}, not {"b64": "!"}',
        ),
        (("attempts",), {}, "run.jsonl:2: 'attempts' must be a list, not {}"),
        (("attempts", 0), 1, "run.jsonl:2: attempt 1 must be an object, not 1"),
        (
            ("attempts", 1, "status"),
            "200",
            "run.jsonl:2: attempt 2: 'status' must be a whole number, not \"200\"",
        ),
        (("attempts", 1, "status"), True, "'status' must be a whole number, not true"),
        (("attempts", 1, "seconds"), "1", "'seconds' must be a number, not \"1\""),
        (("attempts", 1, "seconds"), 10**400, "attempt 2: a number is out of all bounds"),
        (("attempts", 1, "headers"), [["a"]], "'headers' must hold [name, value] pairs of text"),
        (("attempts", 1, "chunks"), [[1]], "a chunk must be [seconds, bytes], not [1]"),
        (("attempts", 1, "chunks"), [[0, 5]], "chunk must be text or"),
        (("kept", "bytes"), "yes", "'kept': 'bytes' must be true or false, not \"yes\""),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_wrong_member_is_named(
    path: Path, where: tuple[str | int, ...], value: object, message: str
) -> None:
    """With its place inside the line, what it must be and what it is."""
    written = lines(path)
    holder: object = written[1]
    for key in where[:-1]:
        holder = holder[key]  # type: ignore[index]
    holder[where[-1]] = value  # type: ignore[index]
    path.write_text("".join(json.dumps(line) + "\n" for line in written), "utf-8")

    with pytest.raises(RecordingError) as caught:
        read(path)

    assert message in str(caught.value)


def test_an_exchange_that_is_there_twice(path: Path) -> None:
    """Two of the same id would hide one another."""
    text = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*text[:2], *text[1:]]), "utf-8")

    with pytest.raises(RecordingError, match=r"run\.jsonl:3: exchange 'a' is there twice"):
        read(path)


def test_an_exchange_is_not_written_twice(tmp_path: Path) -> None:
    """That would be our own mistake."""
    with Writer(tmp_path / "run.jsonl", HEADER) as writer:
        writer.append(an_exchange())
        with pytest.raises(ValueError, match="recorded twice"):
            writer.append(an_exchange())


def test_unknown_members_are_passed_over(path: Path) -> None:
    """A later version may add some without a new format."""
    written = lines(path)
    for line in written:
        line["new"] = 1
    path.write_text("".join(json.dumps(line) + "\n" for line in written), "utf-8")

    assert 3 == len(read(path).exchanges)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda p: None, "there is no such file", id="missing"),
        pytest.param(
            lambda p: p.mkdir(), "is a directory; give the file inside it", id="directory"
        ),
        pytest.param(
            lambda p: p.write_bytes(b""),
            "the file is empty; a recording begins with a header line",
            id="empty",
        ),
        pytest.param(
            lambda p: p.write_bytes(b"\x7fELF\xff\x00\x01"), "is not UTF-8 text", id="binary"
        ),
    ],
)
def test_what_is_no_file_of_ours(tmp_path: Path, make: object, message: str) -> None:
    """One clear sentence that begins with the path."""
    assert callable(make)
    path = tmp_path / "run.jsonl"
    make(path)

    with pytest.raises(RecordingError) as caught:
        read(path)

    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Told before anything is sent."""
    with pytest.raises(RecordingError, match=r"cannot be written: no such file or directory"):
        Writer(tmp_path / "missing" / "run.jsonl", HEADER)


def test_many_threads_may_append(tmp_path: Path) -> None:
    """Lines do not mix."""
    path = tmp_path / "run.jsonl"
    with Writer(path, HEADER) as writer:

        def work(n: int) -> None:
            for m in range(20):
                writer.append(an_exchange(f"{n}.{m}"))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.finish(End.COMPLETE, 1)

    assert 160 == len(read(path).exchanges)
    assert () == read(path).warnings


class TestReader:
    """A recording that is read on the way."""

    def test_tells_its_end_at_the_end(self, path: Path) -> None:
        """The header is known at once, footer and warnings once all was read; and it can be read again."""
        path.write_bytes(path.read_bytes().replace(b'"exchanges":3', b'"exchanges":4'))
        reader = Reader(path)

        assert (HEADER, None, ()) == (reader.header, reader.footer, reader.warnings)
        assert ["a", "b", "c"] == [x.id for x in reader.exchanges]
        assert Footer(End.COMPLETE, 1.2346, 4) == reader.footer
        assert ("run.jsonl holds 3 exchanges, but its footer counts 4",) == reader.warnings
        assert "a" == next(iter(reader.exchanges)).id
        assert reader.footer is not None, "a look at the beginning forgets nothing"

    def test_gives_what_comes_before_damage(self, path: Path) -> None:
        """The line that is broken is named when it is reached."""
        whole = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*whole[:3], b"{\n", *whole[3:]]))
        exchanges = Reader(path).exchanges

        assert ["a", "b"] == [next(exchanges).id, next(exchanges).id]
        with pytest.raises(RecordingError, match=r"run\.jsonl:4: not a JSON line"):
            next(exchanges)

    def test_unpacks(self, path: Path) -> None:
        """A recording may be kept as gzip, under any name; damage is told."""
        packed = path.with_suffix(".jsonl.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))

        assert read(path) == read(packed)
        packed.write_bytes(packed.read_bytes()[:-20])
        with pytest.raises(RecordingError, match="the gzip data is damaged"):
            read(packed)
