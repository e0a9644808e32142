"""The recording format "1": JSON lines, a header, one line for each exchange, a footer.

Each line is written whole and at once, so that a killed run loses at most the line it was writing.
Reading is the inverse of writing; a file that breaks off is read as far as it goes, with a warning.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from io import BufferedReader
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Self, cast

from conformance.model.errors import RecordingError
from conformance.model.exchange import Exchange
from conformance.model.json import JSON
from conformance.recording.codec import decode_exchange, encode_exchange
from conformance.recording.fields import Fields, parse

FORMAT = "1"
KIND = "conformance-recording"

LONGEST_LINE = 1 << 28
"""Bytes; more than three attempts at our own body limit can take."""


class End(StrEnum):
    """How a recording came to its end."""

    COMPLETE = "complete"
    """All that was planned has been sent."""
    INTERRUPTED = "interrupted"
    """The user stopped it."""
    ENDPOINT_GONE = "endpoint-gone"
    """No connection to the endpoint could be made."""
    ENDPOINT_FAILING = "endpoint-failing"
    """The endpoint failed too often in a row; we stopped to do no harm."""
    BUDGET = "budget"
    """A limit of the user's was reached."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: what was asked, of whom, and under which claims; all JSON values."""

    created: str
    """UTC, ISO 8601."""
    suite: Mapping[str, JSON] = field(default_factory=dict)
    """``version`` and ``digest``."""
    target: Mapping[str, JSON] = field(default_factory=dict)
    """``base_url``, ``model`` and ``limit_parameter``."""
    profile: Mapping[str, JSON] = field(default_factory=dict)
    """The resolved profile."""
    plan: Mapping[str, JSON] = field(default_factory=dict)
    """``checks``, ``deselected``, ``left_out`` and ``steps``."""
    seed: int | None = None
    limits: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Footer:
    """The last line: how the recording ended."""

    end: End
    seconds: float
    exchanges: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in memory; ``footer`` is None if the file breaks off."""

    header: Header
    exchanges: tuple[Exchange, ...] = ()
    footer: Footer | None = None
    warnings: tuple[str, ...] = ()


class Writer:
    """Writes one recording; ``append`` may be called from any thread."""

    def __init__(self, path: Path, header: Header) -> None:
        self._lock = Lock()
        self._ids: set[str] = set()
        try:
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise RecordingError(f"{path}: cannot be written: {_reason(error)}") from None
        self._write(_encode_header(header))

    @classmethod
    def resumed(cls, path: Path, recording: Recording) -> Self:
        """Goes on with a recording in its own file: its header and exchanges stay, its footer and a cut line do not.

        The file is replaced at once by one that is whole, so that nothing is lost whenever the program is killed.
        """
        whole = path.with_name(f"{path.name}.part")
        writer = cls(whole, recording.header)
        for exchange in recording.exchanges:
            writer.append(exchange)
        writer.close()
        whole.replace(path)
        writer._file = path.open("ab")
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def append(self, exchange: Exchange) -> None:
        """Adds one exchange; its id must be new."""
        line = encode_exchange(exchange)
        with self._lock:
            if exchange.id in self._ids:
                raise ValueError(f"exchange {exchange.id!r} is recorded twice")
            self._ids.add(exchange.id)
            self._write(line)

    def finish(self, end: End, seconds: float) -> Footer:
        """Writes the footer and closes the file."""
        with self._lock:
            footer = Footer(end, round(seconds, 4), len(self._ids))
            self._write(
                {"end": end.value, "seconds": footer.seconds, "exchanges": footer.exchanges}
            )
            self._file.close()
        return footer

    def close(self) -> None:
        """Closes the file; without ``finish`` before, it has no footer."""
        with self._lock:
            self._file.close()

    def _write(self, line: dict[str, JSON]) -> None:
        self._file.write(_encode_line(line))
        self._file.flush()


def write(path: Path, recording: Recording) -> None:
    """Writes a whole recording; its warnings are not kept."""
    with Writer(path, recording.header) as writer:
        for exchange in recording.exchanges:
            writer.append(exchange)
        if recording.footer is not None:
            writer.finish(recording.footer.end, recording.footer.seconds)


def read(path: Path) -> Recording:
    """Reads a recording, plain or gzip; a RecordingError names the file, the line and what would be right."""
    reader = Reader(path)
    exchanges = tuple(reader.exchanges)
    return Recording(reader.header, exchanges, reader.footer, tuple(reader.warnings))


def iter_exchanges(path: Path) -> Iterator[Exchange]:
    """The exchanges one by one, for files larger than memory; a cut end is passed over in silence."""
    yield from Reader(path).exchanges


def read_header(path: Path) -> Header:
    """Only the first line."""
    return Reader(path).header


class Reader:
    """A recording that is read while somebody goes through its exchanges, however many they are.

    ``footer`` and ``warnings`` are those of the last time; they are known at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with unpacked(path) as file:
            self.header: Header = self._read_header(file.readline(LONGEST_LINE))
        self.footer: Footer | None = None
        self.warnings: tuple[str, ...] = ()

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The exchanges one by one, from the first."""
        ids: set[str] = set()
        footer: Footer | None = None
        with unpacked(self.path) as file:
            file.readline(LONGEST_LINE)
            number = 1
            while line := file.readline(LONGEST_LINE):
                number += 1
                place = f"{self.path}:{number}"
                if footer is not None:
                    raise RecordingError(f"{place}: nothing may follow the footer")
                found = _read_line(line, place, ids)
                del line  # it may have megabytes, and the exchange is judged meanwhile
                if isinstance(found, Footer):
                    footer = found
                elif found is not None:
                    yield found
        self.footer = footer
        self.warnings = tuple(self._check_end(len(ids)))

    def _read_header(self, line: bytes) -> Header:
        place = f"{self.path}:1"
        if not line:
            raise RecordingError(
                f"{self.path}: the file is empty; a recording begins with a header line"
            )
        value = _parsed(line, place)
        if not isinstance(value, dict) or value.get("kind") != KIND:
            raise RecordingError(
                f'{place}: this is not a conformance recording; its first line would hold "kind": "{KIND}"'
            )
        if value.get("format") != FORMAT:
            raise RecordingError(
                f"{place}: recording format {value.get('format')!r} is not known; this version reads format {FORMAT!r}"
            )
        return _decode_header(Fields(place, value))

    def _check_end(self, held: int) -> Iterator[str]:
        count = f"{held} exchange{'' if held == 1 else 's'}"
        if self.footer is None:
            yield f"{self.path.name} ends early: {count}, no footer"
        elif self.footer.exchanges != held:
            yield f"{self.path.name} holds {count}, but its footer counts {self.footer.exchanges}"


def _read_line(line: bytes, place: str, ids: set[str]) -> Exchange | Footer | None:
    """What a line after the header holds; None for one that was being written when the run was killed."""
    try:
        value = _parsed(line, place)
    except RecordingError:
        if line.endswith(b"\n"):
            raise
        return None
    fields = Fields.of(value, place)
    if "end" in fields.members:
        return _decode_footer(fields)
    exchange = decode_exchange(fields)
    if exchange.id in ids:
        raise RecordingError(f"{place}: exchange {exchange.id!r} is there twice")
    ids.add(exchange.id)
    return exchange


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where they are gzip; a RecordingError says why they cannot be read."""
    with open_file(path) as raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        try:
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RecordingError(f"{path}: the gzip data is damaged: {error}") from None


