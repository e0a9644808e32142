"""The checks of the chat template's own tokens in what is shown."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange
from tests.builders import (
    INCONCLUSIVE,
    PASS,
    SKIP,
    WARN,
    Case,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_message,
    a_request,
    a_stream,
    an_exchange,
    breaks,
    finding,
    holds,
    idle,
    text_chunks,
    tool_chunks,
    verify,
)

R = "chat.response"
CONTENT = "/choices/0/message/content"
ARGUMENTS = '{"city": "Paris"}'
OPENED = '<tool_call>\n{"name": "get_weather", "arguments": {"city":"Paris"}}\n</tool_call>'


def beside(text: str | None, request: object = None) -> Exchange:
    """A call with text beside it."""
    message = a_message(text, tool_calls=[a_call()])
    answer = a_completion(choices=[a_choice(message, finish="tool_calls")])
    if request is not None:
        return an_exchange(None, request=a_request(request), json=answer)
    return an_exchange("tools.required", json=answer)


def streamed_beside(*texts: str) -> Exchange:
    """The same as a stream, the text before the call."""
    opening, *rest = tool_chunks()
    said = [a_chunk({"content": text}) for text in texts]
    return an_exchange("tools.stream.required", stream=a_stream([opening, *said, *rest]))


def ending(text: str, probe: str = "chat.basic", **asks: object) -> Exchange:
    """A plain answer."""
    answer = a_completion(choices=[a_choice(a_message(text))])
    return an_exchange(probe, json=answer, asks=asks)


CASES: list[Case] = [
    holds(f"{R}.no-markup", "no text", beside(None)),
    holds(f"{R}.no-markup", "a preamble", beside("Let me look that up with get_weather.")),
    holds(f"{R}.no-markup", "a preamble with the arguments", beside(f"I call get_weather with {ARGUMENTS} for you.")),
    holds(f"{R}.no-markup", "reasoning tags", beside("<think>\nParis.\n</think>\n<|channel|><|begin_of_thought|>")),
    holds(f"{R}.no-markup", "code with a pipe", beside("let it = print <|format city")),
    breaks(f"{R}.no-markup", "the beginning of a token", beside("<|tool_call"), at=CONTENT, actual="'<|tool_call' in '<|tool_call'", outcome=WARN),
    breaks(f"{R}.no-markup", "a token behind it", beside("<|call|>"), at=CONTENT, outcome=WARN),
    breaks(f"{R}.no-markup", "a wide bar", beside("<\uff5ctool\u2581calls\u2581begin\uff5c>"), at=CONTENT, outcome=WARN),
    breaks(f"{R}.no-markup", "in brackets", beside("[TOOL_CALLS]"), at=CONTENT, outcome=WARN),
    breaks(f"{R}.no-markup", "the call as it was written", beside(OPENED), at=CONTENT, outcome=WARN),
    breaks(f"{R}.no-markup", "the call without tokens", beside(f": get_weather({ARGUMENTS})]"), at=CONTENT, outcome=WARN),
    breaks(f"{R}.no-markup", "the call as JSON", beside(f'{{"name": "get_weather", "arguments": {ARGUMENTS}}}'), at=CONTENT, outcome=WARN),
    holds("chunk.no-markup", "no text", streamed_beside()),
    holds("chunk.no-markup", "a preamble", streamed_beside("Let me ", "look.")),
    breaks("chunk.no-markup", "in pieces", streamed_beside("<tool", "_call>"), at="choice 0", outcome=WARN),
    holds("text.no-special-tokens", "none", ending("OK.")),
    holds("text.no-special-tokens", "in the middle", ending("<|im_end|> OK.")),
    holds("text.no-special-tokens", "a tag of HTML", ending("<b>OK</b>")),
    holds("text.no-special-tokens", "a tag of reasoning", ending("Hm.</think>")),
    *(
        breaks("text.no-special-tokens", token, ending(f"OK.{token}\n"), at=CONTENT, outcome=WARN)
        for token in ("<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<eos>", "<\uff5cend\u2581of\u2581sentence\uff5c>")
    ),
    breaks("text.no-special-tokens", "streamed", an_exchange("chat.stream.basic", stream=a_stream(text_chunks("OK", "</", "s>"))), at="choice 0", outcome=WARN),
    idle("text.no-special-tokens", "no text", ending(""), outcome=INCONCLUSIVE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_markup(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


def test_who_speaks_of_tokens_may_get_them() -> None:
    """A model that is asked about a template may well quote it."""
    spoken = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "What does [TOOL_CALLS] mean?"}],
        "tools": [{"type": "function", "function": {"name": "get_weather"}}],
    }
    found = finding(f"{R}.no-markup", beside("[TOOL_CALLS] begins a call.", spoken))

    assert ((), SKIP) == (found.problems, found.outcome)


@pytest.mark.parametrize(
    ("exchange", "outcome"),
    [
        (ending("OK.</s>", "generated.text"), INCONCLUSIVE),
        (ending("OK.</s>", logit_bias={"2": 100}), INCONCLUSIVE),
        (ending("OK.</s>", temperature=2), INCONCLUSIVE),
        (ending("OK.", temperature=0), PASS),
    ],
    ids=["made up", "forced", "hot", "cold"],
)
def test_only_texts_of_fixed_prompts_are_judged(exchange: Exchange, outcome: object) -> None:
    """What is made up or forced may end with anything."""
    assert outcome is finding("text.no-special-tokens", exchange).outcome
