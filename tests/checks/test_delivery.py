"""The checks of how streams are delivered, what they add up to, and of turns built from them."""

from __future__ import annotations

import gzip

import pytest

from conformance.checks.delivery import empty_blocks
from conformance.model.exchange import Exchange, Kept
from conformance.model.finding import Hindrance, Outcome
from conformance.model.profile import Responses, Sends
from tests.builders import (
    CREATED,
    DATED,
    DONE,
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
    data,
    finding,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    text_chunks,
    tool_stream,
    usage_chunk,
    verify,
)
from tests.checks.test_answers import (
    COUNTING,
    a_token,
    alternatives,
    scores,
    several_chunks,
    stream_with,
)

STREAM, USAGE, LONG = "chat.stream.basic", "chat.stream.usage", "chat.stream.long"
TWO, SCORED, CALLS = "chat.stream.n2", "chat.stream.logprobs", "tools.stream.required"
ERROR = data(an_error())
HEARTBEAT = b": ping\n\n"


def told(*events: Value, probe: str = STREAM, done: bytes = DONE) -> Exchange:
    """A stream of these events."""
    return an_exchange(probe, stream=a_stream(events, done=done))


def numbered(*, after: bytes = b"", last: bytes = b"") -> Exchange:
    """A right stream whose events have ids, with something behind each and behind the last."""
    events = [b"id: %d\n" % n + data(c) + after for n, c in enumerate(text_chunks(), 1)]
    return an_exchange(STREAM, stream=a_stream([*events, last]))


def words(*said: str, probe: str = STREAM) -> Exchange:
    """A right stream that says something piece by piece."""
    return told(*text_chunks(*said), probe=probe)


def silent(tokens: int | None = None, finish: str = "stop", **usage: Value) -> Exchange:
    """A stream that says nothing, perhaps counting tokens."""
    chunks = [role_chunk(), finish_chunk(finish)]
    if tokens is None:
        return told(*chunks)
    return told(*chunks, usage_chunk(usage=a_usage(9, tokens, **usage)), probe=USAGE)


def counted(tokens: int, *said: str) -> Exchange:
    """A long stream with a count of its tokens."""
    chunks = [*text_chunks(*said)[:-1], finish_chunk()]
    return told(*chunks, usage_chunk(usage=a_usage(9, tokens)), probe=LONG)


def created(value: Value, **how: Value) -> Exchange:
    """A stream with a Date header and this creation time."""
    chunks = [{**chunk, "created": value} for chunk in text_chunks()]
    return an_exchange(STREAM, stream=chunks, **{"headers": DATED, **how})


def compressed(coding: str = "gzip") -> Exchange:
    """A stream in a content coding."""
    packed = gzip.compress(a_stream())
    return an_exchange(STREAM, stream=packed, headers=(("Content-Encoding", coding),))


def calling() -> Exchange:
    """A stream that calls a tool although the request declares none."""
    call = a_chunk({"tool_calls": [a_fragment("{}", opens=True)]})
    return told(role_chunk(), call, finish_chunk("tool_calls"))


def refused(probe: str, status: int = 400) -> Exchange:
    """A next turn that is not accepted."""
    return an_exchange(probe, status=status, json=an_error())


def taken(probe: str) -> Exchange:
    """A next turn that is accepted."""
    return an_exchange(probe, status=200)


