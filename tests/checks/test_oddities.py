"""Legal oddities: what differs from the usual and breaks nobody sets off nothing above a note."""

from __future__ import annotations

import json

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import UsagePlace
from tests.builders import (
    DONE,
    GONE,
    PASS,
    Value,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_fragment,
    a_list,
    a_message,
    a_model,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    calling,
    changed,
    findings,
    finish_chunk,
    role_chunk,
    text_chunks,
    tool_chunks,
    tool_stream,
    troubled,
    usage_chunk,
    with_streaming,
    written,
)

PLAIN, STREAM, USAGE = "chat.basic", "chat.stream.basic", "chat.stream.usage"
CALL, CALLS = "tools.required", "tools.stream.required"
MISTAKE = "errors.missing-model"
RIGHT = a_stream()
OPENING = a_fragment(opens=True)
LOGPROB = {
    "token": "OK",
    "logprob": 0.0000001,
    "bytes": None,
    "top_logprobs": [{"token": "OK", "logprob": -9999.0, "bytes": [79]}],
}
CITED = {
    "type": "url_citation",
    "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2},
}


def everywhere(**more: Value) -> list[Value]:
    """The chunks of a right stream with more members on each."""
    return [{**chunk, **more} for chunk in text_chunks()]


def with_usage_null(*chunks: Value) -> list[Value]:
    """Chunks that say ``usage: null``, as OpenAI's do when usage was asked for."""
    return [{**chunk, "usage": None} for chunk in chunks]


