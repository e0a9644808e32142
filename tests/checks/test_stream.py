"""The checks of framing: events, the end marker, delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.exchange import Ended, Exchange, Kept
from conformance.model.finding import Hindrance, Outcome
from conformance.model.profile import Sends, Shape
from tests.builders import (
    DONE,
    NOTE,
    WARN,
    Case,
    Value,
    a_chunk,
    a_completion,
    a_request,
    a_stream,
    an_error,
    an_exchange,
    breaks,
    data,
    finding,
    finish_chunk,
    holds,
    role_chunk,
    text_chunks,
    unanswered,
    verify,
    with_errors,
    with_streaming,
    written,
)

S, LONG = "chat.stream.basic", "chat.stream.usage"
RIGHT = a_stream()
SINGLE = RIGHT.replace(b"\n\n", b"\n")
ERROR = an_error(message="overloaded", type="server_error")
NO_DONE = a_stream(done=b"")
SLOWLY = tuple(0.1 * i for i in range(1, 11))


def streamed(body: bytes | list[Value], **how: Value) -> Exchange:
    """The answer to the smallest request for a stream."""
    return an_exchange(S, stream=body, **how)


def told(body: bytes | list[Value], **how: Value) -> Exchange:
    """A stream that somebody else recorded."""
    request = a_request({"model": "tiny", "messages": [], "stream": True})
    return an_exchange(None, stream=body, request=request, **how)


def inserted(event: bytes, at: int = 2) -> bytes:
    """A right stream with another event before the event of that number."""
    events = [data(chunk) for chunk in text_chunks()]
    return a_stream([*events[: at - 1], event, *events[at - 1 :]])


def many(count: int = 50) -> bytes:
    """A stream of many chunks."""
    return a_stream(text_chunks(*["word "] * count))


BROKEN_AT = len(RIGHT) - 5
UTF8 = inserted(b'data: {"id": "\xff"}\n\n')
CASES = [
    holds("stream.accepted", "200", streamed(RIGHT)),
    breaks("stream.accepted", "400", an_exchange(S, status=400, json=an_error()), at="status", actual="400"),
    breaks("stream.accepted", "500", an_exchange(S, status=500, json=an_error()), at="status", actual="500"),
    holds("stream.answers-with-events", "events", streamed(RIGHT)),
    breaks("stream.answers-with-events", "one JSON body", an_exchange(S, status=200, json=a_completion()), at="body"),
    breaks("stream.answers-with-events", "an error in one JSON body", an_exchange(S, status=200, json=an_error()), at="body"),
    breaks("stream.answers-with-events", "a page", an_exchange(S, status=200, body=b"<html>", content_type="text/html"), at="body", actual="text that is no event stream: b'<html>'"),
    breaks("stream.answers-with-events", "a body that breaks off", an_exchange(S, status=200, body=b'{"id": ', content_type="text/plain", ended=Ended.CUT), at="body"),
    holds("stream.content-type", "the media type", streamed(RIGHT, content_type="text/event-stream")),
    holds("stream.content-type", "with a charset, in capitals", streamed(RIGHT, content_type="Text/Event-Stream;charset=UTF-8")),
    breaks("stream.content-type", "text/plain", streamed(RIGHT, content_type="text/plain"), at="Content-Type", actual="text/plain"),
    breaks("stream.content-type", "application/json", streamed(RIGHT, content_type="application/json"), at="Content-Type"),
    breaks("stream.content-type", "none", streamed(RIGHT, content_type=None), at="Content-Type", actual="none"),
    holds("stream.complete", "the end", streamed(RIGHT)),
    holds("stream.complete", "held open after [DONE]", streamed(RIGHT, ended=Ended.HELD_OPEN, kept=Kept(arrival=False))),
    breaks("stream.complete", "cut in the middle", streamed(RIGHT[:300], ended=Ended.CUT), at="byte 300 of the body", actual="cut"),
    breaks("stream.complete", "reset, with its reason", streamed(RIGHT[:300], ended=Ended.RESET, detail="reset by peer"), at="byte 300 of the body", actual="reset by peer"),
    breaks("stream.complete", "hanging", streamed(NO_DONE, ended=Ended.TIMEOUT), at=f"byte {len(NO_DONE)} of the body", actual="timeout"),
    breaks("stream.complete", "endless", streamed(NO_DONE, ended=Ended.TOO_LARGE), at=f"byte {len(NO_DONE)} of the body", actual="too-large"),
    breaks("stream.complete", "cut before the first byte", streamed(b"", ended=Ended.CUT), at="byte 0 of the body"),
    breaks("stream.complete", "cut after [DONE]", streamed(RIGHT, ended=Ended.CUT), at=f"byte {len(RIGHT)} of the body", outcome=WARN),
    holds("stream.closes", "the end", streamed(RIGHT)),
    breaks("stream.closes", "held open", streamed(RIGHT, ended=Ended.HELD_OPEN), at="behind [DONE]", outcome=WARN),
    holds("stream.utf8", "UTF-8", streamed([role_chunk(), a_chunk({"content": "caf\xe9 \u6f22 \U0001f600 \u2028"}), finish_chunk()])),
    breaks("stream.utf8", "a byte that is none", streamed(inserted(data(a_chunk()).replace(b"OK", b"O\xff"))), at=f"byte {len(data(role_chunk())) + data(a_chunk()).index(b'OK') + 1} of the body"),
    holds("stream.no-bom", "no mark", streamed(RIGHT)),
    breaks("stream.no-bom", "a mark", streamed(b"\xef\xbb\xbf" + RIGHT), at="byte 0 of the body", outcome=WARN),
    holds("stream.events-separated", "blank lines", streamed(RIGHT)),
    holds("stream.events-separated", "JSON over several data lines", streamed(inserted(b"data: {\ndata: " + written(a_chunk())[1:].encode() + b"\n\n"))),
    breaks("stream.events-separated", "single line feeds", streamed(SINGLE), at="byte 0 of the body", actual="5 data lines in one event"),
    breaks("stream.events-separated", "single line feeds, closed", streamed(SINGLE + b"\n"), at="byte 0 of the body"),
    breaks("stream.events-separated", "two events glued", streamed(inserted(data(a_chunk())[:-1] + data(a_chunk()))), at=f"byte {len(data(role_chunk()))} of the body", actual="2 data lines in one event"),
    breaks("stream.events-separated", "[DONE] glued to the last chunk", streamed(NO_DONE[:-1] + DONE), at=f"byte {NO_DONE.rindex(b'data:')} of the body"),
    holds("stream.event-json", "objects", streamed(RIGHT)),
    breaks("stream.event-json", "text", streamed(inserted(b"data: ping\n\n")), at="event 2", actual="Expecting value at character 0: 'ping'"),
    breaks("stream.event-json", "an array", streamed(inserted(b"data: []\n\n")), at="event 2", actual="list: '[]'"),
    breaks("stream.event-json", "JSON that breaks off", streamed(inserted(b'data: {"id":\n\n')), at="event 2"),
    breaks("stream.event-json", "NaN", streamed(inserted(data(a_chunk()).replace(b'"logprobs": null', b'"logprobs": {"content": [{"token": "a", "logprob": NaN, "bytes": null, "top_logprobs": []}], "refusal": null}'))), at="event 2", actual="NaN"),
    holds("stream.event-not-empty", "data in each", streamed(RIGHT)),
    holds("stream.event-not-empty", "a comment as keep-alive", streamed(inserted(b": ping\n\n"))),
    breaks("stream.event-not-empty", "an empty heartbeat", streamed(inserted(b"data:\n\n")), at="event 2"),
    breaks("stream.event-not-empty", "a named heartbeat", streamed(inserted(b"event: ping\ndata: \n\n")), at="event 2"),
    holds("stream.blocks-carry-data", "data in each", streamed(RIGHT)),
    breaks("stream.blocks-carry-data", "retry alone", streamed(b"retry: 5000\n\n" + RIGHT), at="byte 0 of the body", actual="only retry:", outcome=WARN),
    breaks("stream.blocks-carry-data", "event alone", streamed(inserted(b"event: ping\n\n")), at=f"byte {len(data(role_chunk()))} of the body", actual="only event:", outcome=WARN),
    breaks("stream.blocks-carry-data", "id alone", streamed(inserted(b"id: 7\n\n")), at=f"byte {len(data(role_chunk()))} of the body", actual="only id:", outcome=WARN),
    holds("stream.data-only", "data", streamed(RIGHT)),
    holds("stream.data-only", "an error may be named", told([role_chunk(), b"event: error\n" + data(ERROR)])),
    breaks("stream.data-only", "an id", streamed(inserted(b"id: 7\n" + data(a_chunk()))), at="event 2", actual="id: as well", outcome=NOTE),
    breaks("stream.data-only", "a name", streamed(inserted(b"event: message\n" + data(a_chunk()))), at="event 2", actual="event: as well", outcome=NOTE),
    breaks("stream.data-only", "a name that clients wrap", streamed(inserted(b"event: thread.run\n" + data(a_chunk()))), at="event 2", actual="event: thread.run", outcome=WARN),
    holds("stream.no-bare-json", "events", streamed(RIGHT)),
    holds("stream.no-bare-json", "another name", streamed(inserted(b"foo: {}\n" + data(a_chunk())))),
    holds("stream.no-bare-json", "a line that is no JSON", streamed(inserted(b"{not: json}\n" + data(a_chunk())))),
    breaks("stream.no-bare-json", "an error", streamed(inserted(b'{"error": {"message": "x"}}\n\n')), at=f"byte {len(data(role_chunk()))} of the body", actual='{"error": {"message": "x"}}'),
    breaks("stream.no-bare-json", "an error at the end", streamed(a_stream(text_chunks()[:2], done=b'{"error": {"message": "x"}}\n\n')), at=f"byte {len(a_stream(text_chunks()[:2], done=b''))} of the body"),
    holds("stream.field-names", "data", streamed(RIGHT)),
    holds("stream.field-names", "other names", streamed(inserted(b"foo: bar\n" + data(a_chunk())))),
    breaks("stream.field-names", "a capital", streamed(inserted(b"D" + data(a_chunk())[1:])), at=f"byte {len(data(role_chunk()))} of the body"),
    breaks("stream.field-names", "a space before", streamed(inserted(b" " + data(a_chunk()))), at=f"byte {len(data(role_chunk()))} of the body"),
    breaks("stream.field-names", "a space behind", streamed(inserted(data(a_chunk()).replace(b"data:", b"data :", 1))), at=f"byte {len(data(role_chunk()))} of the body"),
    breaks("stream.field-names", "all of them", streamed(RIGHT.replace(b"data:", b"DATA:")), at=("byte 0 of the body", f"byte {len(data(role_chunk()))} of the body", f"byte {len(a_stream(text_chunks()[:2], done=b''))} of the body")),
    holds("stream.done", "[DONE]", streamed(RIGHT)),
    breaks("stream.done", "none", streamed(NO_DONE), at="end of the stream", actual="the end of the body after 4 events"),
    holds("stream.done-once", "once", streamed(RIGHT)),
    breaks("stream.done-once", "three times", streamed(RIGHT + DONE + DONE), at=("event 6", "event 7"), actual="[DONE] again"),
    holds("stream.done-last", "last", streamed(RIGHT)),
    holds("stream.done-last", "comments and blank lines behind it", streamed(RIGHT + b"\n: bye\n\n")),
    breaks("stream.done-last", "a chunk behind it", streamed(RIGHT + data(a_chunk(choices=[]))), at="event 6"),
    holds("stream.done-exact", "[DONE]", streamed(RIGHT)),
    breaks("stream.done-exact", "small letters", streamed(a_stream(done=b"data: [done]\n\n")), at="event 5", actual="'[done]'"),
    breaks("stream.done-exact", "a space", streamed(a_stream(done=b"data:  [DONE]\n\n")), at="event 5", actual="' [DONE]'"),
    breaks("stream.done-exact", "no brackets", streamed(a_stream(done=b"data: DONE\n\n")), at="event 5", actual="'DONE'"),
    holds("stream.last-event-terminated", "a blank line", streamed(RIGHT)),
    breaks("stream.last-event-terminated", "none after [DONE]", streamed(RIGHT[:-1]), at=f"byte {RIGHT.index(DONE)} of the body", outcome=NOTE),
    breaks("stream.last-event-terminated", "nothing after [DONE]", streamed(RIGHT[:-2]), at=f"byte {RIGHT.index(DONE)} of the body", outcome=NOTE),
    breaks("stream.last-event-terminated", "none after the last chunk", streamed(NO_DONE[:-1]), at=f"byte {NO_DONE.rindex(b'data:')} of the body"),
    breaks("stream.last-event-terminated", "a half chunk", streamed(NO_DONE[:-30]), at=f"byte {NO_DONE.rindex(b'data:')} of the body"),
    holds("stream.incremental", "spread over time", streamed(many(), at=SLOWLY)),
    breaks("stream.incremental", "all at the end", streamed(many(), at=(3.0,)), at="arrival times", outcome=WARN),
    breaks("stream.incremental", "nearly all at the end", streamed(many(), at=(3.0, 3.01, 3.02)), at="arrival times", outcome=WARN),
    holds("stream.not-empty", "chunks", streamed(RIGHT)),
    breaks("stream.not-empty", "[DONE] alone", streamed(DONE), at="body", actual="1 events, none with a choice"),
    breaks("stream.not-empty", "nothing", streamed(b""), at="body", actual="0 events, none with a choice"),
    breaks("stream.not-empty", "comments alone", streamed(b": hello\n\n"), at="body"),
    breaks("stream.not-empty", "chunks without choices", streamed([a_chunk(choices=[])]), at="body", actual="2 events, none with a choice"),
    holds("stream.error-shape", "an error object", told([role_chunk(), ERROR])),
    holds("stream.error-shape", "whatever, where the profile does not say", told([role_chunk(), {"error": "overloaded"}]), profile=with_errors(in_stream=(Shape.UNKNOWN,))),
    breaks("stream.error-shape", "a text", told([role_chunk(), {"error": "overloaded"}]), at="event 2", outcome=WARN),
    breaks("stream.error-shape", "a flat one", told([role_chunk(), b"event: error\n" + data({"message": "overloaded", "type": "x"})]), at="event 2", actual="flat: {'message': 'overloaded', 'type': 'x'}"),
    holds("stream.without-error", "chunks to the end", streamed(RIGHT)),
    breaks("stream.without-error", "an error", streamed([role_chunk(), ERROR]), at="event 2"),
    breaks("stream.without-error", "an error alone", streamed(a_stream([ERROR], done=b"")), at="event 1"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_stream(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


def test_times_are_not_judged_while_requests_are_made_up() -> None:
    """Making them takes the machine's time, and answers wait for it."""
    held_back = replace(streamed(many(), at=(3.0,)), probe="generated.valid")

    assert Outcome.SKIP is finding("stream.incremental", held_back).outcome


