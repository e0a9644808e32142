"""OpenAI's own parameters: types, ranges and companions, used where a profile says nothing.

Names are in the order in which OpenAI reports mistakes; dotted names are members, ``[]`` stands for each item.
Source: OpenAI's published API description and its recorded answers; limits that only one model has are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from conformance.model.profile import Parameter

Types = tuple[str, ...]
_T = TypeVar("_T")

_OBJECT: Types = ("object",)
_ARRAY: Types = ("array",)
_STRING: Types = ("string",)
_FLAG: Types = ("boolean", "null")
_INTEGER: Types = ("integer", "null")
_NUMBER: Types = ("number", "null")
_TEXT: Types = ("string", "null")
_MEMBERS: Types = ("object", "null")
_ITEMS: Types = ("array", "null")

_NAME: dict[str, Any] = {"pattern": "^[a-zA-Z0-9_-]+$", "min_length": 1, "max_length": 64}
_CHOICES = ("none", "auto", "required")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", None)
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast", None)


def _p(name: str, types: Types, **limits: Any) -> Parameter:
    return Parameter(name, types=types, **limits)


_TABLE = (
    _p("model", _STRING, required=True),
    _p("messages", _ARRAY, required=True, min_items=1),
    _p("functions", _ARRAY, min_items=1, max_items=128),
    _p("functions[].name", _STRING, required=True, **_NAME),
    _p("functions[].description", _STRING),
    _p("functions[].parameters", _OBJECT),
    _p("function_call", ("string", "object"), requires={"functions": None}),
    _p("function_call.name", _STRING, required=True),
    _p("tools", _ARRAY, max_items=128),
    _p("tools[].type", _STRING, required=True, values=("function", "custom")),
    _p("tools[].function", _OBJECT),
    _p("tools[].function.name", _STRING, required=True, **_NAME),
    _p("tools[].function.description", _STRING),
    _p("tools[].function.parameters", _OBJECT),
    _p("tools[].function.strict", _FLAG),
    _p("tools[].custom", _OBJECT),
    _p("tools[].custom.name", _STRING, required=True, min_length=1),
    _p("tools[].custom.description", _STRING),
    _p("tools[].custom.format", _OBJECT),
    _p("tool_choice", ("string", "object"), requires={"tools": None}),
    _p("tool_choice.type", _STRING, required=True, values=("function", "custom", "allowed_tools")),
    _p("tool_choice.function", _OBJECT),
    _p("tool_choice.function.name", _STRING, required=True),
    _p("parallel_tool_calls", ("boolean",), requires={"tools": None}),
    _p("max_completion_tokens", _INTEGER, minimum=1),
    _p("n", _INTEGER, minimum=1, maximum=128),
    _p("temperature", _NUMBER, minimum=0, maximum=2),
    _p("top_p", _NUMBER, minimum=0, maximum=1),
    _p("presence_penalty", _NUMBER, minimum=-2, maximum=2),
    _p("frequency_penalty", _NUMBER, minimum=-2, maximum=2),
    _p("logprobs", _FLAG),
    _p("top_logprobs", _INTEGER, minimum=0, maximum=20, requires={"logprobs": True}),
    _p("user", _STRING),
    _p("seed", _INTEGER, minimum=-(2**63), maximum=2**63 - 1),
    _p("moderation", _MEMBERS),
    _p("moderation.model", _STRING, required=True),
    _p("safety_identifier", _TEXT, max_length=64),
    _p("prompt_cache_key", _TEXT, max_length=64),
    _p("prompt_cache_retention", _TEXT, values=("in_memory", "24h", None)),
    _p("prompt_cache_options", _OBJECT),
    _p("prompt_cache_options.ttl", _STRING, values=("30m",)),
    _p("prompt_cache_options.mode", _STRING, values=("implicit", "explicit")),
    _p("response_format", _OBJECT),
    _p(
        "response_format.type",
        _STRING,
        required=True,
        values=("text", "json_object", "json_schema"),
    ),
    _p("response_format.json_schema", _OBJECT),
    _p("response_format.json_schema.name", _STRING, required=True, **_NAME),
    _p("response_format.json_schema.description", _STRING),
    _p("response_format.json_schema.schema", _OBJECT),
    _p("response_format.json_schema.strict", _FLAG),
    _p("service_tier", _TEXT, values=_TIERS),
    _p("max_tokens", _INTEGER, minimum=1, excludes=("max_completion_tokens",)),
    _p("reasoning_effort", _TEXT, values=_EFFORTS),
    _p("logit_bias", _MEMBERS),
    _p("logit_bias.*", ("integer",), minimum=-100, maximum=100),
    _p("stop", ("string", "array", "null"), min_items=1, max_items=4),
    _p("stop[]", _STRING),
    _p("stream", _FLAG),
    _p("stream_options", _MEMBERS, only_with_stream=True),
    _p("stream_options.include_usage", ("boolean",)),
    _p("stream_options.include_obfuscation", ("boolean",)),
    _p("store", _FLAG),
    _p("metadata", _MEMBERS, max_properties=16),
    _p("metadata.*", _STRING, max_length=512),
    _p("prediction", _MEMBERS),
    _p("prediction.type", _STRING, required=True, values=("content",)),
    _p("prediction.content", ("string", "array"), required=True),
    _p("verbosity", _TEXT, values=("low", "medium", "high", None)),
    _p("modalities", _ITEMS),
    _p("modalities[]", _STRING, values=("text", "audio")),
    _p("audio", _MEMBERS),
    _p("audio.voice", ("string", "object"), required=True),
    _p(
        "audio.format",
        _STRING,
        required=True,
        values=("wav", "aac", "mp3", "flac", "opus", "pcm16"),
    ),
    _p("web_search_options", _OBJECT),
    _p("web_search_options.search_context_size", _STRING, values=("low", "medium", "high")),
    _p("web_search_options.user_location", _MEMBERS),
)

OPENAI: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _TABLE}
"""Every parameter and member that OpenAI checks, by name."""

TOP_LEVEL = tuple(name for name in OPENAI if "." not in name and "[" not in name)
"""The names a request body may hold."""

WORDS = {"function_call": ("none", "auto"), "tool_choice": _CHOICES}
"""The strings allowed where an object is allowed too."""

CLOSED = ("stream_options", "prompt_cache_options")
"""Objects in which OpenAI refuses members it does not know."""


def effective(stated: Parameter, stands_for: str | None = None) -> Parameter:
    """A profile's claim, with OpenAI's limits where it is silent; other types than OpenAI's bring their own limits."""
    known = OPENAI.get(stands_for or stated.name)
    if known is None:
        return stated
    if stated.types and _numeric(stated.types).isdisjoint(_numeric(known.types)):
        known = Parameter(stated.name, required=known.required)
    # What only one vendor has goes with whatever the profile says, and with nothing else.
    company = Parameter(stated.name) if stated.vendor_only else known
    return replace(
        stated,
        required=stated.required or known.required,
        types=stated.types or known.types,
        minimum=_first(stated.minimum, known.minimum),
        maximum=_first(stated.maximum, known.maximum),
        min_items=_first(stated.min_items, known.min_items),
        max_items=_first(stated.max_items, known.max_items),
        min_length=_first(stated.min_length, known.min_length),
        max_length=_first(stated.max_length, known.max_length),
        max_properties=_first(stated.max_properties, known.max_properties),
        pattern=stated.pattern or known.pattern,
        values=stated.values or known.values,
        requires=stated.requires or company.requires,
        excludes=stated.excludes or company.excludes,
        only_with_stream=stated.only_with_stream or company.only_with_stream,
    )


def _first(stated: _T | None, known: _T | None) -> _T | None:
    return known if stated is None else stated


def _numeric(types: Types) -> set[str]:
    return {"number" if name == "integer" else name for name in types} - {"null"}
