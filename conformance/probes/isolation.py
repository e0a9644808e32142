"""Requests that carry a word each, sent side by side, and one whose limit must stay its own."""

from __future__ import annotations

from conformance.model.canary import CANARIES, IMAGE_CANARY
from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.wire.reading import Reading

from .registry import LIMIT, MODEL, chat, user

_COUNT = "Count from one to ten in words."
_CALL: JSON = {
    "id": "call_conformance_1",
    "type": "function",
    "function": {"name": "get_code", "arguments": "{}"},
}
_TOOL: JSON = {
    "type": "function",
    "function": {
        "name": "get_code",
        "description": "Get the code of the day.",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    },
}


def _asking(*messages: JSON, **more: JSON) -> dict[str, JSON]:
    return {"model": MODEL, "messages": list(messages), LIMIT: 16, **more}


def _repeating(probe: str) -> dict[str, JSON]:
    return _asking(user(f"Repeat exactly: {CANARIES[probe]}"))


chat(
    "isolation.canary.one",
    "A word of its own, to be repeated.",
    _repeating("isolation.canary.one"),
)
chat(
    "isolation.canary.two",
    "The same prompt with another word.",
    _repeating("isolation.canary.two"),
)
chat(
    "isolation.stream.canary",
    "The same prompt with a third word, as a stream.",
    {**_repeating("isolation.stream.canary"), "stream": True},
)
chat(
    "isolation.limits",
    "An answer limited to one token.",
    _asking(user(_COUNT), **{LIMIT: 1}),
)
chat(
    "isolation.system",
    "A word in the system message, another in an image given as text, and a limit of 16 tokens.",
    _asking(
        {"role": "system", "content": f"The code is {CANARIES['isolation.system']}. Keep it."},
        user(f"[image data:image/png;base64,{IMAGE_CANARY}] {_COUNT}"),
    ),
)
chat(
    "isolation.tool-result",
    "A word in the result of a tool.",
    _asking(
        user("Get the code and say OK."),
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {
            "role": "tool",
            "tool_call_id": "call_conformance_1",
            "content": CANARIES["isolation.tool-result"],
        },
        tools=[_TOOL],
    ),
)


def _counting(_: Reading) -> dict[str, JSON]:
    return _asking(user(_COUNT))


chat(
    "isolation.half-read",
    "A stream that its client leaves after the first event.",
    _asking(
        user(f"Repeat exactly: {' '.join([CANARIES['isolation.half-read']] * 3)}"), stream=True
    ),
    leaves=True,
)
chat(
    "isolation.next",
    "The same count with a limit of 16 tokens and no stop word, after that stream.",
    {LIMIT: 16},
    stage=Stage.NEXT_TURN,
    after="isolation.half-read",
    continuation=_counting,
)
chat(
    "isolation.stop",
    "The same count with a stop word.",
    _asking(user(_COUNT), stop=["three"]),
)
