"""The usage of a chat completion: its sum, its details, and that what was said is counted."""

from __future__ import annotations

from conformance.checks.givens import completion
from conformance.checks.kinds import completions
from conformance.checks.registry import SHOULD, Problems, check
from conformance.checks.usage import COUNTS, bounds_broken, has_parts, sum_broken, uncounted
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.completion import messages_of
from conformance.wire.reading import Reading

from . import PLAIN


def usage_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage."""
    if (reason := completion(x, profile)) is not None:
        return reason
    has = isinstance((x.object or {}).get("usage"), dict)
    return None if has else Unjudged("the answer has no usage")


def usage_summed(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage that has all three counts."""
    return usage_came(x, profile) or uncounted((x.object or {}).get("usage"), *COUNTS)


def usage_counted(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage that counts the prompt and the answer."""
    return usage_came(x, profile) or uncounted((x.object or {}).get("usage"), *COUNTS[:2])


def usage_detailed(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage whose details can be compared with the whole."""
    if (reason := usage_came(x, profile)) is not None:
        return reason
    detailed = has_parts((x.object or {}).get("usage"))
    return None if detailed else Unjudged("the usage has no details", Hindrance.RECORDING)


@check("chat.response.usage-sum", level=SHOULD, on=completions, given=usage_summed, probes=PLAIN)
def usage_adds_up(x: Reading, profile: Profile) -> Problems:
    """total_tokens is prompt_tokens plus completion_tokens."""
    yield from sum_broken((x.object or {}).get("usage"), "/usage")


@check(
    "chat.response.usage-bounds", level=SHOULD, on=completions, given=usage_detailed, probes=PLAIN
)
def usage_details_fit(x: Reading, profile: Profile) -> Problems:
    """Details of usage do not exceed what they are a part of."""
    yield from bounds_broken((x.object or {}).get("usage"), "/usage")


@check(
    "chat.response.usage-counts",
    level=SHOULD,
    on=completions,
    given=usage_counted,
    probes=(*PLAIN, "chat.system"),
)
def usage_counts_what_was_said(x: Reading, profile: Profile) -> Problems:
    """Text in the answer is counted in completion_tokens, and a prompt in prompt_tokens."""
    usage = (x.object or {}).get("usage")
    if not isinstance(usage, dict):
        return
    spoken = any(message.get("content") for _, _, message in messages_of(x))
    if spoken and usage.get("completion_tokens") == 0:
        yield Problem(
            "/usage/completion_tokens", expected="at least 1 for an answer with text", actual="0"
        )
    if usage.get("prompt_tokens") == 0:
        yield Problem("/usage/prompt_tokens", expected="at least 1", actual="0")
