"""The checks of the chat completion object."""

from __future__ import annotations

import pytest

from conformance.checks.chat.fields import FIELDS
from conformance.model.exchange import Ended, Kept
from conformance.model.finding import Hindrance, Outcome
from tests.builders import (
    FAIL,
    GONE,
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    Value,
    a_call,
    a_choice,
    a_completion,
    a_message,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    calling,
    changed,
    finding,
    holds,
    idle,
    verify,
    with_errors,
)

TOOLS = "tools.required"
M = "/choices/0/message"
LOGPROB = {"token": "OK.", "logprob": -0.1, "bytes": [79, 75, 46], "top_logprobs": []}
CITATION = {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1}
ANNOTATED = a_completion(
    choices=[a_choice(a_message(annotations=[{"type": "url_citation", "url_citation": CITATION}]))]
)
AUDIO = {"id": "audio_1", "data": "AAAA", "expires_at": 1_780_000_000, "transcript": "OK."}
SPOKEN = a_completion(choices=[a_choice(a_message(None, audio=AUDIO))])
SCORED = a_completion(choices=[a_choice(logprobs={"content": [LOGPROB], "refusal": None})])
OLD = a_completion(
    choices=[
        a_choice(
            a_message(None, function_call={"name": "f", "arguments": "{}"}), finish="function_call"
        )
    ]
)
DETAILED = a_completion(
    usage=a_usage(
        prompt_tokens_details={"cached_tokens": 4},
        completion_tokens_details={"reasoning_tokens": 1},
    )
)


def right(check: str, name: str, *changes: tuple[str, Value], of: Value = None) -> Case:
    """A completion that has a field in a form that is right."""
    value = a_completion() if of is None else of
    tools = "tool-call" in check or "tool_calls" in str(value)
    probe = TOOLS if tools else "chat.basic"
    return holds(check, name, an_exchange(probe, json=changed(value, *changes)))


def lacking(check: str, name: str, *changes: tuple[str, Value]) -> Case:
    """A completion that does without a field, as it may."""
    return idle(check, name, an_exchange(json=changed(a_completion(), *changes)))


def wrong(
    check: str,
    pointer: str,
    value: Value,
    *,
    of: Value = None,
    at: str | tuple[str, ...] | None = None,
    **how: Value,
) -> Case:
    """A completion that has another value at a pointer, which is where the problem is."""
    base = a_completion() if of is None else of
    told = "absent" if value is GONE else repr(value)[:30]
    exchange = an_exchange(
        TOOLS if "tool_calls" in str(base) else "chat.basic", json=changed(base, (pointer, value))
    )
    return breaks(check, f"{pointer} {told}", exchange, at=pointer if at is None else at, **how)