PLAIN_ODDITIES = {
    "pretty-printed": an_exchange(PLAIN, body=json.dumps(a_completion(), indent=4).encode()),
    "white space before and behind": an_exchange(PLAIN, body=b"\r\n\t " + written(a_completion()).encode() + b"\n\n"),
    "characters escaped": an_exchange(PLAIN, body=json.dumps(a_completion(model="caf\xe9 \U0001f600")).encode()),
    "members in another order": an_exchange(PLAIN, json=dict(reversed(a_completion().items()))),
    "more members everywhere": an_exchange(PLAIN, json=a_completion(x=1, provider="acme", metadata={}, choices=[a_choice(a_message(x={}, reasoning="because"), native_finish_reason="STOP")], usage=a_usage(cost=0.1, queue_time=3.5))),
    "content_filter_results": an_exchange(PLAIN, json=a_completion(prompt_filter_results=[], choices=[a_choice(content_filter_results={})])),
    "reasoning_content": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message("OK.", reasoning_content="Hm."))])),
    "another id": an_exchange(PLAIN, json=a_completion(id="gen-1780000000-x/y:z")),
    "a dated model": an_exchange(PLAIN, json=a_completion(model="openai/tiny-2026-11-20:free")),
    "an empty model": an_exchange(PLAIN, json=a_completion(model="")),
    "a time of 1970": an_exchange(PLAIN, json=a_completion(created=0)),
    "no refusal": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(refusal=GONE))])),
    "no logprobs": an_exchange(PLAIN, json=a_completion(choices=[a_choice(logprobs=GONE)])),
    "logprobs": an_exchange(PLAIN, json=a_completion(choices=[a_choice(logprobs={"content": [LOGPROB], "refusal": None})])),
    "logprobs of nothing": an_exchange(PLAIN, json=a_completion(choices=[a_choice(logprobs={"content": None, "refusal": None})])),
    "annotations": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(annotations=[CITED]))])),
    "annotations of another kind": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(annotations=[{"type": "file", "file": {}}]))])),
    "no annotations": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(annotations=[]))])),
    "empty content": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(""))])),
    "a refusal": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(None, refusal="I will not."))])),
    "cut by the filter": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(None), finish="content_filter")])),
    "cut by the limit": an_exchange(PLAIN, json=a_completion(choices=[a_choice(finish="length")], usage=a_usage(9, 16))),
    "cut by the limit before the first word": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(""), finish="length")])),
    "null for no calls": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(tool_calls=None, function_call=None, audio=None))])),
    "an empty list for no calls": an_exchange(PLAIN, json=a_completion(choices=[a_choice(a_message(tool_calls=[]))])),
    "usage with all details": an_exchange(PLAIN, json=a_completion(usage=a_usage(prompt_tokens_details={"cached_tokens": 9, "audio_tokens": 0, "x": 1}, completion_tokens_details={"reasoning_tokens": 3, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}))),
    "usage with empty details": an_exchange(PLAIN, json=a_completion(usage=a_usage(prompt_tokens_details={}, completion_tokens_details={}))),
    "usage with null details": an_exchange(PLAIN, json=a_completion(usage=a_usage(prompt_tokens_details=None, completion_tokens_details={"reasoning_tokens": None}))),
    "more rejected than answered": an_exchange(PLAIN, json=a_completion(usage=a_usage(completion_tokens_details={"rejected_prediction_tokens": 99}))),
    "a tier nobody lists": an_exchange(PLAIN, json=a_completion(service_tier="on_demand")),
    "tier and fingerprint null": an_exchange(PLAIN, json=a_completion(service_tier=None, system_fingerprint=None)),
    "two choices, permuted": an_exchange(PLAIN, asks={"n": 2}, json=a_completion(choices=[a_choice(index=1), a_choice(index=0)])),
    "finish_details of 2023": an_exchange(PLAIN, json=changed(a_completion(), ("/choices/0/finish_reason", GONE), ("/choices/0/finish_details", {"type": "max_tokens"}))),
    "header names in capitals": an_exchange(PLAIN, content_type=None, headers=(("CONTENT-TYPE", "application/json"),)),
    "a charset": an_exchange(PLAIN, content_type='application/json ; charset="UTF-8"'),
    "a vendor's JSON": an_exchange(PLAIN, content_type="application/vnd.acme.chat+json"),
    "headers of other people": an_exchange(PLAIN, headers=(("Server", "x"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("X-Request-Id", ""), ("Content-Encoding", "identity"))),
    "status 201": an_exchange("chat.system", status=201),
    "an error member that is null": an_exchange(PLAIN, json=a_completion(error=None)),
    "a call, content null": an_exchange(CALL, json=calling()),
    "a call beside content": an_exchange(CALL, json=changed(calling(), ("/choices/0/message/content", "Let me see."))),
    "a call, content empty": an_exchange(CALL, json=changed(calling(), ("/choices/0/message/content", ""))),
    "two calls of the same function": an_exchange(CALL, json=calling(a_call(0), a_call(1))),
    "ids of any form": an_exchange(CALL, json=calling(a_call(id="0"), a_call(id="functions.get_weather:1"))),
    "arguments pretty-printed": an_exchange(CALL, json=calling(a_call(function={"name": "get_weather", "arguments": '{\n  "city": "Paris"\n}\n'}))),
    "no arguments": an_exchange(CALL, json=calling(a_call(function={"name": "get_weather", "arguments": "{}"}))),
    "an index on a call": an_exchange(CALL, json=calling(a_call(index=0))),
    "length beside incomplete arguments": an_exchange(CALL, json=calling(a_call(function={"name": "get_weather", "arguments": '{"ci'}), finish="length")),
    "a named tool and stop": an_exchange("tools.named", json=calling(finish="stop")),
    "a named tool and tool_calls": an_exchange("tools.named"),
    "a forced call that did not come": an_exchange(CALL, json=a_completion()),
}  # fmt: skip

