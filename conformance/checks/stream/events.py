"""The events of a stream: bytes that are text, blocks that are apart, data that is JSON."""

from __future__ import annotations

from conformance.checks.givens import bytes_kept, event_stream
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading
from conformance.wire.unread import bare_json, glued, lost_lines

from . import SHOWN, STREAM


@check("stream.utf8", level=MUST, on=streams, given=(event_stream, bytes_kept), probes=STREAM)
def streams_are_utf8(x: Reading, profile: Profile) -> Problems:
    """A stream is UTF-8."""
    for offset in x.stream.invalid_utf8[:3]:
        yield Problem(
            f"byte {offset} of the body", expected="UTF-8", actual=repr(x.body[offset : offset + 8])
        )


@check("stream.no-bom", level=SHOULD, on=streams, given=(event_stream, bytes_kept), probes=STREAM)
def streams_start_without_bom(x: Reading, profile: Profile) -> Problems:
    """A stream does not begin with a byte order mark."""
    if x.stream.bom:
        yield Problem(
            "byte 0 of the body", expected="an event", actual="EF BB BF (byte order mark)"
        )


@check("stream.events-separated", level=MUST, on=streams, given=event_stream, probes=STREAM)
def blank_lines_end_events(x: Reading, profile: Profile) -> Problems:
    """A blank line stands between two events."""
    left = x.stream.unterminated
    for event in (*x.stream.events, *((left,) if left else ())):
        if glued(event):
            yield Problem(
                f"byte {event.start} of the body",
                expected="a blank line after each event",
                actual=f"{len(event.data_lines)} data lines in one event",
            )
            return


def small_events(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came, and no event of it holds more than is read."""
    if (reason := event_stream(x, profile)) is not None:
        return reason
    for number, _, parsed in x.parsed_events:
        if parsed.too_large:
            return Unjudged(f"event {number} has {parsed.error}")
    return None


@check("stream.event-json", level=MUST, on=streams, given=small_events, probes=STREAM)
def events_are_json(x: Reading, profile: Profile) -> Problems:
    """Every event but [DONE] is one JSON object."""
    for number, event, parsed in x.parsed_events:
        if not event.data.strip() or glued(event):
            continue
        if parsed.error is not None or not isinstance(parsed.value, dict):
            actual = parsed.error or type(parsed.value).__name__
            yield Problem(
                f"event {number}",
                expected="a JSON object",
                actual=f"{actual}: {event.data[:SHOWN]!r}",
            )
        elif parsed.non_finite:
            yield Problem(
                f"event {number}", expected="a JSON number or null", actual=parsed.non_finite[0]
            )


@check("stream.event-not-empty", level=MUST, on=streams, given=event_stream, probes=STREAM)
def events_carry_data(x: Reading, profile: Profile) -> Problems:
    """No event has empty data; a keep-alive is a comment line."""
    for number, event, _ in x.parsed_events:
        if not event.data.strip():
            yield Problem(
                f"event {number}",
                expected="a JSON object, or a comment line",
                actual="an empty data field",
            )


@check("stream.blocks-carry-data", level=SHOULD, on=streams, given=event_stream, probes=STREAM)
def blocks_have_data(x: Reading, profile: Profile) -> Problems:
    """No block consists of retry:, id: or event: alone."""
    for block in x.stream.blocks:
        alone = [name for name in block.fields if name in ("retry", "id", "event")]
        if alone:
            yield Problem(
                f"byte {block.start} of the body",
                expected="a data field in each block",
                actual=f"only {alone[0]}:",
            )


@check("stream.data-only", level=SHOULD, on=streams, given=event_stream, probes=STREAM)
def events_are_data_only(x: Reading, profile: Profile) -> Problems:
    """Events of a chat stream have data fields and no event or id field."""
    for number, event in enumerate(x.stream.events, 1):
        if event.type.startswith("thread."):
            yield Problem(
                f"event {number}", expected="no event field", actual=f"event: {event.type}"
            )
            return
        extra = [name for name in event.fields if name in ("event", "id", "retry")]
        if extra and event.type != "error":
            yield Problem(
                f"event {number}", expected="data only", actual=f"{extra[0]}: as well", level=MAY
            )
            return


@check("stream.field-names", level=MUST, on=streams, given=event_stream, probes=STREAM)
def data_fields_are_spelt_data(x: Reading, profile: Profile) -> Problems:
    """Data stands in lines whose field name is exactly `data`."""
    for name, value, offset in lost_lines(x)[:3]:
        yield Problem(
            f"byte {offset} of the body",
            expected='"data:"',
            actual=f"{name + ':'!r} before {value[:60]!r}",
        )


@check("stream.no-bare-json", level=MUST, on=streams, given=event_stream, probes=STREAM)
def json_stands_in_events(x: Reading, profile: Profile) -> Problems:
    """An error or a chunk inside a stream is an event, not a bare line of JSON."""
    for offset, line in bare_json(x)[:3]:
        yield Problem(
            f"byte {offset} of the body",
            expected="data: before the JSON",
            actual=line[:SHOWN].decode("utf-8", "replace"),
        )
