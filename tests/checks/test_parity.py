"""The checks that compare both forms of an answer."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Hindrance, Outcome
from tests.builders import (
    NOTE,
    WARN,
    Case,
    a_call,
    a_completion,
    a_request,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    calling,
    finding,
    findings,
    holds,
    text_chunks,
    usage_chunk,
    verify,
)

PLAIN, STREAM = "chat.basic", "chat.stream.basic"
LONG, LONG_STREAM = "chat.long", "chat.stream.long"
TOOLS, TOOLS_STREAM = "tools.required", "tools.stream.required"
OTHER = [{**chunk, "model": "small"} for chunk in text_chunks()]
COUNTED = a_stream([*text_chunks(), usage_chunk(usage=a_usage(11, 3))])


def counting(prompt: int) -> bytes:
    """A stream that counts so many tokens of the prompt."""
    return a_stream([*text_chunks(), usage_chunk(usage=a_usage(prompt, 3))])


def seeded(prompt: int, case: str = "repeatable", seed: int = 7) -> Exchange:
    """A request that is sent twice, with so many tokens of the prompt."""
    messages = [{"role": "user", "content": "Say OK."}]
    request = a_request({"model": "tiny", "messages": messages, "seed": seed, "temperature": 0})
    probe, answer = "param.seed.value", a_completion(usage=a_usage(prompt, 3))
    return an_exchange(probe, id=f"{probe}:{case}", request=request, json=answer)


ZERO = ("chat.response.usage-counts",)


def refused(probe: str, status: int = 400) -> Exchange:
    """A request that is refused."""
    return an_exchange(probe, status=status, json=an_error())


CASES = [
    holds("parity.status", "both", an_exchange(TOOLS), an_exchange(TOOLS_STREAM)),
    holds("parity.status", "neither", refused(TOOLS), refused(TOOLS_STREAM)),
    breaks("parity.status", "only plainly", an_exchange(TOOLS), refused(TOOLS_STREAM), at="status", actual="400 with stream: true"),
    breaks("parity.status", "only streamed", refused(TOOLS), an_exchange(TOOLS_STREAM), at="status", actual="200 with stream: true"),
    holds("parity.prompt-tokens", "alike", an_exchange(LONG), an_exchange(LONG_STREAM)),
    breaks("parity.prompt-tokens", "otherwise", an_exchange(LONG), an_exchange(LONG_STREAM, stream=COUNTED), at="usage.prompt_tokens", actual="11", outcome=NOTE),
    breaks("parity.prompt-tokens", "many more", an_exchange(LONG), an_exchange(LONG_STREAM, stream=counting(19)), at="usage.prompt_tokens", actual="19", outcome=WARN),
    breaks("parity.prompt-tokens", "none", an_exchange(LONG, json=a_completion(usage=a_usage(2, 3))), an_exchange(LONG_STREAM, stream=counting(0)), at="usage.prompt_tokens", actual="0", outcome=WARN),
    holds("parity.prompt-repeated", "alike", seeded(9), seeded(9, "repeated")),
    holds("parity.prompt-repeated", "alike in each of two forms", seeded(9), seeded(9, "repeated"), seeded(19, "other", seed=8)),
    holds("parity.prompt-repeated", "none, which has a check of its own", seeded(9), seeded(0, "repeated"), also=ZERO),
    breaks("parity.prompt-repeated", "otherwise", seeded(9), seeded(10, "repeated"), at="usage.prompt_tokens", actual="10", outcome=NOTE),
    holds("parity.model", "the same", an_exchange(PLAIN), an_exchange(STREAM)),
    breaks("parity.model", "another", an_exchange(PLAIN), an_exchange(STREAM, stream=OTHER), at="model", actual="'small'", outcome=WARN),
    holds("parity.tool-calls", "both", an_exchange(TOOLS), an_exchange(TOOLS_STREAM)),
    holds("parity.tool-calls", "neither", an_exchange("tools.named", json=a_completion()), an_exchange("tools.stream.named", stream=text_chunks())),
    holds("parity.tool-calls", "more in one", an_exchange(TOOLS, json=calling(a_call(), a_call(1))), an_exchange(TOOLS_STREAM)),
    breaks("parity.tool-calls", "only plainly", an_exchange(TOOLS), an_exchange(TOOLS_STREAM, stream=text_chunks()), at="tool calls", actual="none", outcome=WARN),
    breaks("parity.tool-calls", "only streamed", an_exchange(TOOLS, json=a_completion()), an_exchange(TOOLS_STREAM), at="tool calls", actual="a tool call", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_parity(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchanges", "outcome"),
    [
        ("parity.model", (an_exchange(PLAIN),), Outcome.INCONCLUSIVE),
        ("parity.model", (an_exchange(PLAIN), refused(STREAM)), Outcome.INCONCLUSIVE),
        ("parity.prompt-tokens", (an_exchange(PLAIN), an_exchange(STREAM)), Outcome.SKIP),
        ("parity.tool-calls", (an_exchange(PLAIN), an_exchange(STREAM)), Outcome.SKIP),
        (
            "parity.tool-calls",
            (an_exchange(TOOLS, json=a_completion(choices=[])), an_exchange(TOOLS_STREAM)),
            Outcome.INCONCLUSIVE,
        ),
    ],
    ids=["one form", "refused", "uncounted", "unforced", "speechless"],
)
def test_what_cannot_be_compared_is_not_judged(
    check: str, exchanges: tuple[Exchange, ...], outcome: Outcome
) -> None:
    """A comparison needs both forms, and in each what is compared."""
    assert outcome is finding(check, *exchanges).outcome


@pytest.mark.parametrize(
    "plain",
    [a_completion(usage=None), a_completion(usage=a_usage(prompt_tokens="9"))],
    ids=["none", "text"],
)
def test_prompts_without_counts_are_left_to_other_checks(plain: object) -> None:
    """What is no count is not compared."""
    exchanges = an_exchange(LONG, json=plain), an_exchange(LONG_STREAM)

    assert () == finding("parity.prompt-tokens", *exchanges).problems


def test_prompts_that_are_counted_otherwise_each_time_are_not_compared() -> None:
    """Where two equal requests differ, a difference of both forms says nothing of the form."""
    forms = an_exchange(LONG), an_exchange(LONG_STREAM, stream=counting(19))
    moving = findings(*forms, seeded(9), seeded(15, "repeated"))
    steady = findings(*forms, seeded(9), seeded(9, "repeated"))

    assert Outcome.INCONCLUSIVE is moving["parity.prompt-tokens"].outcome
    assert Outcome.WARN is steady["parity.prompt-tokens"].outcome


def test_both_forms_of_the_smallest_request_have_checks_of_their_own() -> None:
    """A stream refused where the plain request passes is told once, by stream.accepted."""
    exchanges = an_exchange(PLAIN), refused(STREAM)

    assert () == finding("parity.status", *exchanges).judged
    assert Outcome.FAIL is finding("stream.accepted", *exchanges).outcome


def test_a_limit_in_one_form_is_not_compared() -> None:
    """A stream that met a rate limit says nothing of what is accepted, and the rule was not exercised."""
    found = finding("parity.status", an_exchange(TOOLS), refused(TOOLS_STREAM, 429))

    assert (Outcome.INCONCLUSIVE, Hindrance.RUN) == (found.outcome, found.hindrance)
