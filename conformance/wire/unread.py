"""What of a stream no client reads: events run together, data under another name, JSON without one."""

from __future__ import annotations

from conformance.wire import strict_json
from conformance.wire.reading import Reading, is_done
from conformance.wire.sse import Event


def unreadable(x: Reading) -> str | None:
    """Why not all that the stream says can be read; None if it can."""
    for number, _, parsed in x.parsed_events:
        if not isinstance(parsed.value, dict) or parsed.error is not None:
            what = f"has {parsed.error}" if parsed.too_large else "is not a JSON object"
            return f"event {number} {what}"
    if lost_lines(x) or bare_json(x):
        return "data stands in lines that no client reads"
    left = x.stream.unterminated
    if left is not None and not is_done(left.data):
        return "the last event lacks its blank line"
    return None


def glued(event: Event) -> bool:
    """Whether an event is really several, written without the blank line between them."""
    if len(event.data_lines) < 2:
        return False
    return all(
        is_done(line) or isinstance(strict_json.parse_text(line).value, dict)
        for line in event.data_lines
    )


def lost_lines(x: Reading) -> list[tuple[str, str, int]]:
    """Lines that were meant as data but have another field name: name, value, byte offset."""
    return [
        (name, value, offset)
        for name, value, offset in x.stream.unknown
        if name != "data" and name.strip(" \t\ufeff").lower() == "data"
    ]


def bare_json(x: Reading) -> list[tuple[int, bytes]]:
    """Lines that are a JSON object without a field name, with their byte offsets."""
    found = []
    for name, _, offset in x.stream.unknown:
        if name.lstrip().startswith("{"):
            line = x.body[offset:].splitlines()[0]
            if isinstance(strict_json.parse(line).value, dict):
                found.append((offset, line))
    return found