ONE_LINE_ENDS = {"CRLF": b"\r\n", "CR": b"\r"}
STREAM_ODDITIES = {
    **{name: an_exchange(STREAM, stream=RIGHT.replace(b"\n", end)) for name, end in ONE_LINE_ENDS.items()},
    "line ends mixed": an_exchange(STREAM, stream=RIGHT.replace(b"\n\n", b"\r\n\n", 1).replace(b"[DONE]\n\n", b"[DONE]\r\r")),
    "comments anywhere": an_exchange(STREAM, stream=b": hello\n\n" + RIGHT.replace(b"data:", b": ping\n:\ndata:").replace(b"\n\n", b"\n: pong\n\n: pang\n\n")),
    "several comments in a row": an_exchange(STREAM, stream=[role_chunk(), b": a\n: b\n\n:\n\n", a_chunk(), finish_chunk()]),
    "comments after [DONE]": an_exchange(STREAM, stream=RIGHT + b": bye\n\n"),
    "blank lines doubled": an_exchange(STREAM, stream=b"\n\n" + RIGHT.replace(b"\n\n", b"\n\n\n\n")),
    "no space after the colon": an_exchange(STREAM, stream=RIGHT.replace(b"data: ", b"data:")),
    "an object over several data lines": an_exchange(STREAM, stream=b"".join(b"data: " + json.dumps(c, indent=1).replace("\n", "\ndata: ").encode() + b"\n\n" for c in text_chunks()) + DONE),
    "unknown fields": an_exchange(STREAM, stream=RIGHT.replace(b"data:", b"trace: 7\nbare\ndata:")),
    "event and id fields": an_exchange(STREAM, stream=RIGHT.replace(b"data:", b"event: message\nid: 7\ndata:")),
    "line separators in text": an_exchange(STREAM, stream=[role_chunk(), a_chunk({"content": "a\u2028b\u2029c\x85d\x0be\x0cf"}), finish_chunk()]),
    "no blank line after [DONE]": an_exchange(STREAM, stream=RIGHT[:-1]),
    "no line end after [DONE]": an_exchange(STREAM, stream=RIGHT[:-2]),
    "JSON with white space": an_exchange(STREAM, stream=RIGHT.replace(b"data: {", b"data:   { ").replace(b"}\n", b" }  \n")),
    "more members everywhere": an_exchange(STREAM, stream=everywhere(x=1, provider="acme", obfuscation="aB3", service_tier="default", system_fingerprint=None)),
    "obfuscation that is empty": an_exchange(STREAM, stream=everywhere(obfuscation="")),
    "an error member that is null": an_exchange(STREAM, stream=everywhere(error=None)),
    "usage null, unasked": an_exchange(STREAM, stream=with_usage_null(*text_chunks())),
    "usage null on the other chunks": an_exchange(USAGE, stream=[*with_usage_null(*text_chunks()), usage_chunk()]),
    "usage without null before it": an_exchange(USAGE, stream=[*text_chunks(), usage_chunk()]),
    "usage on the finish": an_exchange(USAGE, stream=[*text_chunks()[:-1], finish_chunk(usage=a_usage())]),
    "usage on every chunk": an_exchange(USAGE, stream=[{**c, "usage": a_usage()} for c in text_chunks()]),
    "usage unasked": an_exchange(STREAM, stream=[*text_chunks(), usage_chunk()]),
    "usage with more": an_exchange(USAGE, stream=[*text_chunks(), usage_chunk(usage=a_usage(cost=0.2, prompt_tokens_details={"cached_tokens": 0}))]),
    "a moderation chunk without usage behind it": an_exchange(USAGE, stream=[*text_chunks(), usage_chunk(), a_chunk(choices=[], moderation={})]),
    "role and content in one chunk": an_exchange(STREAM, stream=[a_chunk({"role": "assistant", "content": "OK."}), finish_chunk()]),
    "all in one chunk": an_exchange(STREAM, stream=[a_chunk({"role": "assistant", "content": "OK."}, finish="stop")]),
    "role without content": an_exchange(STREAM, stream=[a_chunk({"role": "assistant"}), a_chunk(), finish_chunk()]),
    "role with content null": an_exchange(STREAM, stream=[a_chunk({"role": "assistant", "content": None, "refusal": None}), a_chunk(), finish_chunk()]),
    "role null afterwards": an_exchange(STREAM, stream=[role_chunk(), a_chunk({"role": None, "content": "OK."}), finish_chunk()]),
    "the finish with the last word": an_exchange(STREAM, stream=[role_chunk(), a_chunk(finish="stop")]),
    "the finish with empty content": an_exchange(STREAM, stream=[role_chunk(), a_chunk(), a_chunk({"content": ""}, finish="stop")]),
    "the finish twice": an_exchange(STREAM, stream=[*text_chunks(), finish_chunk()]),
    "finish_reason absent while open": an_exchange(STREAM, stream=[*(changed(c, ("/choices/0/finish_reason", GONE)) for c in text_chunks()[:-1]), finish_chunk()]),
    "logprobs absent": an_exchange(STREAM, stream=[changed(c, ("/choices/0/logprobs", GONE)) for c in text_chunks()]),
    "logprobs": an_exchange(STREAM, stream=[role_chunk(), changed(a_chunk(), ("/choices/0/logprobs", {"content": [LOGPROB], "refusal": None})), finish_chunk()]),
    "no words at all": an_exchange(STREAM, stream=[role_chunk(), finish_chunk("length")]),
    "one character at a time": an_exchange(STREAM, stream=text_chunks(*"OK. \U0001f600")),
    "empty words between": an_exchange(STREAM, stream=text_chunks("", "OK", "", ".")),
    "reasoning first": an_exchange(STREAM, stream=[role_chunk(), a_chunk({"reasoning_content": "Hm."}), a_chunk(), finish_chunk()]),
    "refusal deltas": an_exchange(STREAM, stream=[role_chunk(), a_chunk({"refusal": "I "}), a_chunk({"refusal": "refuse."}), finish_chunk()]),
    "Azure's opening chunk": an_exchange(STREAM, stream=[a_chunk(choices=[], id="", object="", created=0, model="", prompt_filter_results=[]), *text_chunks()]),
    "an opening chunk without choices": an_exchange(STREAM, stream=[a_chunk(choices=[]), *text_chunks()]),
    "two choices, interleaved": an_exchange(STREAM, asks={"n": 2}, stream=[role_chunk(0), role_chunk(1), a_chunk(index=1), a_chunk(), a_chunk(index=1), finish_chunk(), finish_chunk("length", index=1)]),
    "two choices in one chunk": an_exchange(STREAM, asks={"n": 2}, stream=[a_chunk(choices=[*role_chunk()["choices"], *role_chunk(1)["choices"]]), a_chunk(choices=[*finish_chunk()["choices"], *finish_chunk(index=1)["choices"]])]),
    "a dated model": an_exchange(STREAM, stream=everywhere(model="tiny-2026-11-20")),
    "a charset": an_exchange(STREAM, content_type="text/event-stream;charset=utf-8"),
    "header names in capitals": an_exchange(STREAM, content_type=None, headers=(("CONTENT-TYPE", "TEXT/EVENT-STREAM"),)),
    "an object without a call for null": an_exchange(STREAM, stream=[role_chunk(), a_chunk({"content": "OK.", "tool_calls": None, "function_call": None}), finish_chunk()]),
    "audio that is null": an_exchange(STREAM, stream=[role_chunk(), a_chunk({"content": "OK.", "audio": None}), finish_chunk()]),
    "arguments split inside an escape": an_exchange(CALLS, stream=tool_stream(OPENING, a_fragment('{"city": "Par\\'), a_fragment('u0069s \\u00'), a_fragment('e9"}'))),
    "arguments in one piece": an_exchange(CALLS, stream=tool_stream(a_fragment('{"city": "Paris"}', opens=True))),
    "an empty piece": an_exchange(CALLS, stream=tool_stream(OPENING, a_fragment(""), a_fragment("{}"), a_fragment(""))),
    "type again": an_exchange(CALLS, stream=tool_stream(OPENING, a_fragment("{}", type="function"))),
    "calls one after another": an_exchange(CALLS, stream=tool_stream(a_fragment("{}", opens=True), a_fragment(opens=True, index=1), a_fragment("{}", index=1))),
    "calls interleaved": an_exchange(CALLS, stream=tool_stream(OPENING, a_fragment(opens=True, index=1), a_fragment("{", index=1), a_fragment("{"), a_fragment("}"), a_fragment("}", index=1))),
    "calls opened in one chunk": an_exchange(CALLS, stream=[role_chunk(), a_chunk({"tool_calls": [a_fragment("{}", opens=True), a_fragment("{}", opens=True, index=1)]}), finish_chunk("tool_calls")]),
    "content before a call": an_exchange(CALLS, stream=[role_chunk(), a_chunk(), *tool_chunks()[1:]]),
    "a call in the first chunk": an_exchange(CALLS, stream=[a_chunk({"role": "assistant", "content": None, "tool_calls": [OPENING]}), *tool_chunks()[2:]]),
    "the finish with the last piece": an_exchange(CALLS, stream=[*tool_chunks()[:3], a_chunk({"tool_calls": [a_fragment('"Paris"}')]}, finish="tool_calls")]),
    "length beside incomplete arguments": an_exchange(CALLS, stream=tool_stream(OPENING, a_fragment('{"ci'), finish="length")),
    "a named tool and stop": an_exchange("tools.stream.named", stream=tool_stream(finish="stop")),
    "a custom call": an_exchange(CALLS, stream=tool_stream(a_fragment(opens=True, type="custom", function=GONE, custom={"name": "sh", "input": ""}), a_fragment(function=GONE, custom={"input": "ls"}))),
    "a forced call that did not come": an_exchange(CALLS, stream=text_chunks()),
}  # fmt: skip

