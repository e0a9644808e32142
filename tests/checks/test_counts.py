"""The checks of what is counted: messages, parts and choices, and calls that come to their limit."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Hindrance, Outcome
from tests.builders import (
    INCONCLUSIVE,
    NOTE,
    PASS,
    WARN,
    Case,
    a_call,
    a_choice,
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
    holds,
    idle,
    tool_chunks,
    usage_chunk,
    verify,
)

R = "chat.response"
PROMPT = "/usage/prompt_tokens"
SPENT = "/usage/completion_tokens"
PHRASE = "alpha beta gamma delta"
DEVELOPER = "message.role.accepted:developer"
SYSTEMS = "message.order.accepted:several-system"
IMAGE = "message.part.accepted:image_url"
SAY_OK = [{"role": "user", "content": "Say OK."}]
EMPTY = {"id": "call_0", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
WHOLE = {"required": ["city"], "type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WHOLE}}]


def prompt(tokens: int, id: str) -> Exchange:
    """An answer to a request whose prompt counts so many tokens."""
    answer = a_completion(usage=a_usage(tokens))
    return an_exchange(id.partition(":")[0], id=id, json=answer, asks={"messages": SAY_OK})


def run(case: str, tokens: int, basic: int = 10, system: int = 17, long: int = 300) -> tuple[Exchange, ...]:  # fmt: skip
    """What a case is compared with, and the case."""
    others = {"chat.basic": basic, "chat.long-prompt": long, "chat.system": system}
    made = tuple(asked(n, id) for id, n in others.items())
    return (*made, asked(tokens, case))


def asked(tokens: int, id: str) -> Exchange:
    """The same with the request that its probe sends, or with one more message."""
    body = {} if id == "chat.basic" else {"messages": [*SAY_OK, {"role": "system", "content": id}]}
    answer = a_completion(usage=a_usage(tokens))
    return an_exchange(id.partition(":")[0], id=id, json=answer, asks=body)


def choices(number: int, tokens: int, text: str = PHRASE, **usage: object) -> Exchange:
    """The phrase in one choice or in two, and how many tokens that took."""
    found = [a_choice(a_message(text), index=n) for n in range(number)]
    body = {"messages": [{"role": "user", "content": f"Repeat exactly: {PHRASE}"}], "stop": None}
    asks = {**body, "n": number, "stream": False}
    return an_exchange(
        "chat.logprobs" if number == 1 else "param.n.value",
        json=a_completion(choices=found, usage=a_usage(9, tokens, **usage)),
        asks={**asks, "logprobs": False},
    )


def called(tokens: int, call: object = EMPTY, finish: str = "tool_calls", **asks: object) -> Exchange:  # fmt: skip
    """A call under a limit of eight tokens."""
    answer = {**calling(call, finish=finish), "usage": a_usage(9, tokens)}
    return an_exchange("tools.auto", json=answer, asks={"tools": TOOLS, "max_tokens": 8, **asks})


def streamed_call(tokens: int, arguments: str, finish: str = "tool_calls") -> Exchange:
    """The same as a stream."""
    chunks = tool_chunks(a_fragment(arguments, opens=True), finish=finish)
    usage = usage_chunk(usage=a_usage(9, tokens))
    asks = {"tools": TOOLS, "max_tokens": 8, "stream_options": {"include_usage": True}}
    return an_exchange("tools.stream.required", stream=a_stream([*chunks, usage]), asks=asks)


CASES: list[Case] = [
    holds("message.role.counted", "as a system message", *run(DEVELOPER, 17)),
    holds("message.role.counted", "shorter than the template's own", *run(DEVELOPER, 17, basic=30)),
    holds("message.role.counted", "beside the template's own", *run(DEVELOPER, 36, basic=30)),
    holds("message.role.counted", "as long as the template's own", *run(DEVELOPER, 17, basic=17)),
    holds("message.role.counted", "nearly as long as the template's own", *run(DEVELOPER, 15, basic=15)),
    breaks("message.role.counted", "as if it were not there", *run(DEVELOPER, 10), at=PROMPT, actual="10", outcome=WARN),
    breaks("message.role.counted", "the template's own stays", *run(DEVELOPER, 30, basic=30), at=PROMPT, outcome=WARN),
    holds("message.role.counted", "equal prompts differ", *run(DEVELOPER, 10), prompt(11, "param.seed.value:repeated")),
    holds("message.role.counted", "an equal prompt is not counted", *run(DEVELOPER, 17), an_exchange("param.seed.value", status=400, json=an_error(), asks={"messages": SAY_OK})),
    idle("message.role.counted", "no developer message", *run("message.role.accepted:tool", 10), outcome=INCONCLUSIVE),
    holds("message.order.counted", "both", *run(SYSTEMS, 24)),
    holds("message.order.counted", "both, shorter than the template's own", *run(SYSTEMS, 24, basic=40)),
    holds("message.order.counted", "every prompt counts the same", *run(SYSTEMS, 9, 9, 9, 9), also=(f"{R}.usage-grows",)),
    breaks("message.order.counted", "one of them", *run(SYSTEMS, 17), at=PROMPT, actual="17", outcome=WARN),
    breaks("message.order.counted", "none of them", *run(SYSTEMS, 10, system=10), at=PROMPT, outcome=WARN),
    holds("message.part.counted", "more", *run(IMAGE, 95)),
    breaks("message.part.counted", "the text alone", *run(IMAGE, 10), at=PROMPT, actual="10", outcome=NOTE),
    idle("message.part.counted", "refused", *run(IMAGE, 10)[:3], an_exchange("message.part.accepted", id=IMAGE, status=400, json=an_error()), outcome=INCONCLUSIVE),
    holds(f"{R}.usage-choices", "both", choices(1, 4), choices(2, 8)),
    holds(f"{R}.usage-choices", "an end token in one count", choices(1, 5), choices(2, 8)),
    holds(f"{R}.usage-choices", "reasoning aside", choices(1, 34, completion_tokens_details={"reasoning_tokens": 30}), choices(2, 38, completion_tokens_details={"reasoning_tokens": 30})),
    breaks(f"{R}.usage-choices", "one of them", choices(1, 4), choices(2, 4), at=SPENT, actual="4 for two choices", outcome=WARN),
    idle(f"{R}.usage-choices", "another text", choices(1, 4), choices(2, 4, "alpha"), outcome=INCONCLUSIVE),
    idle(f"{R}.usage-choices", "no count", choices(1, 4), choices(2, 0), outcome=INCONCLUSIVE, also=(f"{R}.usage-counts",)),
    holds(f"{R}.calls-at-limit", "whole", called(8, a_call())),
    holds(f"{R}.calls-at-limit", "cut, and says so", called(8, finish="length")),
    breaks(f"{R}.calls-at-limit", "closed", called(8), at="/choices/0/finish_reason", actual="\"tool_calls\", with '{}' where 'city' is required", outcome=WARN),
    idle(f"{R}.calls-at-limit", "ended before", called(7)),
    holds("chunk.calls-at-limit", "whole", streamed_call(8, '{"city": "Paris"}')),
    holds("chunk.calls-at-limit", "cut, and says so", streamed_call(8, '{"ci', "length")),
    breaks("chunk.calls-at-limit", "closed", streamed_call(8, "{}"), at="choice 0", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_counts(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    "exchange",
    [
        called(8, a_call(function={"name": "get_weather", "arguments": "{"})),
        called(8, a_call(function={"name": "get_time", "arguments": "{}"})),
        called(8, tools=[{"type": "custom"}, {"type": "function", "function": {"name": "get_weather"}}]),
    ],
    ids=["broken", "undeclared", "nothing required"],
)  # fmt: skip
def test_calls_of_which_nothing_is_known_to_miss_are_whole(exchange: Exchange) -> None:
    """Broken JSON and undeclared functions have rules of their own."""
    assert finding(f"{R}.calls-at-limit", exchange).outcome is PASS


def test_an_image_in_a_group_without_the_smallest_request_is_not_judged() -> None:
    """There is nothing to compare with."""
    found = finding("message.part.counted", *run(IMAGE, 10)[1:])

    assert (INCONCLUSIVE, ()) == (found.outcome, found.problems)


def test_a_refusal_is_the_endpoints_doing() -> None:
    """Why a comparison is not made is told."""
    refused = an_exchange("message.role.accepted", id=DEVELOPER, status=400, json=an_error())
    found = finding("message.role.counted", *run(DEVELOPER, 10)[:3], refused)

    assert Outcome.INCONCLUSIVE is found.outcome
    assert {Hindrance.ENDPOINT} == {why.hindrance for _, why in found.unjudged}
