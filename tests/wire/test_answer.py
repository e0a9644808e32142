"""What an answer said, whole or streamed."""

from __future__ import annotations

import pytest

from conformance.wire.answer import Call, Said, member_of, said, stated_usage
from conformance.wire.reading import Reading
from tests.builders import (
    Value,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_fragment,
    a_message,
    an_exchange,
    calling,
    finish_chunk,
    role_chunk,
    text_chunks,
    tool_chunks,
    usage_chunk,
)


def of(*choices: Value) -> tuple[Said, ...]:
    """What is said in a whole answer with these choices."""
    return said(Reading(an_exchange(json=a_completion(choices=list(choices)))))


def streamed(chunks: list[Value]) -> tuple[Said, ...]:
    """What is said in a stream."""
    return said(Reading(an_exchange("chat.stream.basic", stream=chunks)))


def test_text() -> None:
    """Both forms give the same, but for the place."""
    whole, parts = of(a_choice(a_message("OK."))), streamed(text_chunks("O", "K."))

    assert [(0, "OK.", "stop", "/choices/0")] == [(s.index, s.text, s.finish, s.at) for s in whole]
    assert [(0, "OK.", "stop", "choice 0")] == [(s.index, s.text, s.finish, s.at) for s in parts]


def test_calls() -> None:
    """A call has its name and the text of its arguments, joined where it came in pieces."""
    pieces = (a_fragment('{"city": ', opens=True), a_fragment('"Paris"}'))
    (call,) = streamed(tool_chunks(*pieces))[0].calls
    (whole,) = said(Reading(an_exchange("tools.required", json=calling(a_call()))))[0].calls

    assert Call(whole.name, '{"city": "Paris"}') == call


def test_calls_of_the_old_kind() -> None:
    """``function_call`` is a call too, in both forms."""
    call = {"name": "f", "arguments": "{}"}
    deltas = [
        {"function_call": {"name": "f", "arguments": "{"}},
        {"function_call": {"arguments": "}"}},
    ]
    chunks = [a_chunk(delta) for delta in deltas]
    parts = streamed([role_chunk(), *chunks, finish_chunk("function_call")])

    assert Call("f", "{}") == of(a_choice(a_message(None, function_call=call)))[0].function_call
    assert Call("f", "{}") == parts[0].function_call


def test_choices_come_in_the_order_of_their_indexes() -> None:
    """Whatever the order in which they were sent."""
    found = of(a_choice(a_message("b"), index=1), a_choice(a_message("a"), index=0))

    assert ["a", "b"] == [one.text for one in found]
    assert ["/choices/1", "/choices/0"] == [one.at for one in found]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param("x", (), id="no object"),
        pytest.param({"message": None}, (), id="no message"),
        pytest.param({"message": {"content": 7, "tool_calls": "x"}}, (Said(0, at="/choices/0"),), id="no text"),
        pytest.param({"message": {"tool_calls": [7, {"function": 7}]}, "index": True}, (Said(0, at="/choices/0"),), id="no calls"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_left_out(choice: Value, expected: tuple[Said, ...]) -> None:
    """Nothing raises; others say what is wrong."""
    assert expected == of(choice)


def test_an_answer_without_choices_says_nothing() -> None:
    """Neither does one that is no object."""
    assert () == of()
    assert () == said(Reading(an_exchange(json=[1])))


def test_members_stand_in_the_body_or_in_the_first_chunk() -> None:
    """What an answer says of itself is found in both forms, and nothing where it says nothing."""
    whole = Reading(an_exchange(json=a_completion()))
    parts = Reading(an_exchange("chat.stream.basic", stream=text_chunks()))

    assert a_completion()["model"] == member_of(whole, "model")
    assert text_chunks()[0]["model"] == member_of(parts, "model")
    assert member_of(Reading(an_exchange("chat.stream.basic", stream=[])), "model") is None


def test_usage_of_a_stream_is_its_last() -> None:
    """A body has its usage, a stream the one that came last, if any came."""
    whole = Reading(an_exchange(json=a_completion()))
    first, last = usage_chunk(usage={"total_tokens": 1}), usage_chunk(usage={"total_tokens": 2})
    parts = Reading(an_exchange("chat.stream.basic", stream=[*text_chunks(), first, last]))

    assert a_completion()["usage"] == stated_usage(whole)
    assert {"total_tokens": 2} == stated_usage(parts)
    assert stated_usage(Reading(an_exchange("chat.stream.basic", stream=text_chunks()))) is None
