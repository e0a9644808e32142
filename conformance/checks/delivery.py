"""How streams are delivered and what they add up to, and next turns built from them."""

from __future__ import annotations

import re
from itertools import pairwise

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.answer import stated_usage
from conformance.wire.chunks import content_chunks, spoken, usage_chunks
from conformance.wire.deltas import ChoiceParts
from conformance.wire.reading import Reading
from conformance.wire.sse import Event

from .answers import (
    calls_expected,
    completion_tokens,
    count_problems,
    created_problems,
    dated,
    offered,
    several,
    to_be_answered,
    too_short_to_count,
    toolless,
    untimed,
    wants_json,
)
from .chunk.usage import usage_came
from .coding import of_its_own_accord
from .givens import RECORDING, bytes_kept, chunks_came, event_stream, read_to_the_end, succeeded
from .kinds import probe, streams
from .registry import MAY, MUST, SHOULD, Problems, check
from .stream import LONG, STREAM
from .stream.errors import error_came
from .turn import judged_turn, refused_turn

_LINE_END = re.compile(rb"\r\n|\n|\r")
_SHOWN = 120


# Framing


@check("stream.not-compressed", level=SHOULD, on=streams, given=succeeded, probes=STREAM)
def streams_are_not_compressed(x: Reading, profile: Profile) -> Problems:
    """A stream is sent as it is where the request accepts no content coding."""
    if of_its_own_accord(x):
        yield Problem("Content-Encoding", expected="none: identity was asked for", actual=x.coding)


