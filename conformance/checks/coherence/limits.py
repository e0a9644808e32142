"""Whether finish_reason tells the truth about the limit: "length" where it was reached, and only there."""

from __future__ import annotations

from conformance.checks.answers import completion_tokens, limit_of
from conformance.checks.effects.seen import whole
from conformance.checks.givens import RECORDING, read_in_its_form
from conformance.checks.kinds import completions, probe, streams
from conformance.checks.registry import SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.answer import said, stated_usage
from conformance.wire.completion import messages_of
from conformance.wire.reading import Reading

_LARGE = 1_000
"""Prompt tokens from which on the context may be full before the limit is reached."""
_NEAR = 2 / 3
"""The part of the limit from which on it may be reached: who counts and who cuts may use different tokenizers."""


def _spent(x: Reading) -> int:
    """The tokens of the answer, 0 where the usage does not say."""
    total, thought = completion_tokens(stated_usage(x)) or (0, 0)
    # Some count the reasoning beside the answer and not in it.
    return total + thought if total > 0 else 0


def prompt_tokens(x: Reading) -> int:
    """The tokens of the prompt, 0 where the usage does not say."""
    usage = stated_usage(x)
    return whole(usage.get("prompt_tokens")) or 0 if isinstance(usage, dict) else 0


def shows_reasoning(x: Reading) -> bool:
    """Whether an answer shows reasoning, by the names that servers give it."""
    parts = [message for _, _, message in messages_of(x)]
    parts += [delta for choice in x.choices.values() for _, delta in choice.deltas]
    return any(part.get(name) for part in parts for name in ("reasoning_content", "reasoning"))


def _finish(x: Reading) -> JSON:
    choices = said(x)
    return choices[0].finish if len(choices) == 1 else None


def _tokens(text: str) -> float:
    """About as many tokens as a text may well have: four letters each, and more for what has no letters."""
    return sum(0.25 if c.isascii() else 1 if c < "\u2e80" else 2 for c in text)


def told_of_the_limit(x: Reading, profile: Profile) -> Unjudged | None:
    """One choice finished with "length", under a stated limit, and its tokens were counted."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if limit_of(x) is None or x.asked.n != 1 or _finish(x) != "length":
        return Unjudged('no answer to a request with a limit finished with "length"', RECORDING)
    if not _spent(x):
        return Unjudged("the answer has no usage")
    if not said(x)[0].text or shows_reasoning(x):
        return Unjudged("the model may have spent its tokens on reasoning", Hindrance.MODEL)
    if prompt_tokens(x) >= _LARGE:
        return Unjudged("the prompt may have filled the context", RECORDING)
    return None


def _not_reached(x: Reading) -> Problems:
    limit, spent = limit_of(x) or 0, _spent(x)
    [one] = said(x)
    # Text that is long for the limit may have been cut by it, whatever was counted.
    if spent < limit * _NEAR and _tokens(one.text) < limit:
        yield Problem(
            f"{one.at}/finish_reason" if not x.asked.streams else one.at,
            expected=f"a reason other than length: {spent} tokens of {limit} were used",
            actual=f'"length" after {one.text[-60:]!r}',
        )


@check(
    "chat.response.finish-length",
    level=SHOULD,
    on=completions,
    given=told_of_the_limit,
    probes=("chat.long", "param.stop.value"),
)
def only_the_limit_finishes_with_length(x: Reading, profile: Profile) -> Problems:
    """finish_reason "length" comes where the limit of the request was reached."""
    yield from _not_reached(x)


@check(
    "chunk.finish-length",
    level=SHOULD,
    on=streams,
    given=told_of_the_limit,
    probes=("chat.stream.usage",),
)
def only_the_limit_finishes_a_stream_with_length(x: Reading, profile: Profile) -> Problems:
    """A stream finishes with "length" where the limit of the request was reached."""
    yield from _not_reached(x)


def cut_at_the_limit(x: Reading, profile: Profile) -> Unjudged | None:
    """The count that cannot end by itself took as many tokens as its limit allows."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    spent = _spent(x)
    if not spent or len(said(x)) != 1:
        return Unjudged("the answer has no usage")
    [one] = said(x)
    ended = "hundred" in one.text.lower() or one.text.rstrip().endswith((".", "!", "?"))
    if spent != limit_of(x) or ended or len(one.text) < 2 * spent:
        return Unjudged("the answer did not come to its limit", Hindrance.MODEL)
    return None


@check(
    "chat.response.finish-at-limit",
    level=SHOULD,
    on=probe("chat.long"),
    given=cut_at_the_limit,
    probes=("chat.long",),
)
def the_limit_finishes_with_length(x: Reading, profile: Profile) -> Problems:
    """An answer that the limit cut does not finish with "stop"."""
    yield from _whole_as_told(x)


@check(
    "chunk.finish-at-limit",
    level=SHOULD,
    on=probe("chat.stream.long"),
    given=cut_at_the_limit,
    probes=("chat.stream.long",),
)
def the_limit_finishes_a_stream_with_length(x: Reading, profile: Profile) -> Problems:
    """A stream that the limit cut does not finish with "stop"."""
    yield from _whole_as_told(x)


def _whole_as_told(x: Reading) -> Problems:
    [one] = said(x)
    if one.finish == "stop":
        yield Problem(
            f"{one.at}/finish_reason" if not x.asked.streams else one.at,
            expected=f'"length": all {limit_of(x)} tokens of the limit were used',
            actual=f'"stop" after {one.text[-60:]!r}',
        )