R = "chat.response"
FIELD_CASES = [
    right(f"{R}.choices", "an array of objects"),
    wrong(f"{R}.choices", "/choices", {}, actual="{} (object)"),
    wrong(f"{R}.choices", "/choices", GONE, actual="absent"),
    wrong(f"{R}.choices", "/choices", None, actual="null"),
    wrong(f"{R}.choices", "/choices/0", "OK.", actual='"OK." (string)'),
    right(f"{R}.id", "a string of any form", ("/id", "0190f7a2-uuid")),
    wrong(f"{R}.id", "/id", GONE),
    wrong(f"{R}.id", "/id", 7, actual="7 (integer)"),
    wrong(f"{R}.id", "/id", None),
    wrong(f"{R}.id", "/id", "", outcome=WARN),
    right(f"{R}.object", "the constant"),
    wrong(f"{R}.object", "/object", GONE),
    wrong(f"{R}.object", "/object", "chat.completion.chunk", actual='"chat.completion.chunk"'),
    wrong(f"{R}.object", "/object", "text_completion"),
    right(f"{R}.created", "an integer", ("/created", 0)),
    wrong(f"{R}.created", "/created", GONE),
    wrong(f"{R}.created", "/created", 1_780_000_000.5, actual="1780000000.5 (number)"),
    wrong(f"{R}.created", "/created", 1_780_000_000.0),
    wrong(f"{R}.created", "/created", "2026-11-20"),
    wrong(f"{R}.created", "/created", True),
    right(f"{R}.model", "another name than the one asked for", ("/model", "tiny-2026-11-20")),
    wrong(f"{R}.model", "/model", GONE),
    wrong(f"{R}.model", "/model", None),
    right(f"{R}.choice-index", "0"),
    wrong(f"{R}.choice-index", "/choices/0/index", GONE),
    wrong(f"{R}.choice-index", "/choices/0/index", "0"),
    wrong(f"{R}.choice-index", "/choices/0/index", True),
    wrong(f"{R}.choice-index", "/choices/0/index", 1, at="/choices", actual="[1]"),
    wrong(f"{R}.choice-index", "/choices/0/index", -1, at=("/choices/0/index", "/choices")),
    right(
        f"{R}.finish-reason", "a documented value", ("/choices/0/finish_reason", "content_filter")
    ),
    right(
        f"{R}.finish-reason",
        "finish_details, as in 2023",
        ("/choices/0/finish_reason", GONE),
        ("/choices/0/finish_details", {"type": "stop"}),
    ),
    wrong(f"{R}.finish-reason", "/choices/0/finish_reason", GONE),
    wrong(f"{R}.finish-reason", "/choices/0/finish_reason", None),
    wrong(f"{R}.finish-reason", "/choices/0/finish_reason", "eos", actual='"eos"'),
    wrong(f"{R}.finish-reason", "/choices/0/finish_reason", ""),
    right(f"{R}.message", "a message of the assistant"),
    wrong(f"{R}.message", M, GONE),
    wrong(f"{R}.message", M, None),
    wrong(f"{R}.message", f"{M}/role", GONE),
    wrong(f"{R}.message", f"{M}/role", "user"),
    right(f"{R}.content", "text"),
    right(f"{R}.content", "null beside a call", of=calling()),
    right(f"{R}.content", "empty", (f"{M}/content", "")),
    wrong(f"{R}.content", f"{M}/content", GONE),
    wrong(f"{R}.content", f"{M}/content", [{"type": "text", "text": "OK."}]),
    wrong(f"{R}.content", f"{M}/content", GONE, of=calling(), outcome=WARN),
    wrong(f"{R}.content", f"{M}/content", GONE, of=SPOKEN, outcome=WARN),
    wrong(
        f"{R}.content",
        f"{M}/content",
        GONE,
        of=a_completion(choices=[a_choice(finish="length")]),
        outcome=WARN,
    ),
    right(f"{R}.refusal", "text", (f"{M}/refusal", "No."), (f"{M}/content", None)),
    lacking(f"{R}.refusal", "absent", (f"{M}/refusal", GONE)),
    wrong(f"{R}.refusal", f"{M}/refusal", False),
    right(f"{R}.annotations", "a citation", of=ANNOTATED),
    right(f"{R}.annotations", "none", (f"{M}/annotations", [])),
    wrong(f"{R}.annotations", f"{M}/annotations", "none"),
    wrong(f"{R}.annotations", f"{M}/annotations", None, outcome=NOTE),
    wrong(f"{R}.annotations", f"{M}/annotations/0/url_citation/url", GONE, of=ANNOTATED),
    wrong(f"{R}.annotations", f"{M}/annotations/0/type", "file", of=ANNOTATED, outcome=NOTE),
    right(f"{R}.audio", "audio", of=SPOKEN),
    right(f"{R}.audio", "null", (f"{M}/audio", None)),
    wrong(f"{R}.audio", f"{M}/audio/transcript", GONE, of=SPOKEN),
    wrong(f"{R}.audio", f"{M}/audio/expires_at", "soon", of=SPOKEN),
    right(f"{R}.tool-calls", "a call", of=calling()),
    right(
        f"{R}.tool-calls",
        "a custom call",
        of=calling(a_call(type="custom", function=GONE, custom={"name": "sh", "input": "ls"})),
    ),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls", None, outcome=NOTE),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls", "none"),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls/0/id", GONE, of=calling()),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls/0/id", None, of=calling()),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls/0/type", GONE, of=calling()),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls/0/type", "tool", of=calling()),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls/0/function", GONE, of=calling()),
    wrong(f"{R}.tool-calls", f"{M}/tool_calls/0/function/name", GONE, of=calling()),
    wrong(
        f"{R}.tool-calls",
        f"{M}/tool_calls/0/function/arguments",
        {"city": "Paris"},
        of=calling(),
        actual='{"city": "Paris"} (object)',
    ),
    right(f"{R}.function-call", "the old form", of=OLD),
    wrong(f"{R}.function-call", f"{M}/function_call", None, outcome=NOTE),
    wrong(f"{R}.function-call", f"{M}/function_call/arguments", {}, of=OLD),
    right(f"{R}.logprobs", "scores", of=SCORED),
    lacking(f"{R}.logprobs", "absent", ("/choices/0/logprobs", GONE)),
    wrong(f"{R}.logprobs", "/choices/0/logprobs", []),
    wrong(f"{R}.logprobs", "/choices/0/logprobs/refusal", GONE, of=SCORED, outcome=NOTE),
    wrong(f"{R}.logprobs", "/choices/0/logprobs/content/0/bytes", GONE, of=SCORED, outcome=NOTE),
    wrong(f"{R}.logprobs", "/choices/0/logprobs/content", GONE, of=SCORED, outcome=WARN),
    wrong(f"{R}.logprobs", "/choices/0/logprobs/content/0/logprob", "-0.1", of=SCORED),
    wrong(f"{R}.logprobs", "/choices/0/logprobs/content/0/bytes/0", 256, of=SCORED),
    right(f"{R}.usage", "three counts"),
    wrong(f"{R}.usage", "/usage", GONE, outcome=WARN, actual="absent"),
    wrong(f"{R}.usage", "/usage", None, outcome=WARN, actual="null"),
    wrong(f"{R}.usage", "/usage", 12),
    wrong(f"{R}.usage", "/usage/prompt_tokens", GONE),
    wrong(f"{R}.usage", "/usage/prompt_tokens", 9.0, actual="9.0 (number)"),
    wrong(f"{R}.usage", "/usage/total_tokens", -1),
    right(f"{R}.usage-details", "details", of=DETAILED),
    lacking(f"{R}.usage-details", "none"),
    wrong(f"{R}.usage-details", "/usage/prompt_tokens_details", None, of=DETAILED, outcome=NOTE),
    wrong(
        f"{R}.usage-details",
        "/usage/completion_tokens_details/reasoning_tokens",
        None,
        of=DETAILED,
        outcome=NOTE,
    ),
    wrong(
        f"{R}.usage-details",
        "/usage/completion_tokens_details/reasoning_tokens",
        "1",
        of=DETAILED,
    ),
    right(f"{R}.service-tier", "a tier", ("/service_tier", "priority")),
    right(f"{R}.service-tier", "null", ("/service_tier", None)),
    wrong(f"{R}.service-tier", "/service_tier", "on_demand", outcome=NOTE),
    wrong(f"{R}.service-tier", "/service_tier", 1, outcome=WARN),
    right(f"{R}.system-fingerprint", "text", ("/system_fingerprint", "fp_1")),
    right(f"{R}.system-fingerprint", "null", ("/system_fingerprint", None)),
    wrong(f"{R}.system-fingerprint", "/system_fingerprint", 7, outcome=WARN),
]

