"""What a request holds, as text, and what its last message asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.model.json import JSON
from conformance.wire import strict_json
from conformance.wire.reading import Reading

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_REPEAT = re.compile(r"Repeat exactly: (.+)\Z", re.DOTALL)


def last_text(body: Mapping[str, JSON]) -> str:
    """The text of the last message; empty where it has none or is in parts."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else ""


def to_repeat(body: Mapping[str, JSON]) -> str:
    """The phrase that the last message asks to be repeated; empty if none."""
    found = _REPEAT.search(last_text(body))
    return found[1] if found else ""


def half_characters(x: Reading) -> bool:
    """Whether a request holds half of a surrogate pair, of which RFC 8259 §8.2 calls the outcome unpredictable."""
    # Without an escape there can be none, and few requests have one.
    if not _SURROGATE_ESCAPE.search(x.asked.request.body or b""):
        return False
    return any(strict_json.lone_surrogate(text) for _, text in strings(x.asked.parsed.value))


def strings(value: JSON) -> Iterator[tuple[str, str]]:
    """All strings of a JSON value with their pointers, in order."""
    waiting: list[tuple[str, JSON]] = [("", value)]
    while waiting:
        pointer, one = waiting.pop()
        if isinstance(one, str):
            yield pointer, one
        elif isinstance(one, dict):
            waiting += [(f"{pointer}/{name[:200]}", v) for name, v in reversed(one.items())]
        elif isinstance(one, list):
            waiting += [(f"{pointer}/{n}", v) for n, v in reversed([*enumerate(one)])]