OTHER_ODDITIES = {
    "another text": an_exchange(MISTAKE, json=an_error(message="Modell fehlt \u2014 bitte angeben.")),
    "another code": an_exchange(MISTAKE, json=an_error(code="model_missing", type="BadRequestError")),
    "members in another order": an_exchange(MISTAKE, json={"error": dict(reversed(an_error()["error"].items()))}),
    "more members": an_exchange(MISTAKE, json={**an_error(status=400, details=[]), "request_id": "r"}),
    "a param": an_exchange("errors.message-item-type", json=an_error(param="messages[0]", code="invalid_type")),
    "pretty-printed": an_exchange(MISTAKE, body=json.dumps(an_error(), indent=2).encode()),
    "a charset": an_exchange(MISTAKE, content_type="application/json; charset=utf-8"),
    "problem+json": an_exchange(MISTAKE, content_type="application/problem+json"),
    "422 for 400": an_exchange(MISTAKE, status=422),
    "400 for 404": an_exchange("errors.unknown-model", status=400),
    "403 for 401": an_exchange("auth.no-key", status=403),
    "401 with any code": an_exchange("auth.wrong-key", json=an_error(code="conformance_says_no", type="authentication_error")),
    "401 with a masked key": an_exchange("auth.wrong-key", json=an_error(message="Incorrect API key provided: sk-confo****0000.")),
    "404 with nothing": an_exchange("errors.unknown-path", body=b"", content_type=None),
    "404 with nothing, declared": an_exchange("errors.unknown-path", body=b"", content_type="text/plain"),
    "404 without param and code": an_exchange("errors.unknown-path", json={"error": {"message": "no", "type": "x"}}),
    "405 with nothing": an_exchange("errors.wrong-method", body=b"", content_type=None),
    "404 for 405": an_exchange("errors.wrong-method", status=404),
    "a limit": an_exchange(PLAIN, status=429, json=an_error(code="rate_limit_exceeded", type="tokens")),
    "a model with more members": an_exchange("models.list", json=a_list(a_model(permission=[], root="tiny", parent=None, shutdown_date=None))),
    "a list with more members": an_exchange("models.list", json=a_list(has_more=True, last_id="x")),
    "405 for a model": an_exchange("models.retrieve.unknown", status=405),
    "stop after a tool result": an_exchange("turn.tool-result"),
}  # fmt: skip

