"""Which parameters have an effect that shows, and what is left of a value that is above a maximum."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.checks.usage import carries_usage
from conformance.model.finding import Level
from conformance.model.json import JSON
from conformance.spec.phrase import quoted
from conformance.wire.reading import Reading

from .bounds import BOUNDED, fewer_choices, fewer_stops
from .calls import CALLING
from .form import FORMED
from .seen import Body, Seen, Visible, as_ever, effect_seen, missing, unclear
from .tokens import OF_TOKENS, fewer_alternatives


def _options(body: Body) -> Mapping[str, JSON]:
    options = body.get("stream_options")
    return options if isinstance(options, dict) else {}


def _obfuscation(x: Reading) -> Seen:
    padded = [number for number, chunk in x.chunks if chunk.get("obfuscation") is not None]
    if not padded:
        return as_ever("no chunk is padded")
    return missing("chunks have `obfuscation`", f"event {padded[0]}")


_COSTLIER = ("priority", "scale", "fast")


def _service_tier(x: Reading) -> Seen:
    holders = [chunk for _, chunk in x.chunks] if x.asked.streams else [x.object or {}]
    named = [holder["service_tier"] for holder in holders if holder.get("service_tier") is not None]
    if not named:
        # The member may be null or left out by its schema; that it comes is promised in words alone.
        return unclear("the answer does not say by which tier it was served")
    if not isinstance(named[-1], str):
        return unclear("`service_tier` is no text")
    asked, told = x.asked.body.get("service_tier"), f"served by {quoted(named[-1])}"
    if asked == "default" and named[-1] != "default":
        # Names of a vendor's own may well mean the same.
        level = None if named[-1] in _COSTLIER else Level.MAY
        return missing(told, "service_tier", level, how="not kept")
    # Tiers may give way to one another, and the default one serves whoever asks for none.
    return effect_seen(told) if named[-1] == asked != "default" else as_ever(told)


VISIBLE: Mapping[str, Visible] = {
    **BOUNDED,
    **OF_TOKENS,
    **FORMED,
    **CALLING,
    "stream_options": Visible(
        lambda b: _options(b).get("include_obfuscation") is False and b.get("stream") is True,
        lambda b: "chunks without `obfuscation`",
        _obfuscation,
        level=Level.MAY,
    ),
    "service_tier": Visible(
        lambda b: isinstance(b.get("service_tier"), str),
        lambda b: (
            '`service_tier` is "default"'
            if b.get("service_tier") == "default"
            else "`service_tier` names the tier that was used"
        ),
        _service_tier,
        level=Level.SHOULD,
    ),
}
"""Parameters whose effect shows from outside in a single answer."""


# Effects that other checks look for


def _streams(x: Reading) -> Seen:
    if x.looks_like_events:
        return effect_seen("an event stream came")
    return missing("one body came") if x.body.strip() else unclear("the body is empty")


def _usage_came(x: Reading) -> Seen:
    return effect_seen("usage came") if carries_usage(x) else missing("no usage in the stream")


MEMBERS: Mapping[str, Visible] = {
    "stream": Visible(lambda b: b.get("stream") is True, lambda b: "an event stream", _streams),
    "stream_options.include_usage": Visible(
        lambda b: _options(b).get("include_usage") is True and b.get("stream") is True,
        lambda b: "usage before [DONE]",
        _usage_came,
    ),
}
"""What ``stream.answers-with-events`` and ``chunk.usage-asked`` hold their answers to."""


# What is left of a value that is above a maximum


def cut_to(name: str, x: Reading) -> str | None:
    """What came instead of more than is allowed; None where nothing was cut, or it would not show."""
    measure = _MEASURES.get(name)
    return measure(x) if measure is not None else None


_MEASURES: Mapping[str, Callable[[Reading], str | None]] = {
    "n": fewer_choices,
    "stop": fewer_stops,
    "top_logprobs": fewer_alternatives,
}
