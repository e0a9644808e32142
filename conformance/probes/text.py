"""Text of odd kinds in a user message; phrases to be repeated begin and end with plain words."""

from __future__ import annotations

from conformance.model.json import JSON

from .registry import LIMIT, MODEL, chat, user

UNICODE = "tea ü e\u0301n\u0303 \ufb01g \uff21\uff22  \U0001f469\u200d\U0001f680 שלום  cup"
"""All kinds of letters and marks, a ligature, an emoji with a joiner, right-to-left letters, twice two spaces."""
SEPARATORS = "tea\u2028jug\u2029pot\u0085mug\ufeffcup\nhat box\n\nfig"
"""What some call line ends, a byte order mark in the middle, and what all call line ends."""
CITIES = ("São Paulo", "Zürich")
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


def _repeating(phrase: str, **more: JSON) -> dict[str, JSON]:
    return {**_saying(f"Repeat exactly: {phrase}", **more), LIMIT: 32}


chat(
    "text.unicode",
    "Accents, marks, a ligature, wide letters, an emoji sequence and right-to-left letters, to be repeated.",
    _repeating(UNICODE),
)
chat(
    "text.stream.unicode",
    "The same letters, marks and emoji as JSON escapes, to be repeated as a stream.",
    _repeating(UNICODE, stream=True),
    escaped=True,
)
chat(
    "text.separators",
    "U+2028, U+2029, U+0085, a byte order mark and line feeds between words, to be repeated.",
    _repeating(SEPARATORS),
)
chat(
    "text.stream.separators",
    "The same separators to be repeated, as a stream.",
    _repeating(SEPARATORS, stream=True),
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
