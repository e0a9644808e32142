"""Values that a claim allows, as strategies: the simplest first, because that is what shrinking ends in."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.model.json import JSON
from conformance.model.profile import Parameter, Profile
from conformance.model.target import Target
from conformance.probes.claim_values import inside, sample
from conformance.probes.generated import MOST_CHOICES
from conformance.probes.samples import CITY_SCHEMA, EXAMPLES, TIME, WEATHER

Values = SearchStrategy[JSON]

_LONGEST = 8
"""Letters of a made-up word: what is long or odd has searches of its own, and each letter costs time."""
_WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=_LONGEST)
_MOST_TOKEN = 30_000
"""Token ids below it exist in every vocabulary that is in use."""
_LARGEST = 2**31 - 1
_USUAL: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 1),
    "top_p": (0.1, 1),
    "presence_penalty": (-1, 1),
    "frequency_penalty": (-1, 1),
    "seed": (0, _LARGEST),
    "top_logprobs": (0, 2),
}
"""Bounds within which everybody takes a number, where a profile states none."""
_CHEAP = ("auto", "default", None)
"""Service tiers that cost no more than usual."""


def values_of(name: str, profile: Profile, target: Target, *, null: bool = False) -> Values:
    """Ordinary values of a top-level parameter, inside what the profile claims of it; ``null`` where it may be."""
    claim = profile.parameter(name, target.model)
    if not null:  # beside others it is as good as nothing
        types = tuple(one for one in claim.types if one != "null")
        claim = replace(claim, types=types or claim.types)
    made = _OWN.get(name)
    return made(claim) if made is not None else of_claim(claim)


def of_claim(claim: Parameter) -> Values:
    """Values that follow from the claim alone."""
    allowed = [value for value in claim.values if value is not None]
    if allowed:
        return st.sampled_from(allowed)
    options = [*_numbers(claim), *_texts(claim)]
    if "boolean" in claim.types:
        options.append(st.booleans())
    if not options:
        options.append(st.just(EXAMPLES[claim.name] if claim.name in EXAMPLES else sample(claim)))
    if "null" in claim.types:
        options.append(st.none())
    return st.one_of(options)


def _numbers(claim: Parameter) -> list[Values]:
    usual = _USUAL.get(claim.name, (1, 1))
    low = claim.minimum if claim.minimum is not None else usual[0]
    high = claim.maximum if claim.maximum is not None else max(low, usual[1])
    whole = st.integers(
        math.floor(low) + 1 if claim.exclusive_minimum else math.ceil(low),
        math.ceil(high) - 1 if claim.exclusive_maximum else math.floor(high),
    )
    if "number" in claim.types:
        top = min(high, low + 100)
        hundredths = st.integers(math.floor(low * 100) + 1, math.ceil(top * 100) - 1)
        return [whole, hundredths.map(lambda n: n / 100)]
    return [whole] if "integer" in claim.types else []


def _texts(claim: Parameter) -> list[Values]:
    if "string" not in claim.types or (claim.name in EXAMPLES and not _free_text(claim)):
        return []
    if claim.pattern is not None:
        return [st.just(sample(claim))]
    least, most = max(claim.min_length or 1, 1), min(claim.max_length or 20, 64)
    most = max(least, min(most, _LONGEST))
    return [st.text(string.ascii_lowercase, min_size=least, max_size=most)]


def _free_text(claim: Parameter) -> bool:
    """Whether any text means something: an example that is a word of a list does not say so."""
    return claim.max_length is not None or claim.name in ("user", "safety_identifier")


def _choices(claim: Parameter) -> Values:
    return st.integers(1, max(1, min(MOST_CHOICES, math.floor(claim.maximum or MOST_CHOICES))))


def _stops(claim: Parameter) -> Values:
    most = min(claim.max_items or 4, 4)
    options: list[Values] = [_WORDS] if "string" in claim.types or not claim.types else []
    if "array" in claim.types or not claim.types:
        options.append(st.lists(_WORDS, min_size=1, max_size=most, unique=True).map(list))
    return st.one_of(options) if options else of_claim(claim)


def _biases(claim: Parameter) -> Values:
    ids = st.integers(0, _MOST_TOKEN).map(str)
    return st.dictionaries(ids, st.integers(-100, 100), min_size=1, max_size=4).map(dict)


def _metadata(claim: Parameter) -> Values:
    most = min(claim.max_properties or 16, 16)
    return st.dictionaries(_WORDS, _WORDS, min_size=1, max_size=most).map(dict)


def _tools(claim: Parameter) -> Values:
    return st.sampled_from([[WEATHER], [TIME], [WEATHER, TIME], [_bare("f"), WEATHER]])


def _bare(name: str) -> JSON:
    return {"type": "function", "function": {"name": name}}


def _tool_choices(claim: Parameter) -> Values:
    named = {"type": "function", "function": {"name": "get_weather"}}
    return st.sampled_from(["none", "auto", "required", named])


def _formats(claim: Parameter) -> Values:
    schema = {"type": "json_schema", "json_schema": CITY_SCHEMA}
    return st.sampled_from([{"type": "text"}, {"type": "json_object"}, schema])


def _stream_options(claim: Parameter) -> Values:
    options = {"include_usage": st.booleans(), "include_obfuscation": st.booleans()}
    return st.fixed_dictionaries({}, optional=options).filter(bool).map(dict)


def _tiers(claim: Parameter) -> Values:
    cheap = [value for _, value in inside(claim) if value in _CHEAP]
    return st.sampled_from(cheap or ["default"])


_OWN: Mapping[str, Callable[[Parameter], Values]] = {
    "stream": lambda claim: st.just(True),
    "n": _choices,
    "stop": _stops,
    "logit_bias": _biases,
    "metadata": _metadata,
    "tools": _tools,
    "tool_choice": _tool_choices,
    "response_format": _formats,
    "stream_options": _stream_options,
    "service_tier": _tiers,
    "store": lambda claim: st.just(False),
    "modalities": lambda claim: st.just(["text"]),
}
"""Parameters whose values a claim does not tell, or that cost something if any were taken."""