L = "choice 0: logprobs"
SNAPSHOTS = ("Rain", "Rain over", "Rain over the", "Rain over the hill")
CASES = [
    holds("stream.not-compressed", "as it is", an_exchange(STREAM)),
    holds("stream.not-compressed", "identity, said aloud", an_exchange(STREAM, headers=(("Content-Encoding", "identity"),))),
    breaks("stream.not-compressed", "gzip", compressed(), at="Content-Encoding", actual="gzip", outcome=WARN),
    holds("stream.id-blank-lines", "no ids", told(*text_chunks(), b"\n\n", HEARTBEAT)),
    holds("stream.id-blank-lines", "ids alone", numbered()),
    holds("stream.id-blank-lines", "an empty id", told(*(b"id\n" + data(c) + HEARTBEAT for c in text_chunks()))),
    holds("stream.id-blank-lines", "behind [DONE]", an_exchange(STREAM, stream=a_stream([b"id: 1\n", *text_chunks()], done=DONE + b"\n\n"))),
    breaks("stream.id-blank-lines", "doubled", numbered(after=b"\n"), at=f"byte {len(b'id: 1') + 1 + len(data(text_chunks()[0]))} of the body", actual="4 of them"),
    breaks("stream.id-blank-lines", "behind a comment", numbered(last=HEARTBEAT), at=f"byte {len(a_stream(done=b'')) + 4 * 6 + 7} of the body", actual="1 of them"),
    holds("stream.error-last", "the end", told(role_chunk(), ERROR, done=b""), also=("stream.without-error",)),
    holds("stream.error-last", "[DONE]", told(role_chunk(), ERROR), also=("stream.without-error",)),
    breaks("stream.error-last", "more text", told(role_chunk(), ERROR, *text_chunks()[1:]), at="event 3", outcome=NOTE, also=("stream.without-error",)),
    holds("chunk.deltas-not-snapshots", "pieces", words("Rain", " over", " the", " hill")),
    holds("chunk.deltas-not-snapshots", "too few to tell", words("Rain over the", "Rain over the hill")),
    holds("chunk.deltas-not-snapshots", "a run of one letter", words("a", "aa", "aaa", "aaaa")),
    holds("chunk.deltas-not-snapshots", "the same again", words("ha ha ha ha ", "ha ha ha ha ", "ha ha ha ha ", "ha ha ha ha ")),
    breaks("chunk.deltas-not-snapshots", "all text so far", words(*SNAPSHOTS), at="event 5"),
    holds("chunk.says-something", "text", an_exchange(STREAM)),
    holds("chunk.says-something", "reasoning", told(role_chunk(), a_chunk({"reasoning_content": "Hm."}), finish_chunk())),
    idle("chunk.says-something", "cut before it spoke", silent(16, "length"), outcome=INCONCLUSIVE),
    idle("chunk.says-something", "stopped at once", an_exchange(STREAM, stream=[role_chunk(), finish_chunk()], asks={"stop": "O"})),
    breaks("chunk.says-something", "nothing", silent(), at="choice 0", actual="nothing", outcome=NOTE),
    breaks("chunk.says-something", "nothing, and no token", silent(0), at="choice 0", actual="nothing, 0 tokens are counted", outcome=WARN),
    breaks("chunk.says-something", "nothing, where JSON was", an_exchange("param.response-format.value", stream=[role_chunk(), finish_chunk()], asks={"stream": True, "response_format": {"type": "json_object"}}), at="choice 0", actual="nothing", outcome=WARN),
    breaks("chunk.says-something", "nothing, and one token", silent(1), at="choice 0", outcome=NOTE),
    breaks("chunk.says-something", "nothing but reasoning", silent(12, completion_tokens_details={"reasoning_tokens": 11}), at="choice 0", outcome=NOTE),
    breaks("chunk.says-something", "nothing for twelve tokens", silent(12), at="choice 0", actual="nothing, although 12 tokens are counted", outcome=WARN),
    holds("chunk.calls-undeclared", "no calls", an_exchange(STREAM)),
    breaks("chunk.calls-undeclared", "a call", calling(), at="event 2", outcome=WARN),
    holds("chunk.created-plausible", "now", created(CREATED)),
    breaks("chunk.created-plausible", "0", created(0), at="event 1: /created", actual="0", outcome=WARN),
    holds("chunk.usage-plausible", "many", counted(40, COUNTING)),
    idle("chunk.usage-plausible", "a short text", counted(1, "OK."), outcome=INCONCLUSIVE),
    breaks("chunk.usage-plausible", "one", counted(1, COUNTING), at="event 4: /usage/completion_tokens", actual="1", outcome=WARN),
    holds("chunk.choice-order", "0, 1", told(*several_chunks(0, 1), probe=TWO)),
    breaks("chunk.choice-order", "1, 0", told(*several_chunks(1, 0), probe=TWO), at="choices", actual="first [1, 0]", outcome=WARN),
    holds("chunk.logprobs-unasked", "null", an_exchange(STREAM)),
    breaks("chunk.logprobs-unasked", "there", an_exchange(STREAM, stream=stream_with(scores(a_token(top=[]))).attempts[0].body), at=L, outcome=NOTE),
    holds("chunk.logprobs-values", "below 0", stream_with(scores(a_token()))),
    breaks("chunk.logprobs-values", "above 0", stream_with(scores(a_token(logprob=0.5))), at=f"{L}/content/0", actual="0.5", outcome=WARN),
    holds("chunk.logprobs-bytes", "the text", stream_with(scores(a_token("O"), a_token("K.")))),
    breaks("chunk.logprobs-bytes", "a token lost", stream_with(scores(a_token("O"))), at=f"{L}/content", outcome=WARN),
    breaks("chunk.logprobs-bytes", "a token twice", stream_with(scores(a_token("O"), a_token("O"), a_token("K."))), at=f"{L}/content", actual="'OOK.'", outcome=NOTE),
    holds("chunk.logprobs-top", "two, sorted", stream_with(scores(a_token()))),
    breaks("chunk.logprobs-top", "two more", stream_with(scores(a_token(top=alternatives(-1, -2, -3, -4)))), at=f"{L}/content/0/top_logprobs", outcome=WARN),
    holds("turn.stream-message", "accepted", taken("turn.stream-message")),
    breaks("turn.stream-message", "refused", refused("turn.stream-message"), at="status", actual="400"),
    holds("turn.stream-tool-result", "accepted", taken("turn.stream-tool-result")),
    breaks("turn.stream-tool-result", "refused", refused("turn.stream-tool-result"), at="status", actual="400"),
    breaks("turn.stream-tool-result", "fatal", refused("turn.stream-tool-result", 500), at="status", actual="500"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_delivery(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange", "outcome", "hindrance"),
    [
        ("stream.error-last", an_exchange(STREAM), Outcome.SKIP, None),
        ("stream.id-blank-lines", an_exchange(STREAM, kept=Kept(bytes=False)), Outcome.SKIP, None),
        ("chunk.created-plausible", an_exchange(STREAM), Outcome.SKIP, None),
        ("chunk.choice-order", an_exchange(TWO), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        ("chunk.logprobs-values", an_exchange(SCORED), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        ("chunk.logprobs-values", an_exchange(STREAM), Outcome.SKIP, None),
        ("turn.stream-message", refused("turn.stream-message", 429), Outcome.INCONCLUSIVE, Hindrance.RUN),
    ],
    ids=["no error", "bytes not kept", "no date", "one choice", "not scored", "not asked", "a limit"],
)  # fmt: skip
def test_what_cannot_be_judged(
    check: str, exchange: Exchange, outcome: Outcome, hindrance: Hindrance | None
) -> None:
    """Where what the rule needs is missing, nobody is accused."""
    found = finding(check, exchange)

    assert (outcome, hindrance) == (found.outcome, found.hindrance), found


def test_calls_that_come_on_their_own_are_claimed() -> None:
    """Where the profile has calls come unasked, they accuse nobody."""
    profile = a_profile(responses=Responses(tool_calls=Sends.ALWAYS))

    assert Outcome.SKIP is finding("chunk.calls-undeclared", calling(), profile=profile).outcome


def test_declared_calls_are_not_spoken_of() -> None:
    """A stream that calls a declared tool is none of that rule's."""
    called = an_exchange(CALLS, stream=tool_stream())

    assert () == finding("chunk.calls-undeclared", called).judged


@pytest.mark.parametrize(
    ("body", "offsets"),
    [
        (b"data: 1\n\n\n\ndata: 2\n\n", []),
        (b"id: 1\ndata: 1\n\n\n\ndata: 2\n\n", [15, 16]),
        (b"id: 1\r\ndata: 1\r\n\r\n\r\n", [18]),
        (b"id: 1\rdata: 1\r\r: ping\r\r", [22]),
        (b"data: 1\n\n\nid: 1\ndata: 2\n\n", []),
        (b"id: 1\ndata: 1\n\nid:\ndata: 2\n\n\n", []),
        (b"id: 1\n\n\n", [7]),
        (b"", []),
    ],
    ids=["no id", "two", "CRLF", "CR and comment", "before the id", "id taken back", "id alone", "empty"],
)  # fmt: skip
def test_blank_lines_without_an_event(body: bytes, offsets: list[int]) -> None:
    """Blank lines count from the first id on, and only where no field stands before them."""
    assert offsets == empty_blocks(body, len(body))
