"""One cause, one failure: whatever is damaged in an otherwise right run, exactly one check fails for it."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Ended, Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import Cause
from tests.builders import (
    ANSWERED,
    DONE,
    FAIL,
    GONE,
    Value,
    a_choice,
    a_chunk,
    a_completion,
    a_message,
    a_right_run,
    a_stream,
    an_error,
    an_exchange,
    calling,
    changed,
    data,
    findings,
    finish_chunk,
    of_a_right_run,
    role_chunk,
    stating,
    text_chunks,
    tool_chunks,
    troubled,
    unanswered,
    usage_chunk,
    with_auth,
    written,
)

PLAIN, STREAM, USAGE = "chat.basic", "chat.stream.basic", "chat.stream.usage"
LIST, MISTAKE, REFUSED = "models.list", "errors.missing-model", "errors.stream.unknown-model"
CALL, CALLS = "tools.required", "tools.stream.required"
PAGE = b"<!doctype html><html><title>502 Bad Gateway</title></html>"
RIGHT = a_stream()
LATIN = written(a_completion(choices=[a_choice(a_message("\xc7a va."))])).encode("latin-1")


def everywhere(pointer: str, value: Value) -> bytes:
    """A stream with another value on every chunk."""
    return a_stream([changed(chunk, (pointer, value)) for chunk in text_chunks()])


def without(*numbers: int) -> bytes:
    """A stream that lacks some of its chunks."""
    return a_stream([c for n, c in enumerate(text_chunks(), 1) if n not in numbers])


OPTIONAL = {
    "chat.response.annotations",
    "chat.response.audio",
    "chat.response.function-call",
    "chat.response.service-tier",
    "chat.response.system-fingerprint",
    "chat.response.usage-bounds",
    "chat.response.usage-details",
    "chunk.function-call",
    "chunk.refusal",
    "chunk.service-tier",
    "chunk.system-fingerprint",
}
"""Checks of what an answer may do without, and the right ones here do."""

DAMAGED = {
    "no answer": (unanswered(PLAIN), "http.answered"),
    "no answer to a stream": (unanswered(STREAM, ended=Ended.RESET), "http.answered"),
    "no answer to a mistake": (unanswered(MISTAKE), "http.answered"),
    "a cut completion": (an_exchange(PLAIN, body=b'{"id": "x", ', ended=Ended.CUT), "http.body-complete"),
    "a cut list": (an_exchange(LIST, body=b'{"obj', ended=Ended.CUT), "http.body-complete"),
    "a cut refusal": (an_exchange(MISTAKE, body=b'{"err', ended=Ended.CUT), "http.body-complete"),
    "a page for a completion": (an_exchange(PLAIN, status=502, body=PAGE, content_type="text/html"), "chat.basic.accepted"),
    "a page with status 200": (an_exchange(PLAIN, body=PAGE, content_type="text/html"), "chat.response.content-type"),
    "500 for a completion": (an_exchange(PLAIN, status=500, json=an_error()), "chat.basic.accepted"),
    "400 for a completion": (an_exchange(PLAIN, status=400, json=an_error()), "chat.basic.accepted"),
    "500 for a stream": (an_exchange(STREAM, status=500, json=an_error()), "stream.accepted"),
    "400 for a stream": (an_exchange(STREAM, status=400, json=an_error()), "stream.accepted"),
    "400 for a stream with a call": (an_exchange(CALLS, status=400, json=an_error()), "parity.status"),
    "404 for the next turn": (an_exchange("turn.own-message", status=400, json=an_error()), "turn.own-message"),
    "500 for a mistake": (an_exchange(MISTAKE, status=500, json=an_error()), "errors.no-server-error"),
    "a page with 500 for a mistake": (an_exchange(MISTAKE, status=500, body=PAGE, content_type="text/html"), "errors.no-server-error"),
    "nothing with 500 for a mistake": (an_exchange(MISTAKE, status=500, body=b"", content_type=None), "errors.no-server-error"),
    "500 for a wrong key": (an_exchange("auth.wrong-key", status=500, body=PAGE, content_type="text/html"), "errors.no-server-error"),
    "500 for an unknown model": (an_exchange("models.retrieve.unknown", status=500, json=an_error()), "errors.no-server-error"),
    "200 for a mistake": (an_exchange(MISTAKE, status=200, json=a_completion()), "errors.missing-model"),
    "an error with 200 for a mistake": (an_exchange(MISTAKE, status=200, json=an_error()), "errors.missing-model"),
    "a stream for a mistake": (an_exchange(REFUSED, status=200, stream=RIGHT), "errors.unknown-model"),
    "an error event for a mistake": (an_exchange(REFUSED, status=200, stream=[an_error()]), "errors.stream-as-json"),
    "an empty stream for a mistake": (an_exchange(REFUSED, status=200, stream=DONE), "errors.stream-as-json"),
    "an HTML refusal": (an_exchange(MISTAKE, body=PAGE, content_type="text/html"), "errors.not-html"),
    "a page for a list": (an_exchange(LIST, body=PAGE, content_type="text/html"), "models.list-shape"),
    "an array for a list": (an_exchange(LIST, json=[]), "models.list-shape"),
    "an empty stream declared as JSON": (an_exchange(STREAM, body=b""), "stream.not-empty"),
    "nothing with 200 for an unknown model": (an_exchange("models.retrieve.unknown", status=200, body=b""), "models.retrieve-unknown"),
    "a refusal in plain text": (an_exchange(MISTAKE, body=b"no model", content_type="text/plain"), "errors.shape"),
    "a refusal without a body": (an_exchange(MISTAKE, body=b"", content_type=None), "errors.shape"),
    "a refusal of another shape": (an_exchange(MISTAKE, status=422, json={"detail": [{"msg": "no"}]}), "errors.shape"),
    "a flat refusal": (an_exchange(MISTAKE, json={"message": "no", "code": 7}), "errors.shape"),
    "a refusal whose JSON breaks off": (an_exchange(MISTAKE, body=b'{"error": '), "http.json.valid"),
    "a refusal with a stack trace": (an_exchange(MISTAKE, json=an_error(message="Traceback (most recent call last):\n")), "errors.no-internals"),
    "an empty refusal object": (an_exchange(MISTAKE, json={"error": {"type": "t", "code": None, "param": None}}), "errors.message"),
    "a model that is made up": (an_exchange("models.retrieve.unknown", status=200, json={"id": "x", "object": "model", "created": 1, "owned_by": "x"}), "models.retrieve-unknown"),
    "a completion that is not JSON": (an_exchange(PLAIN, body=b"{'id': 'x'}"), "http.json.valid"),
    "a completion that is empty": (an_exchange(PLAIN, body=b""), "http.json.valid"),
    "a completion that is empty and undeclared": (an_exchange(PLAIN, body=b"", content_type=None), "chat.response.not-an-error"),
    "a completion in plain text": (an_exchange(PLAIN, content_type="text/plain"), "chat.response.content-type"),
    "a completion that is an error": (an_exchange(PLAIN, json=an_error()), "chat.response.not-an-error"),
    "a completion that is a stream": (an_exchange(PLAIN, stream=RIGHT), "chat.response.not-an-error"),
    "a completion that is a stream declared as JSON": (an_exchange(PLAIN, body=RIGHT), "chat.response.not-an-error"),
    "a completion that is an array": (an_exchange(PLAIN, json=[]), "chat.response.not-an-error"),
    "a completion in Latin-1": (an_exchange(PLAIN, body=LATIN), "http.json.utf8"),
    "a completion without choices": (an_exchange(PLAIN, json=a_completion(choices=[])), "chat.response.choice-count"),
    "a completion with choices null": (an_exchange(PLAIN, json=a_completion(choices=None)), "chat.response.choices"),
    "a completion without a message": (an_exchange(PLAIN, json=changed(a_completion(), ("/choices/0/message", GONE))), "chat.response.message"),
    "a made-up finish reason": (an_exchange(PLAIN, json=changed(a_completion(), ("/choices/0/finish_reason", "eos"))), "chat.response.finish-reason"),
    "an index from one": (an_exchange(PLAIN, json=changed(a_completion(), ("/choices/0/index", 1))), "chat.response.choice-index"),
    "milliseconds": (an_exchange(PLAIN, json=a_completion(created=1_780_000_000_000)), "chat.response.created-in-seconds"),
    "tool_calls without calls": (an_exchange("tools.auto", json=changed(calling(), ("/choices/0/message/tool_calls", GONE))), "chat.response.finish-without-tool-calls"),
    "arguments that are an object": (an_exchange(CALL, json=changed(calling(), ("/choices/0/message/tool_calls/0/function/arguments", {}))), "chat.response.tool-calls"),
    "a completion for a stream": (an_exchange(STREAM, status=200, json=a_completion()), "stream.answers-with-events"),
    "an error with 200 for a stream": (an_exchange(STREAM, status=200, json=an_error()), "stream.answers-with-events"),
    "a page for a stream": (an_exchange(STREAM, status=200, body=PAGE, content_type="text/html"), "stream.answers-with-events"),
    "a stream declared as JSON": (an_exchange(STREAM, stream=RIGHT, content_type="application/json"), "stream.content-type"),
    "a stream undeclared": (an_exchange(STREAM, stream=RIGHT, content_type=None), "stream.content-type"),
    "a stream cut in an event": (an_exchange(STREAM, stream=RIGHT[:400], ended=Ended.CUT), "stream.complete"),
    "a stream cut between events": (an_exchange(STREAM, stream=a_stream(text_chunks()[:2], done=b""), ended=Ended.CUT), "stream.complete"),
    "a stream cut before its first byte": (an_exchange(STREAM, stream=b"", ended=Ended.CUT), "stream.complete"),
    "a stream that hangs": (an_exchange(USAGE, stream=a_stream(text_chunks(), done=b""), ended=Ended.TIMEOUT), "stream.complete"),
    "an endless stream": (an_exchange(STREAM, stream=a_stream([a_chunk()] * 999, done=b""), ended=Ended.TOO_LARGE), "stream.complete"),
    "an empty stream": (an_exchange(STREAM, stream=b""), "stream.not-empty"),
    "a stream of [DONE]": (an_exchange(STREAM, stream=DONE), "stream.not-empty"),
    "a stream of usage alone": (an_exchange(USAGE, stream=[usage_chunk()]), "stream.not-empty"),
    "single line feeds": (an_exchange(STREAM, stream=RIGHT.replace(b"\n\n", b"\n")), "stream.events-separated"),
    "single line feeds, closed": (an_exchange(STREAM, stream=RIGHT.replace(b"\n\n", b"\n") + b"\n"), "stream.events-separated"),
    "single CRLFs": (an_exchange(STREAM, stream=RIGHT.replace(b"\n\n", b"\r\n")), "stream.events-separated"),
    "DATA for data": (an_exchange(STREAM, stream=RIGHT.replace(b"data:", b"DATA:")), "stream.field-names"),
    "a space before data": (an_exchange(STREAM, stream=RIGHT.replace(b"data:", b" data:")), "stream.field-names"),
    "one line spelt otherwise": (an_exchange(STREAM, stream=RIGHT.replace(b"data:", b"Data:", 1)), "stream.field-names"),
    "an event that is not JSON": (an_exchange(STREAM, stream=[role_chunk(), b"data: {'id'\n\n", finish_chunk()]), "stream.event-json"),
    "a heartbeat without data": (an_exchange(STREAM, stream=[role_chunk(), b"data:\n\n", finish_chunk()]), "stream.event-not-empty"),
    "no [DONE]": (an_exchange(STREAM, stream=a_stream(done=b"")), "stream.done"),
    "[done]": (an_exchange(STREAM, stream=a_stream(done=b"data: [done]\n\n")), "stream.done-exact"),
    "[DONE] twice": (an_exchange(STREAM, stream=RIGHT + DONE), "stream.done-once"),
    "a chunk after [DONE]": (an_exchange(STREAM, stream=RIGHT + data(a_chunk())), "stream.done-last"),
    "no blank line at the end": (an_exchange(STREAM, stream=a_stream(done=b"")[:-1]), "stream.last-event-terminated"),
    "no UTF-8": (an_exchange(STREAM, stream=RIGHT.replace(b"OK", b"\xffK")), "stream.utf8"),
    "an error in a stream": (an_exchange(STREAM, stream=a_stream([role_chunk(), an_error()], done=b"")), "stream.without-error"),
    "an error at once": (an_exchange(STREAM, stream=[an_error()]), "stream.without-error"),
    "no object": (an_exchange(STREAM, stream=everywhere("/object", GONE)), "chunk.object"),
    "the object of a completion": (an_exchange(STREAM, stream=everywhere("/object", "chat.completion")), "chunk.object"),
    "message for delta": (an_exchange(STREAM, stream=a_stream([{**a_chunk(), "choices": [{"index": 0, "message": {"content": "OK."}, "finish_reason": "stop"}]}])), "chunk.delta"),
    "choices null": (an_exchange(STREAM, stream=a_stream([*text_chunks()[:2], a_chunk(choices=None), finish_chunk()])), "chunk.choices"),
    "no id": (an_exchange(STREAM, stream=everywhere("/id", GONE)), "chunk.id"),
    "an id for each chunk": (an_exchange(STREAM, stream=a_stream([{**c, "id": f"chatcmpl-{n}"} for n, c in enumerate(text_chunks())])), "chunk.id-constant"),
    "no role": (an_exchange(STREAM, stream=without(1)), "chunk.role-present"),
    "no finish": (an_exchange(STREAM, stream=without(4)), "chunk.finish-present"),
    "a finish reason that is empty": (an_exchange(STREAM, stream=a_stream([*text_chunks()[:-1], finish_chunk("")])), "chunk.finish-reason"),
    "an index from one, streamed": (an_exchange(STREAM, stream=everywhere("/choices/0/index", 1)), "chunk.choice-count"),
    "call indexes from one": (an_exchange(CALLS, stream=a_stream([changed(c, ("/choices/0/delta/tool_calls/0/index", 1)) if 0 < n < 4 else c for n, c in enumerate(tool_chunks())])), "chunk.tool-index"),
    "a call without index": (an_exchange(CALLS, stream=a_stream([changed(c, ("/choices/0/delta/tool_calls/0/index", GONE)) if 0 < n < 4 else c for n, c in enumerate(tool_chunks())])), "chunk.tool-calls"),
    "a call without id": (an_exchange(CALLS, stream=a_stream([changed(c, ("/choices/0/delta/tool_calls/0/id", GONE)) if n == 1 else c for n, c in enumerate(tool_chunks())])), "chunk.tool-first-delta"),
    "usage of texts": (an_exchange(USAGE, stream=[*text_chunks(), usage_chunk(usage={"prompt_tokens": "9", "completion_tokens": "3", "total_tokens": "12"})]), "chunk.usage"),
}  # fmt: skip


def in_a_right_run(damaged: Exchange) -> list[Exchange]:
    """Every probe answered as it should be, but for one."""
    return [damaged if x.id == damaged.id else x for x in a_right_run()]


@pytest.mark.parametrize(("damaged", "check"), DAMAGED.values(), ids=DAMAGED.keys())
def test_one_cause_makes_one_check_fail(damaged: Exchange, check: str) -> None:
    """Of the whole catalogue only the check that names the cause fails, and none warns."""
    assert {check: FAIL} == troubled(*in_a_right_run(damaged))


ALONE = {name: row for name, row in DAMAGED.items() if not row[1].startswith("parity.")}


@pytest.mark.parametrize(("damaged", "check"), ALONE.values(), ids=ALONE.keys())
def test_one_cause_makes_one_check_fail_alone(damaged: Exchange, check: str) -> None:
    """The same holds where nothing else was sent."""
    assert {check: FAIL} == troubled(damaged)


@pytest.mark.parametrize(("damaged", "check"), DAMAGED.values(), ids=DAMAGED.keys())
def test_no_damage_is_our_error(damaged: Exchange, check: str) -> None:
    """No damage makes a check break, in traffic of other people neither."""
    found = findings(damaged, foreign=True)

    assert [] == [f for f in found.values() if f.outcome is Outcome.ERROR]


def test_a_right_run_has_nothing_to_complain_of() -> None:
    """Where every probe is answered as it should be, nothing fails, warns or is stale."""
    assert {} == troubled(*a_right_run())


def test_a_right_run_exercises_the_catalogue() -> None:
    """A right run leaves unexercised only what needs a failure, slowness, a claim or what may be absent."""
    found = findings(*a_right_run())
    exercised = (Outcome.PASS, Outcome.NOTE)
    idle = {i for i in of_a_right_run() if found[i].outcome not in exercised}

    claims = {"errors.stated-code", "models.id-form", "parity.prompt-repeated"}
    long = {"stream.incremental", "stream.in-pieces"}
    assert {"stream.error-shape"} | long | claims | OPTIONAL == idle


def test_a_run_against_claims_has_nothing_to_complain_of() -> None:
    """What a vendor's page states is met by an endpoint that does it."""
    stated = stating(
        Cause.UNKNOWN_MODEL, statuses=(404,), types=("invalid_request_error",), codes=()
    )

    assert {} == troubled(*a_right_run(), profile=stated)
    assert {} == troubled(*a_right_run(), profile=with_auth(required=True))


@pytest.mark.parametrize("probe", ANSWERED)
def test_no_server_error_goes_unnoticed(probe: str) -> None:
    """Whichever request is answered 500, one check says so."""
    failed = an_exchange(probe, status=500, json=an_error())

    assert 1 == len(troubled(*in_a_right_run(failed)))


@pytest.mark.parametrize("probe", ANSWERED)
def test_no_silence_goes_unnoticed(probe: str) -> None:
    """Whichever request is not answered, http.answered says so and no other check fails."""
    assert {"http.answered": FAIL} == troubled(*in_a_right_run(unanswered(probe)))


@pytest.mark.parametrize("probe", ANSWERED)
def test_no_nonsense_with_200_goes_unnoticed(probe: str) -> None:
    """Whichever request is answered with a page and status 200, one check fails."""
    page = an_exchange(probe, status=200, body=PAGE, content_type="text/html")
    wanted = with_auth(required=True)

    assert 1 == len(troubled(*in_a_right_run(page), profile=wanted))
