"""Ordinary values of every parameter, and requests in which its effect would show.

The values are inside OpenAI's limits; whether they are inside a profile's claim is asked before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from conformance.model.json import JSON
from conformance.spec.names import LIMITS, steps

from .registry import LIMIT, MODEL, user

Fields = Mapping[str, JSON]

STREAMED: dict[str, JSON] = {"stream": True}
WEATHER: JSON = {
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
        "strict": False,
    },
}
TIME: JSON = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "Get the current time in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
NOTE: JSON = {"type": "custom", "custom": {"name": "note", "description": "Take a note."}}
ASK_WEATHER: JSON = [user("What is the weather in Paris? Use the tool.")]
ASK_TWO: JSON = [user("What is the weather in Paris and in Rome? Call the tool for both at once.")]
WORDS: JSON = [user("Repeat exactly: alpha beta gamma delta")]
LINES: JSON = [user("Repeat exactly: alpha beta\ngamma delta")]
LETTERS: JSON = [user("Repeat exactly: naïve 日本 龘")]
"""Characters beyond ASCII, of two bytes and more; the last is so rare that it takes several tokens."""
SIGNS: JSON = [user("Repeat exactly: 👩‍🚀🏳️‍🌈👨‍👩‍👧‍👦𝒳🜁")]  # noqa: RUF001 - the letter of four bytes is meant
"""Characters of which each takes several tokens, so that a small limit cuts inside one."""
COUNT: JSON = [user("Count from 1 to 100 in words.")]
OK_AND_COUNT: JSON = [user("Say OK. Then count from 1 to 100 in words.")]
"""Long enough an answer to tell one token again and again from any other text."""
AS_JSON: JSON = [
    user("Answer with a JSON object that has a member `city`. Which city is the capital of France?")
]
CITY_SCHEMA: JSON = {
    "name": "capital",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
_FUNCTION: JSON = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}

EXAMPLES: Mapping[str, JSON] = {
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "temperature": 0.5,
    "top_p": 0.9,
    "n": 2,
    "max_completion_tokens": 16,
    "max_tokens": 16,
    "stop": ["gamma", "delta"],
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "logit_bias": {"1000": 0},
    "logprobs": True,
    "top_logprobs": 2,
    "response_format": {"type": "json_schema", "json_schema": CITY_SCHEMA},
    "tools": [WEATHER],
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    "parallel_tool_calls": False,
    "functions": [_FUNCTION],
    "function_call": {"name": "get_weather"},
    "seed": 7,
    "reasoning_effort": "low",
    "verbosity": "low",
    "service_tier": "default",
    "store": False,
    "metadata": {"purpose": "conformance"},
    "user": "conformance",
    "safety_identifier": "conformance",
    "prompt_cache_key": "conformance",
    "prompt_cache_retention": "in_memory",
    "prompt_cache_options": {"mode": "implicit"},
    "modalities": ["text"],
    "audio": {"voice": "alloy", "format": "wav"},
    "prediction": {"type": "content", "content": "OK."},
    "web_search_options": {"search_context_size": "low"},
    "moderation": {"model": "omni-moderation-latest"},
}
"""One ordinary value of each top-level parameter; an object has the members that are looked at."""

COMPANY: Mapping[str, Fields] = {
    "stream_options": STREAMED,
    "top_logprobs": {"logprobs": True},
    "response_format": {"messages": AS_JSON, LIMIT: 64},
    "tools": {"messages": ASK_WEATHER, LIMIT: 64},
    "tool_choice": {"messages": ASK_WEATHER, "tools": [WEATHER], LIMIT: 64},
    "parallel_tool_calls": {"messages": ASK_TWO, "tools": [WEATHER], LIMIT: 64},
    "functions": {"messages": ASK_WEATHER, LIMIT: 64},
    "function_call": {"messages": ASK_WEATHER, "functions": [_FUNCTION], LIMIT: 64},
    "stop": {"messages": WORDS, LIMIT: 16},
    "audio": {"modalities": ["text", "audio"]},
}
"""What a parameter goes with: what it needs, and a conversation in which it makes sense."""

BRIEF = 8
"""Tokens of an answer that nobody reads."""


def around(name: str, value: JSON) -> dict[str, JSON]:
    """An ordinary request in which a parameter or member has this value: ``tools[].type`` and such too."""
    top, *inner = steps(name)
    body: dict[str, JSON] = {"model": MODEL, "messages": [user("Say OK.")]}
    if top not in LIMITS:  # of which one is enough
        body[LIMIT] = BRIEF
    body.update(deepcopy(dict(COMPANY.get(top, {}))))
    # A tool has the members of its own type alone.
    usual = [NOTE] if inner[:2] == ["[]", "custom"] else EXAMPLES.get(top)
    body[top] = _put(deepcopy(usual), inner, value)
    return body


def _put(holder: JSON, path: list[str], value: JSON) -> JSON:
    """The holder with a value at a path; what is missing on the way is made."""
    if not path:
        return value
    step, *rest = path
    if step == "[]":
        items = holder if isinstance(holder, list) and holder else [None]
        return [_put(items[0], rest, value), *items[1:]]
    members = dict(holder) if isinstance(holder, dict) else {}
    if step == "*":
        step = next(iter(members), "1000")
    members[step] = _put(members.get(step), rest, value)
    return members


_FOUR: JSON = ["omega", "sigma", "kappa", "\n"]
"""As many as OpenAI takes, of which the last alone occurs: where only some count, it is not among them."""

TELLING: Mapping[str, Mapping[str, Fields]] = {
    "n": {
        "two": {"messages": WORDS, "n": 2, LIMIT: 16},
        "stream-two": {"messages": WORDS, "n": 2, LIMIT: 16, **STREAMED},
    },
    "stop": {
        "word": {"messages": WORDS, "stop": "gamma", LIMIT: 16},
        "list": {"messages": WORDS, "stop": ["omega", "delta"], LIMIT: 16},
        "across-tokens": {"messages": WORDS, "stop": "ta gam", LIMIT: 16},
        "line-end": {"messages": LINES, "stop": "\n", LIMIT: 16},
        "stream-list": {"messages": LINES, "stop": _FOUR, LIMIT: 16, **STREAMED},
        "stream-across-tokens": {"messages": WORDS, "stop": "ta gam", LIMIT: 16, **STREAMED},
        "say-letters": {"messages": [user("Say OK.")], "stop": [" ", "e", "o"], LIMIT: 16},
    },
    "max_tokens": {
        "five": {"messages": COUNT, "max_tokens": 5},
        "stream-five": {"messages": COUNT, "max_tokens": 5, **STREAMED},
        "one": {"messages": COUNT, "max_tokens": 1},
        "say-one": {"max_tokens": 1},
        "inside-a-character": {"messages": SIGNS, "max_tokens": 3},
        "stream-inside-a-character": {"messages": SIGNS, "max_tokens": 3, **STREAMED},
    },
    "max_completion_tokens": {
        "five": {"messages": COUNT, "max_completion_tokens": 5},
        "stream-five": {"messages": COUNT, "max_completion_tokens": 5, **STREAMED},
        "one": {"messages": COUNT, "max_completion_tokens": 1},
        "say-one": {"max_completion_tokens": 1},
    },
    "logprobs": {
        "asked": {"messages": LETTERS, "logprobs": True, LIMIT: 32},
        "stream-asked": {"messages": LETTERS, "logprobs": True, LIMIT: 32, **STREAMED},
        "not-asked": {"logprobs": False},
    },
    "top_logprobs": {
        "two": {"logprobs": True, "top_logprobs": 2},
        "stream-two": {"logprobs": True, "top_logprobs": 2, **STREAMED},
        "none": {"logprobs": True, "top_logprobs": 0},
    },
    "response_format": {
        "schema": {
            "messages": AS_JSON,
            "response_format": {"type": "json_schema", "json_schema": CITY_SCHEMA},
            LIMIT: 64,
        },
        "object": {"messages": AS_JSON, "response_format": {"type": "json_object"}, LIMIT: 64},
        "stream-schema": {
            "messages": AS_JSON,
            "response_format": {"type": "json_schema", "json_schema": CITY_SCHEMA},
            LIMIT: 64,
            **STREAMED,
        },
        "stream-object": {
            "messages": AS_JSON,
            "response_format": {"type": "json_object"},
            LIMIT: 64,
            **STREAMED,
        },
        "text": {"response_format": {"type": "text"}},
    },
    "tools": {
        "offered": {"messages": ASK_WEATHER, "tools": [WEATHER], LIMIT: 64},
        "custom": {
            "messages": ASK_WEATHER,
            "tools": [NOTE],
            LIMIT: 64,
        },
    },
    "tool_choice": {
        "none": {"messages": ASK_WEATHER, "tools": [WEATHER], "tool_choice": "none", LIMIT: 16},
        "required": {
            "messages": [user("Say OK.")],
            "tools": [WEATHER, TIME],
            "tool_choice": "required",
            LIMIT: 64,
        },
        "named": {
            "messages": ASK_WEATHER,
            "tools": [WEATHER, TIME],
            "tool_choice": {"type": "function", "function": {"name": "get_time"}},
            LIMIT: 64,
        },
        "auto": {"messages": ASK_WEATHER, "tools": [WEATHER], "tool_choice": "auto", LIMIT: 64},
        "allowed": {
            "messages": ASK_WEATHER,
            "tools": [WEATHER, TIME],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "get_time"}}],
                },
            },
            LIMIT: 64,
        },
        "stream-none": {
            "messages": ASK_WEATHER,
            "tools": [WEATHER],
            "tool_choice": "none",
            LIMIT: 16,
            **STREAMED,
        },
    },
    "parallel_tool_calls": {
        "one": {
            "messages": ASK_TWO,
            "tools": [WEATHER],
            "parallel_tool_calls": False,
            LIMIT: 64,
        },
        "stream-one": {
            "messages": ASK_TWO,
            "tools": [WEATHER],
            "parallel_tool_calls": False,
            LIMIT: 64,
            **STREAMED,
        },
        "two": {
            "messages": ASK_TWO,
            "tools": [WEATHER],
            "parallel_tool_calls": True,
            LIMIT: 128,
        },
        "stream-two": {
            "messages": ASK_TWO,
            "tools": [WEATHER],
            "parallel_tool_calls": True,
            LIMIT: 128,
            **STREAMED,
            "stream_options": {"include_usage": True},
        },
    },
    "function_call": {
        "named": {
            "messages": ASK_WEATHER,
            "functions": [_FUNCTION],
            "function_call": {"name": "get_weather"},
            LIMIT: 64,
        },
        "none": {
            "messages": ASK_WEATHER,
            "functions": [_FUNCTION],
            "function_call": "none",
            LIMIT: 16,
        },
    },
    "stream_options": {
        "no-obfuscation": {"stream_options": {"include_obfuscation": False}, **STREAMED},
        "usage": {"stream_options": {"include_usage": True}, **STREAMED},
        "no-usage": {"stream_options": {"include_usage": False}, **STREAMED},
    },
    "seed": {
        "repeatable": {"seed": 7, "temperature": 0},
        "repeated": {"seed": 7, "temperature": 0},
    },
    "logit_bias": {"forced": {"messages": OK_AND_COUNT, "logit_bias": {"300": 100}}},
}
"""Requests in which a parameter's effect shows from outside; the first tells most. Others are sent ``EXAMPLES``."""

_FIVE: JSON = ["delta", "omega", "sigma", "kappa", "gamma"]
"""One more than OpenAI takes; the last comes first in the answer: where it is in the text and the first is not, one was cut off."""
UNUSUAL: Mapping[str, Fields] = {
    "temperature": {"temperature": 5},
    "top_p": {"top_p": 1.5},
    "presence_penalty": {"presence_penalty": 5},
    "frequency_penalty": {"frequency_penalty": 5},
    "top_logprobs": {"logprobs": True, "top_logprobs": 21},
    "stop": {"messages": WORDS, "stop": _FIVE, LIMIT: 16},
}
"""Values above what OpenAI allows, to see what an endpoint does with them that claims nothing."""
MISTYPED: Mapping[str, Fields] = {
    "temperature": {"temperature": "conformance"},
    "max_tokens": {"max_tokens": "8"},
    "stop": {"messages": [user("Say OK.")], "stop": 5},
}
"""Values of another type than OpenAI's, for the same."""