ALL = [
    pytest.param(exchange, id=f"{area}: {name}")
    for area, oddities in (
        ("plain", PLAIN_ODDITIES),
        ("stream", STREAM_ODDITIES),
        ("other", OTHER_ODDITIES),
    )
    for name, exchange in oddities.items()
]


@pytest.mark.parametrize("exchange", ALL)
def test_a_legal_oddity_sets_off_nothing(exchange: Exchange) -> None:
    """No check of the whole catalogue fails or warns."""
    assert {} == troubled(exchange)


@pytest.mark.parametrize("name", ["CRLF", "CR", "comments anywhere", "no space after the colon"])
def test_an_odd_stream_is_read_like_any_other(name: str) -> None:
    """The rules about chunks are exercised on odd streams as on usual ones."""
    odd, usual = findings(STREAM_ODDITIES[name]), findings(an_exchange(STREAM))

    assert {i for i, f in usual.items() if f.outcome is PASS} == {
        i for i, f in odd.items() if f.outcome is PASS
    }


def test_a_named_event_is_worth_a_note() -> None:
    """What is legal and unusual is noted, no more."""
    found = findings(STREAM_ODDITIES["event and id fields"])

    assert {"stream.data-only"} == {i for i, f in found.items() if f.outcome is Outcome.NOTE}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("usage on the finish", UsagePlace.FINISH_CHUNK),
        ("usage on every chunk", UsagePlace.EVERY_CHUNK),
    ],
    ids=str,
)
def test_a_claimed_oddity_is_not_even_noted(name: str, place: UsagePlace) -> None:
    """What a profile says of its streams is what is expected of them."""
    profile = with_streaming(usage_places=(place,))
    found = findings(STREAM_ODDITIES[name], profile=profile)

    assert set() == {i for i, f in found.items() if f.outcome is Outcome.NOTE}
