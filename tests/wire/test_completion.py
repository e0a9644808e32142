"""The parts of a completion, as far as they are what they should be."""

from __future__ import annotations

from conformance.wire.completion import calls_of, choices_of, function_of, messages_of
from conformance.wire.reading import Reading
from tests.builders import a_call, a_choice, a_completion, a_message, an_exchange


def test_what_is_malformed_is_left_out() -> None:
    """Parts that are no objects are no parts."""
    assert [] == choices_of({"choices": "one"})
    assert [{}] == choices_of({"choices": [7, {}]})
    assert [] == calls_of({"tool_calls": None})
    assert [{}] == calls_of({"tool_calls": ["call", {}]})
    assert {} == function_of({"function": "get_weather"})


def test_messages_have_their_place() -> None:
    """Each message comes with the pointer of its choice, and with the choice."""
    message = a_message(None, tool_calls=[a_call()])
    choices = [None, a_choice(message, finish="tool_calls"), {"index": 1}]
    x = Reading(an_exchange("tools.required", json=a_completion(choices=choices)))

    assert [("/choices/1", choices[1], message)] == messages_of(x)
    assert "get_weather" == function_of(calls_of(message)[0])["name"]
