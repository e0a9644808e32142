"""Traffic that somebody else recorded, and telling apart the kinds of file we can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

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


class Lines:
    """JSON lines of exchanges, read while somebody goes through them; ``notes`` are known at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The exchanges one by one, from the first."""
        taken: set[str] = set()
        count = 0
        with jsonl.unpacked(self.path) as file:
            for number, line in enumerate(iter(lambda: file.readline(jsonl.LONGEST_LINE), b""), 1):
                if not line.strip():
                    continue
                try:
                    exchange = read_line(line, f"{self.path}:{number}", taken)
                except RecordingError:
                    if line.endswith(b"\n"):
                        raise
                    told = f"{count} exchange{'' if count == 1 else 's'}"
                    self.notes = (f"{self.path.name} ends early: {told}, then a cut line",)
                    return
                count += 1
                yield exchange


def load_any(path: Path) -> jsonl.Reader | Lines | Traffic:
    """Our own recording, a HAR file or JSON lines of exchanges (plain or gzip), told by the content."""
    with jsonl.unpacked(path) as file:
        first = file.readline(jsonl.LONGEST_LINE)
        value = _value(first)
        if isinstance(value, dict) and value.get("kind") == jsonl.KIND:
            return jsonl.Reader(path)
        return _foreign(first, value, file, path)


def load_traffic(path: Path) -> Traffic:
    """A HAR file or JSON lines of exchanges (plain or gzip), all of it."""
    with jsonl.unpacked(path) as file:
        first = file.readline(jsonl.LONGEST_LINE)
        found = _foreign(first, _value(first), file, path)
    return found if isinstance(found, Traffic) else Traffic(tuple(found.exchanges), found.notes)


def _foreign(first: bytes, value: JSON, file: BinaryIO, path: Path) -> Lines | Traffic:
    if not first:
        raise RecordingError(f"{path}: the file is empty")
    if is_exchange_line(value):
        return Lines(path)
    document = _value(first + file.read())
    if is_har(document):
        return Traffic(*read_har(document, str(path)))
    raise RecordingError(
        f"{path}: neither a conformance recording, a HAR file nor JSON lines of exchanges; "
        'a recording begins with a line that holds "kind": "conformance-recording"'
    )


def _value(text: bytes) -> JSON:
    """The JSON value of a text, None where it is none."""
    try:
        return parse(text.decode("utf-8-sig"))
    except ValueError:
        return None
