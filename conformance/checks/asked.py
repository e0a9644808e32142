"""What the last message of a request asks for, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.model.json import JSON

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
