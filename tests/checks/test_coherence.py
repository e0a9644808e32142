"""The checks of what the parts of an answer say of one another."""

from __future__ import annotations

import pytest

from conformance.model.canary import CANARIES
from conformance.model.exchange import Exchange
from conformance.model.finding import Hindrance, Outcome
from conformance.model.profile import UsagePlace
from tests.builders import (
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    Value,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_fragment,
    a_message,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    calling,
    finding,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    text_chunks,
    tool_chunks,
    tool_stream,
    usage_chunk,
    verify,
    with_streaming,
)

R = "chat.response"
STREAM, LONG, USAGE = "chat.stream.basic", "chat.stream.long", "chat.stream.usage"
TOOLS, PARALLEL = "tools.stream.required", "text.stream.tool"
NAMED, NAMED_STREAM = "tools.named", "tools.stream.named"
WORDS = ("one", ", ", "two", ", ", "three", ", ", "four", ", ", "five", ".")
COUNTED = "".join(WORDS)
SO_FAR = "".join(WORDS[:8])


def saying(**message: Value) -> Exchange:
    """A plain answer with another message."""
    return an_exchange(json=a_completion(choices=[a_choice(a_message(**message))]))


def finishing(finish: str, **message: Value) -> Exchange:
    """A plain answer that ends for another reason."""
    return an_exchange(json=a_completion(choices=[a_choice(a_message(**message), finish=finish)]))


def deltas(*given: Value, finish: str = "stop") -> Exchange:
    """A stream of these deltas."""
    chunks = [role_chunk(), *map(a_chunk, given), finish_chunk(finish)]
    return an_exchange(STREAM, stream=chunks)


def calls(*ids: str, names: tuple[str, ...] = ("get_weather", "get_weather")) -> Exchange:
    """A stream that makes a call for each id."""
    made = [
        a_fragment(
            opens=True, index=n, id=id, function={"name": names[n], "arguments": '{"city": "Rome"}'}
        )
        for n, id in enumerate(ids)
    ]
    return an_exchange(PARALLEL, stream=tool_stream(*made))


def counting(*pieces: str) -> Exchange:
    """A long stream with its text in these pieces."""
    return an_exchange(LONG, stream=[*text_chunks(*pieces), usage_chunk()])


def repeating(streamed: Value, plain: str | None = None, finish: str = "stop") -> list[Exchange]:
    """The three answers to prompts that ask for a word each, of which the last is a stream."""
    words = [CANARIES[f"isolation.canary.{n}"] if plain is None else plain for n in ("one", "two")]
    told = [
        an_exchange(f"isolation.canary.{n}", json=a_completion(choices=[a_choice(a_message(word))]))
        for n, word in zip(("one", "two"), words, strict=True)
    ]
    chunks = [role_chunk(), a_chunk({"content": streamed}), finish_chunk(finish)]
    return [*told, an_exchange("isolation.stream.canary", stream=chunks)]


NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


def long_answers(plain: str, *pieces: str) -> tuple[Exchange, Exchange]:
    """Both forms of a long answer, with other texts."""
    told = a_completion(choices=[a_choice(a_message(plain))])
    return an_exchange("chat.long", json=told), counting(*pieces)


def counted(*usages: Value) -> Exchange:
    """A stream with several chunks of usage."""
    return an_exchange(USAGE, stream=[*text_chunks(), *(usage_chunk(usage=u) for u in usages)])


def named(plain: str, streamed: str) -> tuple[Exchange, Exchange]:
    """Both forms of the call of a named tool, with their finish reasons."""
    return (
        an_exchange(NAMED, json=calling(finish=plain)),
        an_exchange(NAMED_STREAM, stream=tool_stream(finish=streamed)),
    )


def both(stream: Value, **plain: Value) -> tuple[Exchange, Exchange]:
    """Both forms of a long answer."""
    return an_exchange("chat.long", json=a_completion(**plain)), an_exchange(LONG, stream=stream)


def refused(probe: str) -> Exchange:
    """A request that is refused."""
    return an_exchange(probe, status=400, json=an_error())


