"""Text of odd kinds in a user message; phrases to be repeated begin and end with plain words."""

from __future__ import annotations

from conformance.model.json import JSON

from .registry import LIMIT, MODEL, chat, user

UNICODE = "tea ü e\u0301 \U0001f469\u200d\U0001f680 שלום cup"
"""An accent, a combining mark, two characters beyond the BMP with a joiner between, right-to-left letters."""
SEPARATORS = "tea\u2028jug\u2029pot\u0085mug\ufeffcup"
"""What some call line ends, and a byte order mark in the middle."""
CITIES = ("Zürich", "Kraków")
_CONTROLS = "".join(map(chr, (0, 1, 7, 8, 11, 12, 27, 31, 127)))
_LONG_WORD = ("conformance" * 364)[:4000]
_TOOL: JSON = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def _saying(text: str, **more: JSON) -> dict[str, JSON]:
    return {"model": MODEL, "messages": [user(text)], LIMIT: 16, **more}


def _repeat(phrase: str) -> str:
    return f"Repeat exactly: {phrase}"


chat(
    "text.unicode",
    "Accents, a combining mark, an emoji sequence and right-to-left letters, to be repeated.",
    _saying(_repeat(UNICODE)),
)
chat(
    "text.stream.unicode",
    "The same letters, marks and emoji as JSON escapes, to be repeated as a stream.",
    _saying(_repeat(UNICODE), stream=True),
    escaped=True,
)
chat(
    "text.separators",
    "U+2028, U+2029, U+0085 and a byte order mark between words, to be repeated.",
    _saying(_repeat(SEPARATORS)),
)
chat(
    "text.stream.separators",
    "The same separators to be repeated, as a stream.",
    _saying(_repeat(SEPARATORS), stream=True),
)
chat(
    "text.control",
    "NUL and other control characters, as JSON escapes.",
    _saying(f"Say OK. {_CONTROLS}"),
)
chat(
    "text.lone-surrogate",
    "Half of a surrogate pair, as a JSON escape.",
    _saying("Say OK. \ud83d"),
)
chat("text.long-word", "One word of 4,000 characters.", _saying(f"Say OK. {_LONG_WORD}"))
chat(
    "text.stream.tool",
    "Forced tool calls about two cities with accents, as a stream.",
    {
        **_saying(
            'Use the tool twice: what is the weather in both "{}" and "{}"?'.format(*CITIES),
            tools=[_TOOL],
            tool_choice="required",
            stream=True,
        ),
        LIMIT: 64,
    },
)
