"""Errors inside a stream: the shape that they have, and that an ordinary stream has none."""

from __future__ import annotations

from conformance.checks.asked import half_characters
from conformance.checks.givens import RECORDING, event_stream
from conformance.checks.kinds import ordinary_chat, streams
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile, Shape
from conformance.wire.envelope import envelope_of
from conformance.wire.reading import Reading

from . import SHOWN, STREAM


def error_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries an error."""
    if (reason := event_stream(x, profile)) is not None:
        return reason
    return None if x.error_events else Unjudged("no error in the stream", RECORDING)


@check("stream.error-shape", level=MUST, on=streams, given=error_came, probes=STREAM)
def errors_in_streams_have_a_shape(x: Reading, profile: Profile) -> Problems:
    """An error inside a stream is an event with the error object that the profile states."""
    shapes = profile.errors.in_stream
    for number, value in x.error_events:
        envelope = envelope_of(value)
        if Shape.UNKNOWN in shapes or envelope.shape in shapes:
            if envelope.shape is Shape.OPENAI and not isinstance(envelope.message, str):
                yield Problem(
                    f"event {number}: {envelope.at}/message",
                    expected="text",
                    actual=f"{envelope.message!r}",
                )
            continue
        yield Problem(
            f"event {number}",
            expected=" or ".join(shape.value for shape in shapes),
            actual=f"{envelope.shape.value}: {str(value)[:SHOWN]}",
            level=SHOULD if envelope.shape is Shape.ERROR_STRING else None,
        )


def our_streams(x: Reading) -> bool:
    """Streams that we asked for in whole characters: other people's traffic may have met a real failure."""
    ours = x.exchange.probe is not None and streams(x) and ordinary_chat(x)
    return ours and not half_characters(x)


@check(
    "stream.without-error",
    level=MUST,
    on=our_streams,
    given=event_stream,
    probes=STREAM,
)
def ordinary_streams_have_no_error(x: Reading, profile: Profile) -> Problems:
    """An ordinary request's stream does not break off with an error."""
    for number, value in x.error_events:
        yield Problem(f"event {number}", expected="chunks to the end", actual=str(value)[:SHOWN])