FINGERPRINTED = [{**c, "system_fingerprint": "fp_1"} for c in [*text_chunks(), usage_chunk()]]
DETAILED = a_usage(completion_tokens_details={"reasoning_tokens": 0})
WORD = CANARIES["isolation.stream.canary"]
OLD_CALL = {"name": "get_weather", "arguments": "{}"}

CASES = [
    holds(f"{R}.refusal-alone", "alone", saying(content=None, refusal="No.")),
    idle(f"{R}.refusal-alone", "no refusal", saying()),
    breaks(f"{R}.refusal-alone", "text as well", saying(refusal="No."), at="/choices/0/message", outcome=NOTE),
    breaks(f"{R}.refusal-alone", "a call as well", an_exchange("tools.required", json=a_completion(choices=[a_choice(a_message(None, refusal="No.", tool_calls=[a_call()]), finish="tool_calls")])), at="/choices/0/message", outcome=NOTE),
    holds("chunk.refusal-alone", "alone", deltas({"refusal": "No"}, {"refusal": "."})),
    idle("chunk.refusal-alone", "no refusal", deltas({"content": "OK."})),
    breaks("chunk.refusal-alone", "text as well", deltas({"content": "OK."}, {"refusal": "No."}), at="choice 0", outcome=NOTE),
    holds(f"{R}.finish-without-function-call", "with one", finishing("function_call", content=None, function_call=OLD_CALL)),
    holds(f"{R}.finish-without-function-call", "another reason", finishing("stop")),
    breaks(f"{R}.finish-without-function-call", "without", finishing("function_call"), at="/choices/0/message/function_call", actual="none"),
    holds("chunk.finish-without-function-call", "with one", deltas({"function_call": OLD_CALL}, finish="function_call")),
    holds("chunk.finish-without-function-call", "another reason", deltas({"content": "OK."})),
    breaks("chunk.finish-without-function-call", "without", deltas({"content": "OK."}, finish="function_call"), at="event 3", actual="none in the stream"),
    holds(f"{R}.call-ids-unique", "two ids", an_exchange("tools.required", json=calling(a_call(1))), an_exchange(NAMED, json=calling(a_call(2)))),
    breaks(f"{R}.call-ids-unique", "one id", an_exchange("tools.required", json=calling(a_call(1))), an_exchange(NAMED, json=calling(a_call(1))), at="/choices/0/message/tool_calls", outcome=NOTE),
    holds("chunk.tool-call-ids", "two ids", calls("a", "b")),
    idle("chunk.tool-call-ids", "one call", calls("a"), outcome=INCONCLUSIVE),
    breaks("chunk.tool-call-ids", "one id for two calls", calls("a", "a"), at="event 3: tool call 1", actual="'a', the id of tool call 0"),
    holds("chunk.tool-call-names", "declared", calls("a", "b")),
    idle("chunk.tool-call-names", "no call", an_exchange(TOOLS, stream=text_chunks()), outcome=INCONCLUSIVE, also=()),
    breaks("chunk.tool-call-names", "made up", calls("a", "b", names=("get_weather", "find_out")), at="event 3: tool call 1", actual="'find_out'", outcome=WARN),
    holds("stream.in-pieces", "word by word", counting(*WORDS * 3)),
    holds("stream.in-pieces", "two halves", counting(*[" ".join(WORDS * 2)] * 2)),
    idle("stream.in-pieces", "a short text", counting(*WORDS), outcome=INCONCLUSIVE),
    breaks("stream.in-pieces", "one piece", counting(" ".join(WORDS * 3)), at="event 2", actual=f"the whole text of {3 * len(WORDS)} words in one delta", outcome=NOTE),
    holds("chunk.text-once", "once", counting(*WORDS)),
    holds("chunk.text-once", "a stutter", counting(*["no, "] * 12)),
    holds("chunk.text-once", "a piece repeated", counting("a", "a", "b", "c", "d", "e", "f", "g")),
    idle("chunk.text-once", "few pieces", counting("one", "one", "two", "two"), outcome=INCONCLUSIVE),
    breaks("chunk.text-once", "each piece twice", counting(*[w for word in WORDS for w in (word, word)]), at="event 3", actual="each piece twice: 'one', 'one'"),
    breaks("chunk.text-once", "all so far in between", counting(*WORDS[:8], f"{SO_FAR}five", "."), at="event 10", actual=f"all text before it, and more: {f'{SO_FAR}five'!r}"),
    breaks("chunk.text-once", "all so far, again and again", counting(*WORDS[:4], SO_FAR[:15], *WORDS[5:8], f"{SO_FAR}five", "."), at="event 10", actual=f"all text before it, and more: {f'{SO_FAR}five'!r}"),
    holds("chunk.text-once", "little so far", counting("a", "b", "c", "abcd", "e", "f", "g", "h")),
    holds("chunk.text-once", "a refrain in one piece", counting(*["la, "] * 8, "la, " * 12)),
    holds("chunk.text-once", "a verse again in pieces as long", counting("The river hums\n", "in the old town\n", "at noon.\n", "The river hums\nin the old town\nat noon.\nAgain.", *"again")),
    idle("chunk.text-once", "two choices under one index", an_exchange(LONG, stream=[*text_chunks(*[w for word in WORDS for w in (word, word)]), usage_chunk()], asks={"n": 2}), outcome=INCONCLUSIVE),
    breaks("chunk.text-once", "the whole again", counting(*WORDS, COUNTED), at="event 12", actual=f"the whole text again: {COUNTED!r}"),
    holds("chunk.spaces-kept", "all there", *long_answers(NUMBERS, NUMBERS[:20], NUMBERS[20:])),
    holds("chunk.spaces-kept", "another line end", *long_answers(NUMBERS, NUMBERS.replace(" ", "\n"))),
    holds("chunk.spaces-kept", "one gap lost", *long_answers(NUMBERS, NUMBERS.replace("two three", "twothree"))),
    holds("chunk.spaces-kept", "another text", *long_answers(NUMBERS, NUMBERS.title().replace(" ", ","))),
    breaks("chunk.spaces-kept", "none left", *long_answers(NUMBERS, *NUMBERS.split()), at="text", actual="'onetwothreefourfivesixseveneightnineteneleventwelvethirteenf'", outcome=WARN),
    breaks("chunk.spaces-kept", "lost at the joints", *long_answers(NUMBERS, *NUMBERS.replace("three ", "three|").replace("six ", "six|").replace("nine ", "nine|").split("|")), at="text", outcome=WARN),
    breaks("chunk.spaces-kept", "another text without spaces", *long_answers(NUMBERS, NUMBERS.title().replace(" ", "")), at="text", outcome=WARN),
    idle("chunk.spaces-kept", "another script", *long_answers(NUMBERS, "\u4e00\u4e8c\u4e09" * 30), outcome=INCONCLUSIVE),
    idle("chunk.spaces-kept", "a short text", *long_answers(NUMBERS, "OK."), outcome=INCONCLUSIVE),
    idle("chunk.spaces-kept", "no spaces without a stream either", *long_answers(NUMBERS.replace(" ", ","), NUMBERS.replace(" ", ",")), outcome=INCONCLUSIVE),
    breaks("chunk.spaces-kept", "a list with commas", *long_answers(NUMBERS.replace(" ", ", "), NUMBERS.replace(" ", ",")), at="text", outcome=NOTE),
    holds("chunk.text-whole", "whole", *repeating(f"{WORD}.")),
    breaks("chunk.text-whole", "begun in the middle", *repeating(WORD[8:]), at="text", outcome=WARN),
    breaks("chunk.text-whole", "ended too soon", *repeating(WORD[:-4]), at="text", outcome=NOTE),
    breaks("chunk.text-whole", "a hole", *repeating(WORD[:9] + WORD[12:]), at="text", outcome=NOTE),
    idle("chunk.text-whole", "the last part of the word alone", *repeating(WORD[9:]), outcome=INCONCLUSIVE),
    idle("chunk.text-whole", "something else", *repeating("I cannot repeat that."), outcome=INCONCLUSIVE),
    idle("chunk.text-whole", "a piece that is no text", *repeating(7), outcome=INCONCLUSIVE, also=("chunk.content",)),
    idle("chunk.text-whole", "cut by the limit", *repeating(WORD[:-4], finish="length"), outcome=INCONCLUSIVE),
    idle("chunk.text-whole", "no plain answer whole either", *repeating(WORD[8:], "CANARY"), outcome=INCONCLUSIVE),
    holds("chunk.usage-once", "once", counted(a_usage())),
    holds("chunk.usage-once", "on every chunk", an_exchange(USAGE, stream=[{**c, "usage": a_usage()} for c in text_chunks()])),
    holds("chunk.usage-once", "as the profile says", counted(a_usage(), a_usage()), profile=with_streaming(usage_places=(UsagePlace.EVERY_CHUNK, UsagePlace.OWN_CHUNK))),
    breaks("chunk.usage-once", "twice", counted(a_usage(), a_usage()), at="event 6: /usage", actual="usage on 2 chunks", outcome=NOTE),
    breaks("chunk.usage-once", "twice against the profile", counted(a_usage(), a_usage()), at="event 6: /usage", outcome=WARN, profile=with_streaming(usage_places=(UsagePlace.OWN_CHUNK,))),
    holds("parity.named-call-finish", "stop", *named("stop", "stop")),
    holds("parity.named-call-finish", "tool_calls", *named("tool_calls", "tool_calls")),
    idle("parity.named-call-finish", "cut by the limit", *named("tool_calls", "length"), outcome=INCONCLUSIVE),
    idle("parity.named-call-finish", "no call", an_exchange(NAMED, json=a_completion()), an_exchange(NAMED_STREAM, stream=text_chunks()), outcome=INCONCLUSIVE),
    breaks("parity.named-call-finish", "two reasons", *named("stop", "tool_calls"), at="finish_reason", actual="tool_calls", outcome=WARN),
    holds("parity.structure", "alike", *both([*text_chunks(), usage_chunk()])),
    holds("parity.structure", "all in both", *both(FINGERPRINTED, system_fingerprint="fp_1")),
    holds("parity.structure", "no usage in the stream", *both(text_chunks(), usage=DETAILED), also=("chunk.usage-asked",)),
    breaks("parity.structure", "only plainly", *both([*text_chunks(), usage_chunk()], system_fingerprint="fp_1"), at="system_fingerprint", actual="absent", outcome=NOTE),
    breaks("parity.structure", "only streamed", *both(FINGERPRINTED), at="system_fingerprint", actual="present", outcome=NOTE),
    breaks("parity.structure", "details", *both([*text_chunks(), usage_chunk()], usage=DETAILED), at="usage.completion_tokens_details", actual="absent", outcome=NOTE),
    breaks("parity.structure", "thoughts", *both([*text_chunks(), usage_chunk()], choices=[a_choice(a_message(reasoning_content="Hm."))]), at="message.reasoning_content", actual="absent", outcome=NOTE),
    holds("turn.dumped-message", "nulls, accepted", an_exchange("turn.dumped-message")),
    breaks("turn.dumped-message", "nulls, refused", refused("turn.dumped-message"), at="status", actual="400", outcome=WARN),
    holds("turn.parallel-results", "two results, accepted", an_exchange("turn.parallel-results")),
    breaks("turn.parallel-results", "two results, refused", refused("turn.parallel-results"), at="status", actual="400"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_coherence(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "probe", "earlier"),
    [
        ("turn.dumped-message", "turn.dumped-message", "turn.own-message"),
        ("turn.parallel-results", "turn.parallel-results", "turn.stream-tool-result"),
    ],
)
def test_what_is_refused_in_its_simplest_form_is_told_once(
    check: str, probe: str, earlier: str
) -> None:
    """Where the plainest next turn is refused alike, its check alone says so."""
    found = finding(check, refused(probe), refused(earlier))

    assert Outcome.INCONCLUSIVE is found.outcome


def test_a_model_that_makes_one_call_is_not_blamed() -> None:
    """A stream with one call says nothing of several; that is up to the model."""
    one = an_exchange(PARALLEL, stream=a_stream(tool_chunks()))
    found = finding("chunk.tool-call-ids", one)

    assert (Outcome.INCONCLUSIVE, Hindrance.MODEL) == (found.outcome, found.hindrance)
