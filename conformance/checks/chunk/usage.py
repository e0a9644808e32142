"""The usage of a stream: whether it comes, where it stands, and that it adds up."""

from __future__ import annotations

from conformance.checks.givens import read_to_the_end
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, check
from conformance.checks.usage import COUNTS, bounds_broken, carries_usage, sum_broken, uncounted
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile, Sends, Support, UsagePlace
from conformance.wire.chunks import content_chunks, last_finish, usage_chunks
from conformance.wire.reading import Reading

from . import STREAM, USAGE


def usage_was_asked(x: Reading, profile: Profile) -> Unjudged | None:
    """The request set include_usage and the stream came to its end."""
    if not x.asked.usage:
        return Unjudged("usage was not asked for", Hindrance.RECORDING)
    return read_to_the_end(x, profile)


def usage_claimed(profile: Profile) -> str | None:
    """Whether the profile has usage in streams at all."""
    if profile.parameter("stream_options").support is Support.NONE:
        return "the profile says that stream_options is not supported"
    return (
        "the profile says that streams carry no usage"
        if profile.streaming.usage is Sends.NEVER
        else None
    )


@check(
    "chunk.usage-asked",
    level=MUST,
    on=streams,
    given=usage_was_asked,
    claimed=usage_claimed,
    probes=USAGE,
)
def usage_comes_when_asked(x: Reading, profile: Profile) -> Problems:
    """A stream with include_usage: true carries the usage."""
    if not carries_usage(x):
        known = profile.streaming.usage in (Sends.OPT_IN, Sends.ALWAYS)
        yield Problem(
            "end of the stream",
            expected="a chunk with usage before [DONE]",
            actual="no usage in the stream",
            level=None if known else SHOULD,
            claims=profile.cited(profile.streaming.source) if known else (),
        )


def usage_was_not_asked(x: Reading, profile: Profile) -> Unjudged | None:
    """The request left include_usage off and the stream came to its end."""
    if x.asked.usage:
        return Unjudged("usage was asked for", Hindrance.RECORDING)
    return read_to_the_end(x, profile)


@check("chunk.usage-unasked", level=MUST, on=streams, given=usage_was_not_asked, probes=STREAM)
def usage_waits_to_be_asked(x: Reading, profile: Profile) -> Problems:
    """Whether a stream without include_usage carries usage is as the profile says."""
    wanted = profile.streaming.usage
    carriers = usage_chunks(x)
    if wanted is Sends.ALWAYS and not carriers:
        yield Problem(
            "end of the stream",
            expected="usage, which the profile says is always sent",
            actual="none",
            claims=profile.cited(profile.streaming.source),
        )
    if wanted is not Sends.ALWAYS and carriers:
        yield Problem(
            f"event {carriers[0][0]}",
            expected="no usage, which was not asked for",
            actual="usage",
            level=SHOULD if wanted in (Sends.OPT_IN, Sends.NEVER) else MAY,
            claims=profile.cited(profile.streaming.source),
        )


def usage_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries usage."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not usage_chunks(x):
        return Unjudged("no usage in the stream")
    return None


def usage_places(x: Reading) -> set[UsagePlace]:
    """Where a stream put its usage."""
    carriers = usage_chunks(x)
    if len(carriers) > 2 and len(carriers) >= len(content_chunks(x)) - 2:
        return {UsagePlace.EVERY_CHUNK}
    places = set()
    for _, chunk in carriers:
        choices = chunk.get("choices")
        entries = [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []
        if not entries:
            places.add(UsagePlace.OWN_CHUNK)
        elif any(c.get("finish_reason") for c in entries):
            places.add(UsagePlace.FINISH_CHUNK)
        else:
            places.add(UsagePlace.OWN_CHUNK_WITH_CHOICES)
    return places


@check("chunk.usage-place", level=SHOULD, on=streams, given=usage_came, probes=USAGE)
def usage_stands_in_its_place(x: Reading, profile: Profile) -> Problems:
    """Usage comes in a chunk of its own with `choices: []`, after the last finish_reason, or where the profile says."""
    wanted = set(profile.streaming.usage_places)
    elsewhere = usage_places(x) - (wanted or {UsagePlace.OWN_CHUNK})
    for place in sorted(elsewhere):
        yield Problem(
            f"event {usage_chunks(x)[0][0]}",
            expected=" or ".join(sorted(wanted or {UsagePlace.OWN_CHUNK})),
            actual=place.value,
            level=None if wanted else MAY,
            claims=profile.cited(profile.streaming.source) if wanted else (),
        )
    finished = last_finish(x)
    own = [n for n, c in usage_chunks(x) if not c.get("choices")]
    if own and not elsewhere and own[-1] < finished:
        yield Problem(
            f"event {own[-1]}",
            expected=f"usage after the finish on event {finished}",
            actual="usage before it",
        )


def usage_at_the_end(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries usage, and not before its last finish_reason, of which chunk.usage-place speaks."""
    if (reason := usage_came(x, profile)) is not None:
        return reason
    early = usage_chunks(x)[-1][0] < last_finish(x)
    return Unjudged("the usage comes before the end") if early else None


@check("chunk.usage-kept", level=SHOULD, on=streams, given=usage_at_the_end, probes=USAGE)
def usage_is_not_erased(x: Reading, profile: Profile) -> Problems:
    """No chunk after the usage carries `usage: null`."""
    last = usage_chunks(x)[-1][0]
    for number, chunk in x.chunks:
        if number > last and "usage" in chunk and chunk["usage"] is None:
            yield Problem(
                f"event {number}: /usage",
                expected="no usage member",
                actual=f"null, after the usage on event {last}",
            )
            return


def usage_summed(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries usage that has all three counts."""
    return usage_came(x, profile) or uncounted(usage_chunks(x)[-1][1]["usage"], *COUNTS)


@check("chunk.usage-sum", level=SHOULD, on=streams, given=usage_summed, probes=USAGE)
def usage_adds_up(x: Reading, profile: Profile) -> Problems:
    """The usage of a stream adds up, and its details fit into it."""
    number, chunk = usage_chunks(x)[-1]
    yield from sum_broken(chunk["usage"], f"event {number}: /usage")
    yield from bounds_broken(chunk["usage"], f"event {number}: /usage")
