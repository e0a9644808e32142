"""The checks of chunks and of what they add up to."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Ended, Exchange, Kept
from conformance.model.finding import Hindrance, Outcome
from conformance.model.profile import Parameter, Profile, Sends, Support, UsagePlace
from tests.builders import (
    GONE,
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    Value,
    a_chunk,
    a_fragment,
    a_profile,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    changed,
    finding,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    text_chunks,
    tool_chunks,
    usage_chunk,
    verify,
    with_streaming,
)

S, USAGE, TOOLS = "chat.stream.basic", "chat.stream.usage", "tools.stream.required"
C = "/choices/0"
LOGPROB = {"token": "OK.", "logprob": -0.1, "bytes": [79, 75, 46], "top_logprobs": []}
SCORES = {"content": [LOGPROB], "refusal": None}
OPENING = a_fragment(opens=True)
OPT_IN = with_streaming(usage=Sends.OPT_IN)
ALWAYS = with_streaming(usage=Sends.ALWAYS)


def said(*chunks: Value, **how: Value) -> Exchange:
    """The answer to the smallest request for a stream, in these chunks."""
    return an_exchange(S, stream=a_stream(chunks), **how)


def counted(*chunks: Value, **how: Value) -> Exchange:
    """The answer to a request for a stream with usage, in these chunks."""
    return an_exchange(USAGE, stream=a_stream(chunks), **how)


def called(*fragments: Value, finish: Value = "tool_calls", **how: Value) -> Exchange:
    """The answer to a request that forces a call, in these entries of ``tool_calls``."""
    probe = how.pop("probe", TOOLS)
    return an_exchange(probe, stream=a_stream(tool_chunks(*fragments, finish=finish)), **how)


def edited(number: int, *changes: tuple[str, Value], of: list[Value] | None = None) -> list[Value]:
    """The chunks of a right stream, one of them (from 1) with other values."""
    chunks = text_chunks() if of is None else list(of)
    chunks[number - 1] = changed(chunks[number - 1], *changes)
    return chunks


def everywhere(*changes: tuple[str, Value]) -> list[Value]:
    """The chunks of a right stream, all of them with other values."""
    return [changed(chunk, *changes) for chunk in text_chunks()]


def with_messages(*messages: Value) -> list[Value]:
    """The chunks of a right stream whose choices have these messages beside their deltas, unless they are gone."""
    return [
        chunk if message is GONE else changed(chunk, (f"{C}/message", message))
        for chunk, message in zip(text_chunks(), messages, strict=True)
    ]


def right(check: str, name: str, *changes: tuple[str, Value]) -> Case:
    """A stream whose second chunk has a field in a form that is right."""
    return holds(check, name, said(*edited(2, *changes)))


def wrong(check: str, pointer: str, value: Value, *, at: Value = None, **how: Value) -> Case:
    """A stream whose second chunk has another value at a pointer, which is where the problem is."""
    told = "absent" if value is GONE else repr(value)[:30]
    exchange = said(*edited(2, (pointer, value)))
    return breaks(check, f"{pointer} {told}", exchange, at=at or f"event 2: {pointer}", **how)


def of_a_call(pointer: str, value: Value, **how: Value) -> Case:
    """A stream with a call, whose second fragment has another value at a pointer."""
    told = "absent" if value is GONE else repr(value)[:30]
    chunks = edited(3, (pointer, value), of=tool_chunks())
    exchange = an_exchange(TOOLS, stream=a_stream(chunks))
    return breaks(
        "chunk.tool-calls", f"{pointer} {told}", exchange, at=f"event 3: {pointer}", **how
    )


FIELD_CASES = [
    right("chunk.choices", "an array of objects"),
    right("chunk.choices", "an empty array", ("/choices", [])),
    holds("chunk.choices", "padding that is null", said(*everywhere(("/obfuscation", None)))),
    wrong("chunk.choices", "/choices", GONE, actual="absent"),
    wrong("chunk.choices", "/choices", None),
    wrong("chunk.choices", "/choices/0", "OK."),
    right("chunk.id", "a string"),
    wrong("chunk.id", "/id", GONE),
    wrong("chunk.id", "/id", 7),
    breaks("chunk.id", "null on all", said(*everywhere(("/id", None))), at="event 1 and 3 more: /id", actual="null"),
    breaks("chunk.id", "empty on all", said(*everywhere(("/id", ""))), at="event 1 and 3 more: /id", actual='""', outcome=WARN),
    holds("chunk.id", "empty without choices", said(a_chunk(choices=[], id="", object=""), *text_chunks())),
    right("chunk.object", "the constant"),
    wrong("chunk.object", "/object", GONE),
    wrong("chunk.object", "/object", "chat.completion", actual='"chat.completion"'),
    breaks("chunk.object", "Azure's opening event", said(a_chunk(choices=[], id="", object="", created=0, model=""), *text_chunks()), at="event 1", outcome=NOTE),
    right("chunk.created", "an integer"),
    wrong("chunk.created", "/created", GONE),
    wrong("chunk.created", "/created", 1_780_000_000.25),
    breaks("chunk.created", "milliseconds", said(*everywhere(("/created", 1_780_000_000_000))), at="event 1: /created", actual="1780000000000"),
    right("chunk.model", "a string"),
    wrong("chunk.model", "/model", GONE),
    wrong("chunk.model", "/model", None),
    right("chunk.choice-index", "0"),
    wrong("chunk.choice-index", f"{C}/index", GONE),
    wrong("chunk.choice-index", f"{C}/index", "0"),
    holds("chunk.choice-index", "0 and 1 of two", said(role_chunk(), role_chunk(1), finish_chunk(), finish_chunk(index=1), asks={"n": 2})),
    breaks("chunk.choice-index", "2 of two", said(role_chunk(), role_chunk(2), finish_chunk(), finish_chunk(index=2), asks={"n": 2}), at="choices", actual="index 2"),
    right("chunk.delta", "an object", (f"{C}/delta", {})),
    wrong("chunk.delta", f"{C}/delta", GONE),
    wrong("chunk.delta", f"{C}/delta", None),
    right("chunk.finish-reason", "absent while open", (f"{C}/finish_reason", GONE)),
    breaks("chunk.finish-reason", "another word", said(*edited(4, (f"{C}/finish_reason", "eos"))), at=f"event 4: {C}/finish_reason", actual='"eos"'),
    breaks("chunk.finish-reason", '"error" without an error', said(*edited(4, (f"{C}/finish_reason", "error"))), at=f"event 4: {C}/finish_reason", actual='"error"'),
    holds("chunk.finish-reason", '"error" beside the error', said(*edited(4, (f"{C}/finish_reason", "error"))[:4], an_error()), also=("stream.without-error",)),
    wrong("chunk.finish-reason", f"{C}/finish_reason", ""),
    right("chunk.role", "the same role again is another matter", (f"{C}/delta", {})),
    breaks("chunk.role", "another", said(*edited(1, (f"{C}/delta/role", "model"))), at=f"event 1: {C}/delta/role", actual='"model"'),
    right("chunk.content", "text"),
    right("chunk.content", "null", (f"{C}/delta/content", None)),
    wrong("chunk.content", f"{C}/delta/content", ["OK."]),
    right("chunk.refusal", "text", (f"{C}/delta", {"refusal": "No."})),
    wrong("chunk.refusal", f"{C}/delta/refusal", 0),
    holds("chunk.tool-calls", "entries", called()),
    of_a_call(f"{C}/delta/tool_calls/0/index", GONE, also=("chunk.tool-arguments",)),
    of_a_call(f"{C}/delta/tool_calls/0/index", "0", also=("chunk.tool-arguments",)),
    of_a_call(f"{C}/delta/tool_calls/0/function/arguments", {}),
    of_a_call(f"{C}/delta/tool_calls/0/function", None, outcome=NOTE, also=("chunk.tool-arguments",)),
    wrong("chunk.tool-calls", f"{C}/delta/tool_calls", None, outcome=NOTE),
    of_a_call(f"{C}/delta/tool_calls", "none", also=("chunk.tool-arguments",)),
    right("chunk.function-call", "the old form", (f"{C}/delta", {"function_call": {"name": "f", "arguments": ""}})),
    wrong("chunk.function-call", f"{C}/delta/function_call", None, outcome=NOTE),
    wrong("chunk.function-call", f"{C}/delta/function_call", "f"),
    holds("chunk.logprobs", "scores", said(*edited(2, (f"{C}/logprobs", SCORES), of=text_chunks("OK")))),
    wrong("chunk.logprobs", f"{C}/logprobs", 0),
    breaks("chunk.logprobs", "without refusal", said(*edited(2, (f"{C}/logprobs", {"content": [LOGPROB]}), of=text_chunks("OK"))), at=f"event 2: {C}/logprobs/refusal", outcome=NOTE),
    breaks("chunk.logprobs", "without content", said(*edited(2, (f"{C}/logprobs", {"refusal": None}), of=text_chunks("OK"))), at=f"event 2: {C}/logprobs/content", outcome=WARN),
    holds("chunk.usage", "null", said(*edited(2, ("/usage", None)))),
    holds("chunk.usage", "three counts", counted(*text_chunks(), usage_chunk())),
    breaks("chunk.usage", "two counts", counted(*text_chunks(), changed(usage_chunk(), ("/usage/total_tokens", GONE))), at="event 5: /usage/total_tokens"),
    breaks("chunk.usage", "a text", counted(*text_chunks(), changed(usage_chunk(), ("/usage/total_tokens", "12"))), at="event 5: /usage/total_tokens"),
    breaks("chunk.usage", "null details", counted(*text_chunks(), changed(usage_chunk(), ("/usage/prompt_tokens_details", None))), at="event 5: /usage/prompt_tokens_details", outcome=NOTE),
    right("chunk.service-tier", "a tier", ("/service_tier", "default")),
    wrong("chunk.service-tier", "/service_tier", "on_demand", outcome=NOTE),
    wrong("chunk.service-tier", "/service_tier", 7, outcome=WARN),
    right("chunk.system-fingerprint", "null", ("/system_fingerprint", None)),
    wrong("chunk.system-fingerprint", "/system_fingerprint", 7, outcome=WARN),
]  # fmt: skip

ROLE_AND_WORD = a_chunk({"role": "assistant", "content": "OK."})
TWO = [
    role_chunk(),
    role_chunk(1),
    a_chunk(index=1),
    a_chunk(),
    finish_chunk(index=1),
    finish_chunk(),
]
RULE_CASES = [
    holds("chunk.id-constant", "one id", said(*text_chunks())),
    breaks("chunk.id-constant", "another at the end", said(*edited(4, ("/id", "chatcmpl-2"))), at="event 4: /id", actual="'chatcmpl-2'"),
    holds("chunk.created-constant", "one time", said(*text_chunks())),
    breaks("chunk.created-constant", "the time of each chunk", said(*edited(2, ("/created", 1_780_000_001))), at="event 2: /created", outcome=NOTE),
    holds("chunk.model-constant", "one model", said(*text_chunks())),
    breaks("chunk.model-constant", "another on the finish", said(*edited(4, ("/model", "small"))), at="event 4: /model", outcome=WARN),
    holds("chunk.role-present", "a role", said(*text_chunks())),
    breaks("chunk.role-present", "none", said(*text_chunks()[1:]), at="choice 0", actual="no role in the stream"),
    breaks("chunk.role-present", "none for the second choice", said(role_chunk(), a_chunk(index=1), finish_chunk(), finish_chunk(index=1), asks={"n": 2}), at="choice 1"),
    holds("chunk.role-first", "first", said(*text_chunks())),
    holds("chunk.role-first", "with the first word", said(ROLE_AND_WORD, finish_chunk())),
    idle("chunk.role-first", "nothing else to say", said(role_chunk(), finish_chunk()), outcome=INCONCLUSIVE),
    breaks("chunk.role-first", "after the first word", said(a_chunk(), role_chunk(), finish_chunk()), at="event 2", outcome=WARN),
    holds("chunk.role-once", "once", said(*text_chunks())),
    breaks("chunk.role-once", "on every chunk", said(role_chunk(), ROLE_AND_WORD, ROLE_AND_WORD, finish_chunk()), at="event 2", actual="the role 3 times", outcome=WARN),
    holds("chunk.finish-present", "a reason", said(*text_chunks())),
    breaks("chunk.finish-present", "none", said(*text_chunks()[:-1]), at="choice 0"),
    breaks("chunk.finish-present", "none for the second choice", said(*TWO[:4], TWO[5], asks={"n": 2}), at="choice 1"),
    holds("chunk.finish-once", "once for each choice", said(*TWO, asks={"n": 2})),
    breaks("chunk.finish-once", "twice the same", said(*text_chunks(), finish_chunk()), at="event 5", outcome=NOTE),
    breaks("chunk.finish-once", "two reasons", said(*text_chunks(), finish_chunk("length"), finish_chunk("stop")), at="event 5", actual="'length' after 'stop'"),
    holds("chunk.finish-last", "last", said(*text_chunks())),
    holds("chunk.finish-last", "with the last word", said(role_chunk(), a_chunk(finish="stop"))),
    holds("chunk.finish-last", "an empty word behind it", said(*text_chunks(), a_chunk({"content": ""}))),
    breaks("chunk.finish-last", "a word behind it", said(*text_chunks(), a_chunk()), at="event 5", actual="more content", outcome=WARN),
    breaks("chunk.finish-last", "a call behind it", an_exchange(TOOLS, stream=[*tool_chunks(), tool_chunks()[3]]), at="event 6", actual="more tool_calls", outcome=WARN, also=("chunk.tool-arguments",)),
    holds("chunk.choice-count", "one", said(*text_chunks())),
    breaks("chunk.choice-count", "two", said(*TWO), at="choices", actual="indexes [0, 1]"),
    breaks("chunk.choice-count", "index 1 alone", said(role_chunk(1), finish_chunk(index=1)), at="choices", actual="indexes [1]"),
    holds("chunk.usage-asked", "usage", counted(*text_chunks(), usage_chunk())),
    breaks("chunk.usage-asked", "none, unclaimed", counted(*text_chunks()), at="end of the stream", outcome=WARN),
    breaks("chunk.usage-asked", "none, claimed", counted(*text_chunks()), at="end of the stream", profile=OPT_IN),
    breaks("chunk.usage-asked", "none, always claimed", counted(*text_chunks()), at="end of the stream", profile=ALWAYS),
    holds("chunk.usage-unasked", "none", said(*text_chunks())),
    holds("chunk.usage-unasked", "usage, where it always comes", said(*text_chunks(), usage_chunk()), profile=ALWAYS),
    breaks("chunk.usage-unasked", "usage, unclaimed", said(*text_chunks(), usage_chunk()), at="event 5", outcome=NOTE),
    breaks("chunk.usage-unasked", "usage, against the claim", said(*text_chunks(), usage_chunk()), at="event 5", outcome=WARN, profile=OPT_IN),
    breaks("chunk.usage-unasked", "none, against the claim", said(*text_chunks()), at="end of the stream", profile=ALWAYS),
    holds("chunk.usage-place", "a chunk of its own at the end", counted(*text_chunks(), usage_chunk())),
    holds("chunk.usage-place", "on the finish, as claimed", counted(*text_chunks()[:-1], finish_chunk(usage=a_usage())), profile=with_streaming(usage_places=(UsagePlace.FINISH_CHUNK,))),
    breaks("chunk.usage-place", "on the finish", counted(*text_chunks()[:-1], finish_chunk(usage=a_usage())), at="event 4", actual="finish-chunk", outcome=NOTE),
    breaks("chunk.usage-place", "on the finish, against the claim", counted(*text_chunks()[:-1], finish_chunk(usage=a_usage())), at="event 4", outcome=WARN, profile=with_streaming(usage_places=(UsagePlace.OWN_CHUNK,))),
    breaks("chunk.usage-place", "beside choices", counted(*text_chunks(), a_chunk({}, usage=a_usage())), at="event 5", actual="own-chunk-with-choices", outcome=NOTE),
    breaks("chunk.usage-place", "on every chunk", counted(*[{**c, "usage": a_usage()} for c in text_chunks()]), at="event 1", actual="every-chunk", outcome=NOTE),
    breaks("chunk.usage-place", "before the finish", counted(*text_chunks()[:-1], usage_chunk(), finish_chunk()), at="event 4", actual="usage before it", outcome=WARN),
    holds("chunk.usage-kept", "last", counted(*text_chunks(), usage_chunk())),
    holds("chunk.usage-kept", "a chunk without the member behind it", counted(*text_chunks(), usage_chunk(), a_chunk(choices=[]))),
    breaks("chunk.usage-kept", "null behind it", counted(*text_chunks(), usage_chunk(), a_chunk(choices=[], usage=None)), at="event 6: /usage", outcome=WARN),
    holds("chunk.usage-sum", "a sum", counted(*text_chunks(), usage_chunk())),
    breaks("chunk.usage-sum", "no sum", counted(*text_chunks(), changed(usage_chunk(), ("/usage/total_tokens", 9))), at="event 5: /usage/total_tokens", outcome=WARN),
    breaks("chunk.usage-sum", "a part larger than the whole", counted(*text_chunks(), changed(usage_chunk(), ("/usage/prompt_tokens_details", {"cached_tokens": 99}))), at="event 5: /usage/prompt_tokens_details/cached_tokens", outcome=WARN),
    holds("chunk.tool-index", "0", called()),
    holds("chunk.tool-index", "0 and 1", called(OPENING, a_fragment("{}"), a_fragment("{}", index=1, opens=True))),
    breaks("chunk.tool-index", "from 1", called(a_fragment("{}", index=1, opens=True)), at="event 2", actual="[1]"),
    breaks("chunk.tool-index", "1 before 0", called(a_fragment("{}", index=1, opens=True), a_fragment("{}", opens=True)), at="event 2", actual="[1, 0]"),
    holds("chunk.tool-first-delta", "id, type and name", called()),
    holds("chunk.tool-first-delta", "a custom tool has no function", called(a_fragment(opens=True, type="custom", function=GONE, custom={"name": "sh", "input": "ls"}))),
    breaks("chunk.tool-first-delta", "no id", called(a_fragment("{}", opens=True, id=GONE)), at="event 2: tool call 0", actual="id None"),
    breaks("chunk.tool-first-delta", "an empty id", called(a_fragment("{}", opens=True, id="")), at="event 2: tool call 0", actual="id ''"),
    breaks("chunk.tool-first-delta", "no type", called(a_fragment("{}", opens=True, type=GONE)), at="event 2: tool call 0", actual="type None"),
    breaks("chunk.tool-first-delta", "no name", called(a_fragment(opens=True, function={"arguments": "{}"})), at="event 2: tool call 0", actual="name None"),
    holds("chunk.tool-later-deltas", "arguments alone", called()),
    breaks("chunk.tool-later-deltas", "the id again", called(OPENING, a_fragment("{}", id="call_0")), at="event 3: tool call 0", actual="id 'call_0' again", outcome=WARN),
    breaks("chunk.tool-later-deltas", "the name again", called(OPENING, a_fragment(function={"name": "get_weather", "arguments": "{}"})), at="event 3: tool call 0", outcome=WARN),
    breaks("chunk.tool-later-deltas", "null", called(OPENING, a_fragment("{}", type=None)), at="event 3: tool call 0", actual="null", outcome=WARN),
    holds("chunk.tool-index-shared", "an index for each", called(a_fragment("{}", opens=True), a_fragment("{}", index=1, opens=True))),
    breaks("chunk.tool-index-shared", "one for both", called(a_fragment("{}", opens=True), a_fragment("{}", opens=True, id="call_9")), at="event 3: tool call 0", actual="call 'call_9'"),
    holds("chunk.tool-arguments", "an object in pieces", called()),
    idle("chunk.tool-arguments", "cut by the limit", called(OPENING, a_fragment('{"ci'), finish="length"), outcome=INCONCLUSIVE),
    idle("chunk.tool-arguments", "in a choice that does not finish", an_exchange(TOOLS, stream=tool_chunks(OPENING)[:-1]), outcome=INCONCLUSIVE, also=("chunk.finish-present",)),
    breaks("chunk.tool-arguments", "cut for no reason", called(OPENING, a_fragment('{"ci')), at="choice 0: tool call 0", outcome=WARN),
    breaks("chunk.tool-arguments", "a text", called(OPENING, a_fragment('"Paris"')), at="choice 0: tool call 0", actual='"Paris"', outcome=WARN),
    breaks("chunk.tool-arguments", "none", called(OPENING), at="choice 0: tool call 0", actual="empty: ''", outcome=WARN),
    holds("chunk.finish-without-tool-calls", "with a call", called()),
    holds("chunk.finish-without-tool-calls", "stop", said(*text_chunks())),
    breaks("chunk.finish-without-tool-calls", "without", an_exchange(TOOLS, stream=[*text_chunks()[:-1], finish_chunk("tool_calls")]), at="event 4"),
    holds("chunk.message", "none", said(*text_chunks())),
    holds("chunk.message", "the text so far", said(*with_messages({"role": "assistant", "content": ""}, {"role": "assistant"}, {"role": "assistant", "content": "OK"}, {"role": "assistant", "content": "OK."}))),
    holds("chunk.message", "the whole at the end", said(*with_messages(GONE, GONE, GONE, {"role": "assistant", "content": "OK."}))),
    breaks("chunk.message", "null", said(*with_messages(None, None, None, None)), at="event 1: message of a choice", actual="null"),
    breaks("chunk.message", "null at the end", said(*with_messages(GONE, GONE, GONE, None)), at="event 4: message of a choice", actual="null"),
    breaks("chunk.message", "text", said(*with_messages(GONE, "OK", GONE, GONE)), at="event 2: message of a choice", actual="'OK'"),
    breaks("chunk.message", "empty", said(*with_messages({}, {}, {}, {})), at="event 4: message of a choice", actual="one without"),
    breaks("chunk.message", "without the text", said(*with_messages(GONE, GONE, GONE, {"role": "assistant", "content": ""})), at="event 4: message of a choice", actual="''", outcome=WARN),
    breaks("chunk.message", "ahead of its delta", said(*with_messages(GONE, GONE, {"role": "assistant", "content": "OK."}, GONE)), at="event 3: message of a choice", actual="'OK..'", outcome=WARN),
    idle("chunk.message", "an error", said(role_chunk(), an_error()), outcome=INCONCLUSIVE, also=("stream.without-error",)),
    holds("chunk.tool-calls-finish", "tool_calls", called()),
    idle("chunk.tool-calls-finish", "stop for a named tool", called(finish="stop", probe="tools.stream.named"), outcome=INCONCLUSIVE),
    breaks("chunk.tool-calls-finish", "stop", called(finish="stop"), at="event 5", outcome=WARN),
]  # fmt: skip

CASES = FIELD_CASES + RULE_CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_chunk(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange", "reason", "hindrance"),
    [
        ("chunk.id", an_exchange(S, status=500), "status 500, not 200", Hindrance.ENDPOINT),
        ("chunk.id", an_exchange(S, stream=b"data: [DONE]\n\n"), "no chunks", Hindrance.ENDPOINT),
        ("chunk.id", said(*text_chunks(), asks={"modalities": ["text", "audio"]}), "audio", "model"),
        ("chunk.role-present", said(role_chunk(), an_error()), "an error ended", "endpoint"),
        ("chunk.role-present", an_exchange(S, stream=a_stream(text_chunks(), done=b""), ended=Ended.CUT), "(cut)", "endpoint"),
        ("chunk.role-present", said({"id": "x"}), "no readable choices", "endpoint"),
        ("chunk.role-present", said(*text_chunks(), b"data: x\n\n"), "event 5 is not", "endpoint"),
        ("chunk.usage-place", counted(*text_chunks()), "no usage in the stream", "endpoint"),
        ("chunk.tool-index", an_exchange(TOOLS, stream=text_chunks()), "no tool call", "model"),
        ("chunk.tool-index", an_exchange(TOOLS, stream=a_stream(tool_chunks(), done=b""), ended=Ended.CUT), "(cut)", "endpoint"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_hinders_chunks(check: str, exchange: Exchange, reason: str, hindrance: str) -> None:
    """What cannot be judged is inconclusive and says why."""
    found = finding(check, exchange)

    assert (Outcome.INCONCLUSIVE, hindrance) == (found.outcome, found.hindrance)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("check", "exchange"),
    [
        ("chunk.usage-asked", said(*text_chunks())),
        ("chunk.usage-unasked", counted(*text_chunks())),
        ("chunk.id-constant", said(*edited(2, ("/id", "x")), kept=Kept(values=False))),
    ],
    ids=["asked", "unasked", "replaced"],
)
def test_other_kinds_of_exchange_are_skipped(check: str, exchange: Exchange) -> None:
    """A rule about another request, or about what the recording replaced, is skipped."""
    assert Outcome.SKIP is finding(check, exchange).outcome


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (with_streaming(usage=Sends.NEVER), "streams carry no usage"),
        (
            a_profile(parameters={"stream_options": Parameter("stream_options", Support.NONE)}),
            "stream_options is not supported",
        ),
    ],
    ids=["never", "no options"],
)
def test_a_profile_may_have_no_usage_in_streams(profile: Profile, reason: str) -> None:
    """Where the profile says that streams carry no usage, none is missed."""
    found = finding("chunk.usage-asked", counted(*text_chunks()), profile=profile)

    assert f"not claimed: the profile says that {reason}" == found.reason


@pytest.mark.parametrize(
    "chunk",
    [
        a_chunk(choices=[{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": 7}]}}]),
        a_chunk(choices=[{"index": 0, "delta": {"tool_calls": ["f", {"index": True}]}}]),
        a_chunk(choices=[{"index": [], "delta": {}}, 7]),
        a_chunk(usage={"prompt_tokens": "1"}),
        a_chunk(usage=[]),
        {"choices": None, "object": None},
    ],
    ids=["function", "entry", "index", "count", "list", "nulls"],
)
def test_nonsense_breaks_no_check(chunk: Value) -> None:
    """Values of any type in any place are problems, never errors of ours."""
    from tests.builders import findings

    exchange = an_exchange(TOOLS, stream=[role_chunk(), chunk, finish_chunk("tool_calls")])
    found = findings(exchange)

    assert [] == [f for f in found.values() if f.outcome is Outcome.ERROR]


@pytest.mark.parametrize(
    ("check", "role"), [("chunk.role-present", "never"), ("chunk.role-once", "every")]
)
def test_a_profile_may_say_where_roles_stand(check: str, role: str) -> None:
    """A rule that the profile rules out is skipped, and not counted as held."""
    found = finding(check, said(*text_chunks()[1:]), profile=with_streaming(role=role))

    assert (Outcome.SKIP, ()) == (found.outcome, found.judged)