@pytest.mark.parametrize(
    ("check", "exchange", "reason", "hindrance"),
    [
        ("stream.done", streamed([role_chunk(), ERROR]), "an error ended the stream", "endpoint"),
        ("stream.done", streamed(DONE), "the stream has no chunks", "endpoint"),
        ("stream.done", streamed(inserted(b"data: x\n\n")), "event 2 is not a JSON", "endpoint"),
        ("stream.done", streamed(a_stream(done=b"data: DONE\n\n")), "misspelt", "endpoint"),
        ("stream.done", streamed(inserted(b"Data: {}\n\n")), "no client reads", "endpoint"),
        ("stream.done", streamed(NO_DONE[:-1]), "lacks its blank line", "endpoint"),
        ("stream.done", streamed(RIGHT[:99], ended=Ended.CUT), "(cut)", "endpoint"),
        ("stream.complete", streamed(RIGHT, ended=Ended.INTERRUPTED), "interrupted", "run"),
        ("stream.complete", unanswered(S), "no answer", "endpoint"),
        ("stream.complete", an_exchange(S, status=500), "status 500", "endpoint"),
        ("stream.incremental", streamed(RIGHT, at=(3.0,)), "only 4 chunks", "model"),
        ("stream.incremental", streamed(many(37), at=SLOWLY), "only 39 chunks", "model"),
        ("stream.incremental", streamed(many(), at=(0.1,)), "too quickly", "model"),
        ("stream.incremental", streamed(many(), at=(0.4,)), "too quickly", "model"),
        ("stream.incremental", streamed(many(), at=(0.3, 0.32, 0.34)), "too quickly", "model"),
        ("stream.not-empty", an_exchange(S, json={}), "without an event stream", "endpoint"),
        ("stream.not-empty", streamed(RIGHT, status=503), "status 503", "endpoint"),
        ("stream.not-empty", streamed([ERROR]), "an error ended", "endpoint"),
        ("stream.utf8", streamed(b""), "the body is empty", "endpoint"),
        ("stream.error-shape", streamed(DONE, status=418), "status 418", "endpoint"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_hinders_streams(check: str, exchange: Exchange, reason: str, hindrance: str) -> None:
    """What cannot be judged is inconclusive and says why."""
    found = finding(check, exchange)

    assert (Outcome.INCONCLUSIVE, hindrance) == (found.outcome, found.hindrance)
    assert reason in found.reason


def test_a_stream_that_somebody_else_broke_off_is_no_failure() -> None:
    """Where a recorder stopped, its traffic ends; that says nothing about the endpoint."""
    found = finding("stream.complete", told(RIGHT[:99], ended=Ended.INTERRUPTED))

    assert (Outcome.SKIP, "nothing to judge: interrupted") == (found.outcome, found.reason)


def test_a_profile_may_have_no_end_marker() -> None:
    """Where the profile says that streams have no [DONE], none is missed."""
    found = finding("stream.done", streamed(NO_DONE), profile=with_streaming(done=Sends.NEVER))

    assert (Outcome.SKIP, "not claimed: the profile says that streams have no [DONE]") == (
        found.outcome,
        found.reason,
    )


@pytest.mark.parametrize(
    ("check", "kept"),
    [
        ("stream.content-type", Kept(headers=False)),
        ("stream.closes", Kept(arrival=False)),
        ("stream.incremental", Kept(arrival=False)),
        ("stream.utf8", Kept(bytes=False)),
        ("stream.no-bom", Kept(bytes=False)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_recording_dropped_is_not_judged(check: str, kept: Kept) -> None:
    """A rule about what the recording does not keep is skipped."""
    body = b"\xef\xbb\xbf" + a_stream([role_chunk(), finish_chunk()]).replace(b"tiny", b"t\xff")
    x = streamed(body, kept=kept, ended=Ended.HELD_OPEN, content_type=None)

    assert Outcome.SKIP is finding(check, x).outcome


def test_no_error_in_a_stream_is_not_judged_and_not_missed() -> None:
    """The shape of an error cannot be judged where none came."""
    found = finding("stream.error-shape", streamed(RIGHT))

    assert (Outcome.SKIP, None) == (found.outcome, found.hindrance)
    assert Hindrance.RECORDING is found.unjudged[0][1].hindrance


def test_a_real_failure_in_other_peoples_traffic_is_not_judged() -> None:
    """An error in a stream that we did not ask for may have been a real failure."""
    found = finding("stream.without-error", told([role_chunk(), ERROR]), foreign=True)

    assert (Outcome.SKIP, ()) == (found.outcome, found.judged)
