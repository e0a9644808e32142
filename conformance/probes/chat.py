"""Ordinary chat requests: plain, streamed, with usage, long enough to be cut."""

from __future__ import annotations

from conformance.model.json import JSON

from .registry import LIMIT, MODEL, chat, minimal, user

_LONG: dict[str, JSON] = {
    "model": MODEL,
    "messages": [user("Count from one to one hundred in words, separated by commas.")],
    LIMIT: 64,
}
_USAGE: JSON = {"include_usage": True}

chat("chat.basic", "The smallest request.", minimal(), smoke=True)
chat(
    "chat.system",
    "A system message before the user's.",
    {
        "model": MODEL,
        "messages": [{"role": "system", "content": "Answer briefly."}, user("Say OK.")],
        LIMIT: 16,
    },
)
chat("chat.stream.basic", "The smallest request, as a stream.", minimal(stream=True), smoke=True)
chat(
    "chat.stream.usage",
    "The smallest request, as a stream with usage.",
    minimal(stream=True, stream_options=_USAGE),
    smoke=True,
)
chat("chat.long", "An answer longer than the limit.", _LONG)
chat(
    "chat.stream.long",
    "The same, as a stream with usage.",
    {**_LONG, "stream": True, "stream_options": _USAGE},
)
