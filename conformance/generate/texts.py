"""User messages of any characters."""

from __future__ import annotations

import json
import string

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.model.json import JSON
from conformance.model.target import Target
from conformance.probes.generated import TEXT_LIMIT, smallest
from conformance.probes.registry import filled, user

_ZWJ, _VARIANT, _TONE = "\u200d", "\ufe0f", "\U0001f3fd"
_RIGHT_TO_LEFT = "\u05e9\u0644\u202e\u2067\u061c"
_MARKS = "\u0301\u0323\u0e49\u20e3"
_SPACES = "\u00a0\u2028\u2029\ufeff\u200b\t\n\r"
_LONGEST_WORD = 400

_CHARACTERS = st.one_of(
    st.sampled_from(string.ascii_lowercase),
    st.sampled_from([_ZWJ, _VARIANT, _TONE, *_MARKS, *_RIGHT_TO_LEFT, *_SPACES]),
    st.sampled_from("\U0001f469\U0001f680\u00fc\u1e9e\u4f60\uac00\u0915\u0d15"),
    st.characters(codec="utf-8", exclude_categories=["Cc"]),
)
_PIECES = st.one_of(
    st.text(_CHARACTERS, min_size=1, max_size=20),
    st.lists(
        st.sampled_from("\U0001f469\U0001f468\U0001f467\U0001f680"), min_size=2, max_size=4
    ).map(_ZWJ.join),
    st.sampled_from(["<|endoftext|>", "</s>", "[INST]", "{{x}}", "%s", "\\u0000", "&amp;", "''"]),
    st.integers(30, _LONGEST_WORD).map(lambda size: "w" * size),
)
_ODD = st.sampled_from(["\ud83d", "\udc69", "\udfff\ud800", "\x00", "\x1b[31m", "\x85"])
"""Halves of surrogate pairs, which only an escape can carry, and controls."""


def bodies(target: Target, *, streamed: bool) -> SearchStrategy[bytes]:
    """Requests whose message is any text, written as UTF-8 or with escapes."""
    pieces = st.lists(st.one_of(_PIECES, _ODD), max_size=4).map("".join)
    return st.builds(lambda text, esc: _body(target, text, streamed, esc), pieces, st.booleans())


def _body(target: Target, text: str, streamed: bool, escaped: bool) -> bytes:
    more: dict[str, JSON] = {"stream": True} if streamed else {}
    body = {**smallest(TEXT_LIMIT), "messages": [user(f"Say OK: {text}")], **more}
    made = filled(body, target)
    if not escaped:
        try:
            return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # half a surrogate pair
            pass
    return json.dumps(made, separators=(",", ":")).encode()
