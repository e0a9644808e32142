"""The checks of several choices and of several calls."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from tests.builders import (
    NOTE,
    SKIP,
    WARN,
    Case,
    Value,
    a_call,
    a_chunk,
    a_fragment,
    a_request,
    a_usage,
    an_exchange,
    breaks,
    calling,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    tool_chunks,
    usage_chunk,
    verify,
)

APART = "chunk.choices-apart"
PHRASE = "alpha beta gamma"


def said(
    *pieces: tuple[int, str], content: str = f"Repeat exactly: {PHRASE}", **more: Value
) -> Exchange:
    """A stream of two choices whose pieces come in this order, each with the index of its choice."""
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": content}],
        "n": 2,
        "stream": True,
        **more,
    }
    chunks = [role_chunk(0), role_chunk(1)]
    chunks += [a_chunk({"content": text}, index=index) for index, text in pieces]
    chunks += [finish_chunk(index=0), finish_chunk(index=1)]
    return an_exchange(
        "param.n.value", id="param.n.value:stream-two", request=a_request(body), stream=chunks
    )


def under_one(*pieces: str) -> Exchange:
    """The same with one choice alone, of these pieces."""
    made = said()
    chunks = [role_chunk(), *(a_chunk({"content": text}) for text in pieces), finish_chunk()]
    return an_exchange("param.n.value", id=made.id, request=made.request, stream=chunks)


FIRST = ((0, "alpha"), (0, " beta"), (0, " gamma"))
SEVERAL = "param.parallel-tool-calls.value"
ASKING = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "Paris and Rome: what is the weather?"}],
    "tools": [{"type": "function", "function": {"name": "get_weather"}}],
    "parallel_tool_calls": True,
}


def several(calls: int = 2, tokens: int = 40) -> Exchange:
    """An answer with so many calls, for so many tokens."""
    made = calling(*(a_call(at) for at in range(calls)))
    whole = {**made, "usage": a_usage(9, tokens)}
    return an_exchange(SEVERAL, id=f"{SEVERAL}:two", request=a_request(ASKING), json=whole)


def several_streamed(calls: int, tokens: int | None = 40, finish: str = "tool_calls") -> Exchange:
    """The same as a stream, whose usage may be left out."""
    opening = [
        a_fragment('{"city": "Paris"}', index=at, opens=True, id=f"call_{at}")
        for at in range(calls)
    ]
    chunks = tool_chunks(*opening, finish=finish)
    chunks += [usage_chunk(usage=a_usage(9, tokens))] if tokens else []
    asked = a_request({**ASKING, "stream": True, "stream_options": {"include_usage": bool(tokens)}})
    return an_exchange(SEVERAL, id=f"{SEVERAL}:stream-two", request=asked, stream=chunks)


TOOLS, TOOLS_STREAM = "tools.required", "tools.stream.required"
CASES: list[Case] = [
    holds(APART, "one after the other", said(*FIRST, (1, PHRASE))),
    holds(APART, "in turns", said((0, "alpha"), (1, "alpha beta"), (0, " beta gamma"), (1, " gamma"))),
    holds(APART, "other white space", said((0, f"{PHRASE}\n"), (1, PHRASE))),
    breaks(APART, "a piece of another", said(*FIRST, (1, "alpha"), (0, " beta"), (1, " gamma")), at="choice 0", actual="'alpha beta gamma beta'", outcome=WARN),
    breaks(APART, "both under one index", under_one("alpha", "alpha", " beta", " beta", " gamma", " gamma"), at="choice 0", actual="their pieces under one index: 'alphaalpha beta beta gamma gamma'", outcome=WARN),
    idle(APART, "one alone", under_one("alpha", " beta", " gamma"), outcome=Outcome.INCONCLUSIVE),
    idle(APART, "said twice by one", under_one("alpha", " beta", " gamma ", PHRASE), outcome=Outcome.INCONCLUSIVE),
    idle(APART, "other words", said((0, "alpha beta"), (1, PHRASE)), outcome=Outcome.INCONCLUSIVE),
    idle(APART, "no phrase", said((0, "OK."), (1, "OK."), content="Say OK."), outcome=SKIP),
    idle(APART, "cut at a stop", said((0, "alpha"), (1, "alpha"), stop="beta"), outcome=SKIP),
    holds("parity.call-count", "as many", several(), several_streamed(2)),
    holds("parity.call-count", "one and one", several(1), several_streamed(1)),
    breaks("parity.call-count", "one lost", several(), several_streamed(1), at="tool calls", actual="1, though one call costs 40 tokens and all 40", outcome=WARN),
    breaks("parity.call-count", "one fewer made", several(), several_streamed(1, 20), at="tool calls", actual="1", outcome=NOTE),
    breaks("parity.call-count", "one more made", several(1, 20), several_streamed(2), at="tool calls", actual="2", outcome=NOTE),
    breaks("parity.call-count", "not counted", several(), several_streamed(1, None), at="tool calls", actual="1", outcome=NOTE),
    idle("parity.call-count", "not asked for", an_exchange(TOOLS), an_exchange(TOOLS_STREAM)),
    idle("parity.call-count", "cut", several(), several_streamed(1, finish="length"), outcome=Outcome.INCONCLUSIVE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_several(case: Case) -> None:
    """Pieces belong to the choice under whose index they came, and no call is lost."""
    verify(case)