def identified_event(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came whose bytes the recording keeps."""
    return event_stream(x, profile) or bytes_kept(x, profile)


def empty_blocks(body: bytes, end: int) -> list[int]:
    """Where blank lines follow no field although an ``id`` is set, as byte offsets."""
    found, named, filled = [], False, False
    start = 0
    for line_end in _LINE_END.finditer(body, 0, end):
        at, line = start, body[start : line_end.start()]
        start = line_end.end()
        name, _, value = line.partition(b":")
        if not line:
            if named and not filled:
                found.append(at)
            filled = False
        elif name:  # a comment has none
            filled = True
            named = bool(value.strip()) if name == b"id" else named
    return found


@check("stream.id-blank-lines", level=MUST, on=streams, given=identified_event, probes=STREAM)
def no_blank_lines_after_ids(x: Reading, profile: Profile) -> Problems:
    """Where events have an id, no further blank line and no comment block follows one."""
    done = x.stream.events[x.done_at - 1].start if x.done_at else len(x.body)
    found = empty_blocks(x.body, done)
    if found:
        yield Problem(
            f"byte {found[0]} of the body",
            expected="no blank line without an event, since an id is set",
            actual=f"{len(found)} of them",
        )


@check("stream.error-last", level=MAY, on=streams, given=error_came, probes=STREAM)
def errors_end_streams(x: Reading, profile: Profile) -> Problems:
    """Nothing but [DONE] follows an error inside a stream."""
    first = x.error_events[0][0]
    later = [(number, event) for number, event, _ in x.parsed_events if number > first]
    if later:
        yield Problem(
            f"event {later[0][0]}",
            expected=f"the end of the stream, or [DONE], after the error on event {first}",
            actual=_shown(later[0][1]),
        )


def _shown(event: Event) -> str:
    return event.data[:_SHOWN]


# Content


def snapshots(choice: ChoiceParts) -> bool:
    """Whether each piece of text repeats all text before it, and goes on."""
    texts = [text for _, text in choice.content if text]
    grows = all(
        len(later) > len(text) and later.startswith(text) for text, later in pairwise(texts)
    )
    return len(texts) >= 4 and len(texts[-1]) >= 12 and grows


@check(
    "chunk.deltas-not-snapshots",
    level=MUST,
    on=streams,
    given=chunks_came,
    probes=(*STREAM, *LONG),
)
def deltas_only_add(x: Reading, profile: Profile) -> Problems:
    """Each delta carries new text, not all text so far."""
    for choice in spoken(x):
        if snapshots(choice):
            number, text = [c for c in choice.content if c[1]][-1]
            yield Problem(
                f"event {number}",
                expected="only what is new",
                actual=f"all text so far: {text[:_SHOWN]!r}",
            )


def _silent(choice: ChoiceParts) -> bool:
    said = any(v for _, delta in choice.deltas for name, v in delta.items() if name != "role")
    return choice.finish == "stop" and not said


def stopped(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end, and a choice of it finished with "stop"."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if x.asked.body.get("stop"):
        return Unjudged("a stop sequence may have come first", RECORDING)
    said_all = any(choice.finish == "stop" for choice in spoken(x))
    return None if said_all else Unjudged('no choice finishes with "stop"', Hindrance.MODEL)


@check("chunk.says-something", level=SHOULD, on=streams, given=stopped, probes=STREAM)
def a_stop_has_something_to_say(x: Reading, profile: Profile) -> Problems:
    """A stream that finishes with "stop" has carried something, at the latest where its tokens are counted."""
    counted = completion_tokens(stated_usage(x))
    lost = counted is not None and counted[0] - counted[1] > 4
    # Of a stream without usage it cannot be told whether the model ended at once; JSON it is in no case.
    none = to_be_answered(x) and (counted[0] == 0 if counted is not None else wants_json(x))
    told = f"although {counted[0]} tokens" if lost and counted else "0 tokens" if counted else ""
    for choice in spoken(x):
        if _silent(choice):
            yield Problem(
                f"choice {choice.index}",
                expected="text",
                actual="nothing" + (f", {told} are counted" if told and (lost or none) else ""),
                level=None if (lost or none) and len(x.choices) == 1 else MAY,
            )


def _calls(delta: dict[str, JSON]) -> bool:
    entries = delta.get("tool_calls")
    return isinstance(entries, list) and any(isinstance(entry, dict) for entry in entries)


@check(
    "chunk.calls-undeclared",
    level=SHOULD,
    on=toolless(streams),
    given=read_to_the_end,
    claimed=calls_expected,
    probes=STREAM,
)
def only_declared_tools_are_called(x: Reading, profile: Profile) -> Problems:
    """A stream calls no tools where the request declares none."""
    for choice in spoken(x):
        calls = [number for number, delta in choice.deltas if _calls(delta)]
        if calls:
            yield Problem(
                f"event {calls[0]}",
                expected="no calls: the request declares no tools",
                actual=f"tool calls on {len(calls)} events",
            )


def timed(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came whose first chunk has a creation time in seconds, and a Date header."""
    if (reason := chunks_came(x, profile) or dated(x, profile)) is not None:
        return reason
    first = content_chunks(x)[:1]
    return untimed(first[0][1].get("created") if first else None)


@check(
    "chunk.created-plausible",
    level=SHOULD,
    on=streams,
    given=timed,
    probes=STREAM,
)
def created_is_about_now(x: Reading, profile: Profile) -> Problems:
    """`created` of a chunk lies within a day of the Date header."""
    for number, value in content_chunks(x)[:1]:
        yield from created_problems(value.get("created"), x, f"event {number}: /created")


def _texts(x: Reading) -> list[str]:
    return [choice.text for choice in spoken(x) if not snapshots(choice)]


def long_text_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came with a text that is long enough, and a count of its tokens."""
    if (reason := usage_came(x, profile)) is not None:
        return reason
    return too_short_to_count(_texts(x), usage_chunks(x)[-1][1]["usage"])


@check(
    "chunk.usage-plausible",
    level=SHOULD,
    on=streams,
    given=long_text_came,
    probes=LONG,
)
def usage_suits_the_text(x: Reading, profile: Profile) -> Problems:
    """The completion_tokens of a stream are at least one for every 40 characters of text."""
    number, value = usage_chunks(x)[-1]
    yield from count_problems(_texts(x), value["usage"], f"event {number}: /usage")


# Several choices


def several_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream with more than one choice came to its end."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    return None if len(x.choices) > 1 else Unjudged("the stream has one choice")


@check(
    "chunk.choice-order",
    level=SHOULD,
    on=several(streams),
    given=several_came,
    claimed=offered("n"),
    probes=("chat.stream.n2",),
)
def choices_begin_in_order(x: Reading, profile: Profile) -> Problems:
    """The first chunks of several choices come in the order of their indexes."""
    order = list(x.choices)
    if order != sorted(order):
        yield Problem("choices", expected=f"first {sorted(order)}", actual=f"first {order}")


# The next turn


@check(
    "turn.stream-message",
    level=MUST,
    on=probe("turn.stream-message"),
    given=judged_turn,
    presupposes="turn.own-message",
    probes=("turn.stream-message",),
)
def streamed_text_is_accepted(x: Reading, profile: Profile) -> Problems:
    """The text that a stream adds up to is accepted as the assistant's message of the next request."""
    yield from refused_turn(x, "the text of the assistant message")


@check(
    "turn.stream-tool-result",
    level=MUST,
    on=probe("turn.stream-tool-result"),
    given=judged_turn,
    presupposes="turn.tool-result",
    probes=("turn.stream-tool-result",),
)
def streamed_calls_are_accepted(x: Reading, profile: Profile) -> Problems:
    """Tool calls put together from a stream, beside `content: null`, are accepted with their results for the next stream."""
    yield from refused_turn(x, "what the tool calls are made of")