def open_file(path: Path) -> BufferedReader:
    """The file, open for reading bytes; a RecordingError says why it cannot be."""
    if path.is_dir():
        raise RecordingError(f"{path}: is a directory; give the file inside it")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise RecordingError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: cannot be read: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _parsed(line: bytes, place: str) -> JSON:
    if len(line) >= LONGEST_LINE:
        raise RecordingError(f"{place}: the line is longer than any this program writes")
    try:
        return parse(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{place}: byte {error.start + 1} is not UTF-8 text; a recording is JSON lines"
        ) from None
    except ValueError as error:
        raise RecordingError(f"{place}: not a JSON line: {error}") from None


def _encode_line(line: dict[str, JSON]) -> bytes:
    try:
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError:  # lone surrogates, which only an escape can carry
        return json.dumps(line, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _encode_header(header: Header) -> dict[str, JSON]:
    return {
        "format": FORMAT,
        "kind": KIND,
        "created": header.created,
        "suite": dict(header.suite),
        "target": dict(header.target),
        "profile": dict(header.profile),
        "plan": dict(header.plan),
        "seed": header.seed,
        "limits": dict(header.limits),
    }


def _decode_header(fields: Fields) -> Header:
    return Header(
        created=fields.text("created"),
        suite=fields.object("suite").members,
        target=fields.object("target").members,
        profile=fields.object("profile").members,
        plan=fields.object("plan").members,
        seed=fields.whole_or_none("seed"),
        limits=fields.object("limits").members,
    )


def _decode_footer(fields: Fields) -> Footer:
    return Footer(
        end=fields.word("end", End, ", ".join(End)),
        seconds=fields.number("seconds"),
        exchanges=fields.whole("exchanges"),
    )