CALLS = f"{M}/tool_calls"
TEXT = an_exchange(body=b"OK.", content_type="text/plain")
RULE_CASES = [
    holds("chat.basic.accepted", "200", an_exchange()),
    breaks(
        "chat.basic.accepted",
        "400",
        an_exchange(status=400, json=an_error()),
        at="status",
        actual="400",
    ),
    breaks("chat.basic.accepted", "500", an_exchange(status=500, body=b"oops", content_type="text/plain"), at="status"),
    breaks("chat.basic.accepted", "a redirection", an_exchange(status=307, body=b"", content_type=None), at="status"),
    holds(f"{R}.content-type", "application/json", an_exchange()),
    holds(f"{R}.content-type", "with a charset", an_exchange(content_type="Application/JSON; Charset=UTF-8")),
    holds(f"{R}.content-type", "a JSON suffix", an_exchange(content_type="application/vnd.x+json")),
    breaks(f"{R}.content-type", "text/plain", an_exchange(content_type="text/plain"), at="Content-Type", actual="text/plain"),
    breaks(f"{R}.content-type", "none", an_exchange(content_type=None), at="Content-Type", actual="none"),
    breaks(f"{R}.content-type", "text that is no JSON", TEXT, at="Content-Type"),
    holds(f"{R}.not-an-error", "a completion", an_exchange()),
    holds(f"{R}.not-an-error", "an error beside choices", an_exchange(json=a_completion(error=None))),
    holds(f"{R}.not-an-error", "an error where the profile says so", an_exchange(json=an_error()), profile=with_errors(with_status_200=True)),
    breaks(f"{R}.not-an-error", "an error", an_exchange(json=an_error()), at="body", actual="an error with status 200"),
    breaks(f"{R}.not-an-error", "an error beside choices", an_exchange(json=a_completion(error={"message": "no"})), at="/error", outcome=WARN),
    breaks(f"{R}.not-an-error", "an event stream", an_exchange(stream=a_stream()), at="body", actual="an event stream, although none was asked for"),
    breaks(f"{R}.not-an-error", "an event stream that says it is JSON", an_exchange(body=a_stream()), at="body"),
    breaks(f"{R}.not-an-error", "an array", an_exchange(json=[a_completion()]), at="body", actual="list"),
    breaks(f"{R}.not-an-error", "null", an_exchange(json=None), at="body", actual="NoneType"),
    breaks(f"{R}.not-an-error", "nothing at all", an_exchange(body=b"", content_type=None), at="body", actual="an empty body"),
    holds(f"{R}.choice-count", "one", an_exchange()),
    idle(f"{R}.choice-count", "two of two", an_exchange(asks={"n": 2}, json=a_completion(choices=[a_choice(), a_choice(index=1)])), outcome=INCONCLUSIVE),
    holds(f"{R}.choice-count", "n of the wrong type is another matter", an_exchange(asks={"n": True})),
    breaks(f"{R}.choice-count", "none", an_exchange(json=a_completion(choices=[])), at="/choices", actual="0"),
    breaks(f"{R}.choice-count", "two", an_exchange(json=a_completion(choices=[a_choice(), a_choice(index=1)])), at="/choices", actual="2"),
    holds(f"{R}.created-in-seconds", "seconds", an_exchange()),
    breaks(f"{R}.created-in-seconds", "milliseconds", an_exchange(json=a_completion(created=1_780_000_000_000)), at="/created", actual="1780000000000"),
    holds(f"{R}.usage-sum", "a sum", an_exchange()),
    breaks(f"{R}.usage-sum", "no sum", an_exchange(json=a_completion(usage=a_usage(total_tokens=13))), at="/usage/total_tokens", actual="13", outcome=WARN),
    holds(f"{R}.usage-bounds", "parts of a whole", an_exchange(json=DETAILED)),
    holds(f"{R}.usage-bounds", "all of it", an_exchange(json=a_completion(usage=a_usage(prompt_tokens_details={"cached_tokens": 9})))),
    breaks(f"{R}.usage-bounds", "more cached than sent", an_exchange(json=a_completion(usage=a_usage(prompt_tokens_details={"cached_tokens": 10}))), at="/usage/prompt_tokens_details/cached_tokens", actual="10", outcome=WARN),
    breaks(f"{R}.usage-bounds", "more reasoning than answer", an_exchange(json=a_completion(usage=a_usage(completion_tokens_details={"reasoning_tokens": 4, "accepted_prediction_tokens": 9}))), at=("/usage/completion_tokens_details/reasoning_tokens", "/usage/completion_tokens_details/accepted_prediction_tokens"), outcome=WARN),
    holds(f"{R}.usage-counts", "counted", an_exchange()),
    holds(f"{R}.usage-counts", "nothing said, nothing counted", an_exchange(json=a_completion(choices=[a_choice(a_message(""))], usage=a_usage(9, 0))), also=(f"{R}.says-something",)),
    breaks(f"{R}.usage-counts", "text for nothing", an_exchange(json=a_completion(usage=a_usage(9, 0))), at="/usage/completion_tokens", outcome=WARN),
    breaks(f"{R}.usage-counts", "a prompt for nothing", an_exchange(json=a_completion(usage=a_usage(0, 3))), at="/usage/prompt_tokens", outcome=WARN),
    holds(f"{R}.finish-without-tool-calls", "with a call", an_exchange(TOOLS)),
    breaks(f"{R}.finish-without-tool-calls", "without", an_exchange(TOOLS, json=a_completion(choices=[a_choice(finish="tool_calls")])), at=f"{M}/tool_calls"),
    breaks(f"{R}.finish-without-tool-calls", "with an empty list", an_exchange(TOOLS, json=a_completion(choices=[a_choice(a_message(tool_calls=[]), finish="tool_calls")])), at=f"{M}/tool_calls"),
    holds(f"{R}.tool-calls-finish", "tool_calls", an_exchange(TOOLS)),
    idle(f"{R}.tool-calls-finish", "stop for a named tool", an_exchange("tools.named", json=calling(finish="stop")), outcome=INCONCLUSIVE),
    idle(f"{R}.tool-calls-finish", "tool_calls for a named tool", an_exchange("tools.named"), outcome=INCONCLUSIVE),
    holds(f"{R}.tool-calls-finish", "length", an_exchange(TOOLS, json=calling(finish="length"))),
    idle(f"{R}.tool-calls-finish", "audio has rules of its own", an_exchange(TOOLS, asks={"modalities": ["text", "audio"]}, json=calling(finish="stop")), outcome=INCONCLUSIVE),
    breaks(f"{R}.tool-calls-finish", "stop", an_exchange(TOOLS, json=calling(finish="stop")), at="/choices/0/finish_reason", outcome=WARN),
    holds(f"{R}.tool-call-ids", "two", an_exchange(TOOLS, json=calling(a_call(0), a_call(1)))),
    breaks(f"{R}.tool-call-ids", "an empty one", an_exchange(TOOLS, json=calling(a_call(id=""))), at=f"{CALLS}/0/id", actual='""'),
    breaks(f"{R}.tool-call-ids", "one twice", an_exchange(TOOLS, json=calling(a_call(0), a_call(1), a_call(0))), at=f"{CALLS}/2/id", actual="'call_0', the id of an earlier call"),
    holds(f"{R}.tool-call-arguments", "an object", an_exchange(TOOLS)),
    idle(f"{R}.tool-call-arguments", "cut by the limit", an_exchange(TOOLS, json=calling(a_call(function={"name": "get_weather", "arguments": '{"ci'}), finish="length")), outcome=INCONCLUSIVE),
    breaks(f"{R}.tool-call-arguments", "cut for no reason", an_exchange(TOOLS, json=calling(a_call(function={"name": "get_weather", "arguments": '{"ci'}))), at=f"{CALLS}/0", outcome=WARN),
    breaks(f"{R}.tool-call-arguments", "empty", an_exchange(TOOLS, json=calling(a_call(function={"name": "get_weather", "arguments": ""}))), at=f"{CALLS}/0", actual="empty: ''", outcome=WARN),
    breaks(f"{R}.tool-call-arguments", "an array", an_exchange(TOOLS, json=calling(a_call(function={"name": "get_weather", "arguments": "[1]"}))), at=f"{CALLS}/0", actual="[1]", outcome=WARN),
    holds(f"{R}.tool-call-names", "the declared one", an_exchange(TOOLS)),
    breaks(f"{R}.tool-call-names", "another", an_exchange(TOOLS, json=calling(a_call(function={"name": "get_wether", "arguments": "{}"}))), at=f"{CALLS}/0/function/name", actual="'get_wether'", outcome=WARN),
]  # fmt: skip

