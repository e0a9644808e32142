"""The names of parameters: which there are, how ids are made of them, and where a dotted one leads in a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from conformance.model.json import JSON
from conformance.model.profile import Profile

NAMES = (
    *("stream", "stream_options", "temperature", "top_p", "n", "max_completion_tokens"),
    *("max_tokens", "stop", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs"),
    *("top_logprobs", "response_format", "tools", "tool_choice", "parallel_tool_calls"),
    *("functions", "function_call", "seed", "reasoning_effort", "verbosity", "service_tier"),
    *("store", "metadata", "user", "safety_identifier", "prompt_cache_key"),
    *("prompt_cache_retention", "prompt_cache_options", "modalities", "audio", "prediction"),
    *("web_search_options", "moderation"),
)
"""Every optional parameter of chat completions."""
TOP_LEVEL = ("model", *NAMES)
"""The parameters that are tried one by one; ``messages`` is tried in ways of its own."""
LIMITS = ("max_tokens", "max_completion_tokens")
"""Parameters that limit the output: every request that generates has one."""


def slug(name: str) -> str:
    """A parameter's name as part of an id: ``tools[].function.name`` is ``tools-function-name``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def top_of(name: str) -> str:
    """The parameter that a dotted name is a member of; the name itself where it is no such name."""
    return (steps(name) or (name,))[0]


def vendor_names(profile: Profile) -> list[str]:
    """Parameters of the profile that OpenAI does not have."""
    names = dict.fromkeys(top_of(name) for name in profile.parameters)
    return [name for name in names if of_vendor(name)]


def of_vendor(name: str) -> bool:
    """Whether a parameter, by its top-level name, is none of OpenAI's."""
    return name not in TOP_LEVEL and name != "messages"


def family_of(name: str) -> str:
    """The word after ``param.`` in the ids that a parameter belongs to: a vendor's own have one together."""
    return "vendor" if of_vendor(name) else slug(name)


def places(body: Mapping[str, JSON], name: str) -> list[tuple[str, JSON]]:
    """Where a dotted name leads in a body, with what stands there; ``[]`` is each item, ``*`` each member."""
    found: list[tuple[str, JSON]] = [("", dict(body))]
    for step in steps(name):
        found = [inner for at, value in found for inner in _below(at, value, step)]
    return found


@cache
def steps(name: str) -> tuple[str, ...]:
    """The members and items that a dotted name passes through."""
    return tuple(re.findall(r"\[\]|[^.\[\]]+", name))


def _below(at: str, value: JSON, step: str) -> Iterator[tuple[str, JSON]]:
    if step == "[]":
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield f"{at}[{index}]", item
    elif isinstance(value, dict):
        for key in [step] if step != "*" else list(value):
            if key in value:
                yield (f"{at}.{key}" if at else key), value[key]
