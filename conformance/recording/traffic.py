"""Traffic that somebody else recorded, and telling apart the kinds of file we can read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from conformance.model.errors import RecordingError
from conformance.model.exchange import Exchange
from conformance.model.json import JSON
from conformance.recording import jsonl
from conformance.recording.fields import parse
from conformance.recording.har import is_har, read_har
from conformance.recording.jsonlines import is_exchange_line, read_line


class Traffic(NamedTuple):
    """Exchanges that we did not send, and what to tell the user about the file."""

    exchanges: tuple[Exchange, ...]
    notes: tuple[str, ...] = ()


def load_any(path: Path) -> jsonl.Recording | Traffic:
    """Our own recording, a HAR file or JSON lines of exchanges (plain or gzip), told by the content."""
    with jsonl.open_file(path) as file:
        first = _value(file.readline(jsonl.LONGEST_LINE))
    if isinstance(first, dict) and first.get("kind") == jsonl.KIND:
        return jsonl.read(path)
    return load_traffic(path)


def load_traffic(path: Path) -> Traffic:
    """A HAR file or JSON lines of exchanges (plain or gzip)."""
    with jsonl.open_file(path) as raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        file = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        try:
            return _load(file, path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RecordingError(f"{path}: the gzip data is damaged: {error}") from None


def _load(file: BinaryIO, path: Path) -> Traffic:
    first = file.readline(jsonl.LONGEST_LINE)
    if not first:
        raise RecordingError(f"{path}: the file is empty")
    if is_exchange_line(_value(first)):
        return _load_lines([first], file, path)
    document = _value(first + file.read())
    if is_har(document):
        return Traffic(*read_har(document, str(path)))
    raise RecordingError(
        f"{path}: neither a conformance recording, a HAR file nor JSON lines of exchanges; "
        'a recording begins with a line that holds "kind": "conformance-recording"'
    )


def _load_lines(read: list[bytes], file: BinaryIO, path: Path) -> Traffic:
    exchanges: list[Exchange] = []
    taken: set[str] = set()
    for number, line in enumerate(_chain(read, file), 1):
        if not line.strip():
            continue
        try:
            exchanges.append(read_line(line, f"{path}:{number}", taken))
        except RecordingError:
            if line.endswith(b"\n"):
                raise
            count = f"{len(exchanges)} exchange{'' if len(exchanges) == 1 else 's'}"
            return Traffic(tuple(exchanges), (f"{path.name} ends early: {count}, then a cut line",))
    return Traffic(tuple(exchanges))


def _chain(read: list[bytes], file: BinaryIO) -> Iterable[bytes]:
    yield from read
    while line := file.readline(jsonl.LONGEST_LINE):
        yield line


def _value(text: bytes) -> JSON:
    """The JSON value of a text, None where it is none."""
    try:
        return parse(text.decode("utf-8-sig"))
    except ValueError:
        return None
