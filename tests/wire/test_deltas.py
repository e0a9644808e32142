"""Folding chunks into what they add up to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conformance.wire.deltas import fold
from tests.builders import (
    Value,
    a_chunk,
    a_fragment,
    finish_chunk,
    role_chunk,
    text_chunks,
    tool_chunks,
)


def numbered(*chunks: Value) -> list[tuple[int, Value]]:
    """The chunks with event numbers."""
    return list(enumerate(chunks, 1))


def test_text_is_joined() -> None:
    """Role, words and finish of a choice, with the events on which they came."""
    choice = fold(numbered(*text_chunks("O", "K")))[0]

    assert [(1, "assistant")] == choice.roles
    assert [(1, ""), (2, "O"), (3, "K")] == choice.content
    assert [(4, "stop")] == choice.finishes
    assert [(2, "content"), (3, "content")] == choice.carries
    assert "OK" == choice.text


def test_calls_are_joined_by_index() -> None:
    """Fragments of two calls may interleave; the order of the calls is that of their first fragments."""
    pieces = [
        a_fragment(opens=True, index=1),
        a_fragment(opens=True),
        a_fragment("{", index=1),
        a_fragment('{"a": 1}'),
        a_fragment("}", index=1),
    ]
    choice = fold(numbered(*tool_chunks(*pieces)))[0]

    assert [1, 0] == choice.tool_order
    assert {0: '{"a": 1}', 1: "{}"} == {i: call.arguments for i, call in choice.tools.items()}
    assert "tool_calls" == choice.finish
    assert "get_weather" == choice.tools[1].name
    assert [(n, "tool_calls") for n in range(2, 7)] == choice.carries
    assert (2, {"name": "get_weather", "arguments": ""}) == (
        choice.tools[1].first.event,
        choice.tools[1].first.function,
    )


def test_choices_are_told_apart() -> None:
    """Chunks of several choices are folded by index."""
    chunks = [role_chunk(1), role_chunk(), a_chunk({"refusal": "No."}), finish_chunk("length", 1)]
    choices = fold(numbered(*chunks))

    assert {0, 1} == choices.keys()
    assert ([(3, "No.")], None) == (choices[0].refusal, choices[0].finish)
    assert "length" == choices[1].finish


def test_an_empty_finish_reason_is_none() -> None:
    """Clients take an empty finish reason for none; that there was one is kept."""
    choice = fold(numbered(role_chunk(), finish_chunk("")))[0]

    assert ([], True) == (choice.finishes, choice.blank_finish)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "stop", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["index", "delta", "role", "content", "refusal", "tool_calls", "function",
                 "arguments", "name", "id", "finish_reason", "function_call", "audio"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "id", "usage"]), JUNK), max_size=3))
def test_malformed_parts_are_left_out(chunks: list[Value]) -> None:
    """No chunk, however malformed, raises."""
    for choice in fold(numbered(*chunks)).values():
        assert isinstance(choice.finish, object)
        assert choice.carries == sorted(choice.carries)
        assert all(isinstance(call.arguments, str) for call in choice.tools.values())
        assert all(isinstance(call.first.function, dict) for call in choice.tools.values())