CASES = FIELD_CASES + RULE_CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_chat(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (an_exchange(status=500), "status 500, not 200"),
        (an_exchange(status=429), "rate-limited (status 429)"),
        (an_exchange(status=402), "the account's quota is used up (status 402)"),
        (an_exchange(ended=Ended.CUT), "the body did not arrive whole (cut)"),
        (an_exchange(stream=a_stream()), "answered with an event stream"),
        (an_exchange(body=b"{"), "the body is not JSON: "),
        (an_exchange(json=[]), "the body is not a JSON object"),
        (an_exchange(json=an_error()), "the body is an error with status 200"),
    ],
    ids=["500", "429", "402", "cut", "events", "broken", "array", "error"],
)
def test_a_field_is_not_judged_without_a_completion(exchange: object, reason: str) -> None:
    """What stands in the way is named, and the field's check does not fail for it."""
    found = finding(f"{R}.id", exchange)  # type: ignore[arg-type]

    assert Outcome.INCONCLUSIVE is found.outcome
    assert reason in found.reason


def test_a_limit_is_a_reason_of_the_run() -> None:
    """Rate limits make the run incomplete; they accuse nobody."""
    assert Hindrance.RUN is finding(f"{R}.id", an_exchange(status=429)).hindrance
    assert Outcome.PASS is finding("chat.basic.accepted", an_exchange(status=429)).outcome


