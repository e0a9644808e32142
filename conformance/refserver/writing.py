"""JSON text and event-stream text, as this server writes them."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"


def json_text(value: Any) -> str:
    """Compact JSON; characters outside ASCII stay as they are unless UTF-8 cannot express them."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, echoed from a request
        return json.dumps(value, separators=(",", ":"))
    return text


def event(value: Any) -> bytes:
    """One event: a single data line and a blank line."""
    return event_of(json_text(value))


def event_of(text: str) -> bytes:
    """One event with this data: a data line for each of its lines, and a blank line."""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return lines.encode() + b"\n"
