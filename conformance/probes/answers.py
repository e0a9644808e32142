"""Requests whose plain answers carry more: log probabilities, two choices, the price of a long prompt."""

from __future__ import annotations

from .registry import LIMIT, MODEL, chat, minimal, user
from .samples import WORDS

_STORY = (
    "The ferry left the harbour at seven, passed the lighthouse, waited for the tide, "
    "and came back in the evening with letters, apples and two tired passengers. "
)

chat(
    "chat.logprobs",
    "A phrase to be repeated, with log probabilities: white space between words has its tokens too.",
    {"model": MODEL, "messages": WORDS, LIMIT: 16, "logprobs": True, "top_logprobs": 2},
)
chat("chat.n2", "The smallest request, with two choices.", minimal(n=2))
chat(
    "chat.long-prompt",
    "A prompt many times as long as the smallest, answered as briefly.",
    {"model": MODEL, "messages": [user(_STORY * 8 + "Say OK.")], LIMIT: 16},
)
