"""Requests that declare a tool: the call forced, named, or left to the model."""

from __future__ import annotations

from conformance.model.json import JSON

from .registry import LIMIT, MODEL, chat, user

_TOOL: JSON = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
_NAMED: JSON = {"type": "function", "function": {"name": "get_weather"}}


def _asking(choice: JSON, city: str = "Paris") -> dict[str, JSON]:
    return {
        "model": MODEL,
        "messages": [user(f"What is the weather in {city}? Use the tool.")],
        "tools": [_TOOL],
        "tool_choice": choice,
        LIMIT: 64,
    }


chat("tools.required", "A tool call that must come.", _asking("required"), smoke=True)
chat(
    "tools.stream.required",
    "A tool call that must come, as a stream.",
    {**_asking("required"), "stream": True},
)
chat("tools.named", "A call of a named tool.", _asking(_NAMED))
chat(
    "tools.stream.named",
    "A call of a named tool, as a stream.",
    {**_asking(_NAMED), "stream": True},
)
chat("tools.auto", "A tool call that the model may make.", _asking("auto", '"Zürich"'))
