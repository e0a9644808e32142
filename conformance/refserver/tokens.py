"""This server's tokens: words with the space before them, long words in pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from conformance.refserver.chat_request import ChatRequest, message_text
from conformance.refserver.exchange import Obj
from conformance.refserver.writing import json_text

_SEEN = 85
"""Tokens of what is seen or heard, as an image of low detail costs."""
_MEDIA = ("image_url", "input_audio", "file")
_PIECE = re.compile(r"\s*\S{1,8}|\s+$", re.DOTALL)


def pieces(text: str) -> tuple[str, ...]:
    """The tokens of a text; joined they are the text again."""
    return tuple(_PIECE.findall(text))


def prompt_tokens(request: ChatRequest) -> int:
    """What the conversation and the tools cost, with a few tokens of framing each."""
    said = sum(4 + len(pieces(message_text(message))) for message in request.messages)
    calls = sum(len(pieces(json_text(_called(message)))) for message in request.messages)
    tools = sum(3 + len(pieces(f"{tool.name} {json_text(tool.schema)}")) for tool in request.tools)
    media = sum(map(_media, request.messages))
    return 3 + said + calls + tools + media


def _media(message: Obj) -> int:
    """What the parts of a message cost that are not text."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return _SEEN * sum(part.get("type") in _MEDIA for part in parts if isinstance(part, dict))


def _called(message: Obj) -> Any:
    return message.get("tool_calls") or message.get("function_call") or ""


def logprob_entries(tokens: Iterable[str], top: int) -> list[Obj]:
    """Made-up but well-formed log probabilities, the alternatives in falling order."""
    return [
        {
            **_scored(token, 0),
            "top_logprobs": [_scored(token if n == 0 else f" alt{n}", n) for n in range(top)],
        }
        for token in tokens
    ]


def _scored(token: str, rank: int) -> Obj:
    logprob = -0.125 - 1.5 * rank
    return {"token": token, "logprob": logprob, "bytes": list(token.encode(errors="replace"))}