def test_calls_are_the_models_to_make() -> None:
    """Where no tool was called, rules about calls are inconclusive because of the model."""
    found = finding(f"{R}.tool-call-ids", an_exchange("tools.auto"))

    assert (Outcome.INCONCLUSIVE, Hindrance.MODEL) == (found.outcome, found.hindrance)


@pytest.mark.parametrize(
    "kept", [Kept(headers=False), Kept(values=False)], ids=["headers", "values"]
)
def test_what_a_recording_dropped_is_not_judged(kept: Kept) -> None:
    """Neither a replaced time nor a dropped header is a problem."""
    x = an_exchange(json=a_completion(created=1_780_000_000_000), content_type=None, kept=kept)
    check = f"{R}.created-in-seconds" if kept.headers else f"{R}.content-type"

    assert Outcome.SKIP is finding(check, x).outcome


def test_every_field_is_named_once() -> None:
    """No two checks own the same part of the schema."""
    paths = [path for field in FIELDS for path in field.paths]

    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    "changes",
    [
        (("/choices/0/message", "OK."),),
        (("/choices/0/message", {"role": "assistant", "content": None, "tool_calls": ["f"]}),),
        (("/choices/0/message", {"role": "assistant", "content": None, "tool_calls": [{"function": 1}]}),),
        (("/choices", ["OK."]),),
        (("/usage", {"prompt_tokens": True, "completion_tokens": "3", "total_tokens": None}),),
        (("/usage", {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "prompt_tokens_details": 7}),),
    ],
    ids=["message", "call", "function", "choice", "counts", "details"],
)  # fmt: skip
def test_nonsense_breaks_no_check(changes: tuple[tuple[str, Value], ...]) -> None:
    """Values of any type in any place are problems, never errors of ours."""
    from tests.builders import findings

    found = findings(an_exchange(TOOLS, json=changed(a_completion(), *changes)))

    assert [] == [f for f in found.values() if f.outcome is Outcome.ERROR]
    assert FAIL in {f.outcome for f in found.values()}
