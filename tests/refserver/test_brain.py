"""What the model says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from conformance.model.profile import Responses, Sends
from conformance.refserver.tokens import pieces

from .asking import COUNT, NAMED, PLAIN, SAY_OK, WEATHER, chat, read, tool_history


def choice(**body: Any) -> dict[str, Any]:
    """The first choice of a whole answer."""
    found: dict[str, Any] = read(chat(**body))["choices"][0]
    return found


def content(**body: Any) -> str:
    """The text of the first choice."""
    found: str = choice(**body)["message"]["content"]
    return found


def asked(text: str) -> list[dict[str, str]]:
    """One user message."""
    return [{"role": "user", "content": text}]


def test_the_same_prompt_gets_the_same_answer() -> None:
    """The seed makes no difference, the conversation does."""
    assert content() == content(seed=7)
    assert len({content(messages=asked(f"Prompt {n}")) for n in range(8)}) > 1


@pytest.mark.parametrize("text", ["", "a", "one two", "  lead", "trail  ", "Überlängenwort\n\nx "])
def test_tokens_add_up(text: str) -> None:
    """Joined, the tokens are the text."""
    assert text == "".join(pieces(text))


def test_a_limit_cuts_the_answer() -> None:
    """Both limits count tokens and end in length; a short answer ends by itself."""
    for name in ("max_tokens", "max_completion_tokens"):
        reply = read(chat(messages=COUNT, **{name: 64}))

        assert ("length", 64) == (
            reply["choices"][0]["finish_reason"],
            reply["usage"]["completion_tokens"],
        )
    assert "stop" == choice(max_tokens=16)["finish_reason"]


def test_counting_is_long() -> None:
    """To count takes far more than 64 tokens and comes to its end without a limit."""
    assert content(messages=COUNT).endswith("ninety-nine, one hundred.")
    assert len(pieces(content(messages=COUNT))) > 100


def test_a_phrase_is_repeated() -> None:
    """What is to be repeated exactly comes back as it was, white space and all."""
    assert "tea\u2028é \U0001f680" == content(
        messages=asked("Repeat exactly: tea\u2028é \U0001f680")
    )


def test_what_the_user_quotes_is_an_argument() -> None:
    """A quoted phrase stands in for plain texts among the arguments of a call."""
    found = choice(messages=asked('Weather in "Zürich"?'), tools=[WEATHER], tool_choice="required")

    assert '{"city":"Zürich"}' == found["message"]["tool_calls"][0]["function"]["arguments"]


def test_stop_sequences_end_the_text() -> None:
    """The first stop sequence and all after it are missing."""
    found = choice(messages=COUNT, stop=[" seven", " four"])

    assert ("one, two, three,", "stop") == (found["message"]["content"], found["finish_reason"])


def test_a_longer_prompt_costs_more() -> None:
    """Prompt tokens grow with the messages and with the tools."""
    costs = [
        read(chat(**body))["usage"]["prompt_tokens"]
        for body in ({}, {"messages": COUNT}, {"messages": COUNT, "tools": [WEATHER]})
    ]

    assert costs == sorted(set(costs))


def test_choices_are_counted() -> None:
    """With n there are n choices, numbered, and the usage is that of all."""
    reply = read(chat(n=3))
    texts = [one["message"]["content"] for one in reply["choices"]]

    assert [0, 1, 2] == [one["index"] for one in reply["choices"]]
    assert sum(len(pieces(text)) for text in texts) == reply["usage"]["completion_tokens"]


def test_log_probabilities_spell_the_text() -> None:
    """Their bytes are those of the text, and the alternatives fall."""
    found = choice(logprobs=True, top_logprobs=3)
    entries = found["logprobs"]["content"]
    spelt = bytes(byte for entry in entries for byte in entry["bytes"]).decode()
    tops = [[one["logprob"] for one in entry["top_logprobs"]] for entry in entries]

    assert found["message"]["content"] == spelt
    assert all(3 == len(top) and top == sorted(top, reverse=True) for top in tops)


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        ({"tool_choice": "required"}, "tool_calls"),
        ({"tool_choice": NAMED}, "stop"),
        ({"messages": asked("What is the weather?")}, "tool_calls"),
        ({"messages": asked("Please call it."), "tool_choice": "auto"}, "tool_calls"),
    ],
    ids=["required", "named", "auto-weather", "auto-call"],
)
def test_tools_are_called(body: dict[str, Any], finish: str) -> None:
    """A call has an id and arguments for the function's parameters; a named one ends with stop."""
    found = choice(tools=[WEATHER], **body)
    call = found["message"]["tool_calls"][0]

    assert (None, finish) == (found["message"]["content"], found["finish_reason"])
    assert ("function", "get_weather") == (call["type"], call["function"]["name"])
    jsonschema.validate(
        json.loads(call["function"]["arguments"]), WEATHER["function"]["parameters"]
    )


@pytest.mark.parametrize(
    "body",
    [
        {"tool_choice": "none", "messages": asked("Call the tool.")},
        {"messages": SAY_OK},
        {"messages": tool_history()},
    ],
    ids=["none", "auto-small-talk", "after-result"],
)
def test_tools_are_not_called(body: dict[str, Any]) -> None:
    """Not when it is forbidden, not without need, not right after a result."""
    found = choice(tools=[WEATHER], **body)

    assert "tool_calls" not in found["message"]
    assert found["message"]["content"]


def test_two_calls_come_only_in_parallel() -> None:
    """Who asks for two gets two, unless they may not be parallel; their ids differ."""
    body = {"messages": asked("Weather in both cities?"), "tools": [WEATHER]}
    calls = choice(**body)["message"]["tool_calls"]

    assert 2 == len({call["id"] for call in calls})
    assert 1 == len(choice(**body, parallel_tool_calls=False)["message"]["tool_calls"])


def test_calls_are_cut_too() -> None:
    """A limit may cut the arguments, and then the answer ends with length."""
    found = choice(tools=[WEATHER], tool_choice="required", max_tokens=2)

    assert "length" == found["finish_reason"]
    assert found["message"]["tool_calls"][0]["function"]["arguments"] == '{"city":'


def test_other_kinds_of_tools() -> None:
    """Custom tools get an input, old functions a function_call, a subset is kept to."""
    other = {"type": "function", "function": {"name": "other"}}
    custom = choice(tools=[{"type": "custom", "custom": {"name": "c"}}], tool_choice="required")
    old = choice(functions=[{"name": "f"}], function_call={"name": "f"})
    allowed = {"mode": "required", "tools": [other]}
    subset = choice(
        tools=[WEATHER, other],
        tool_choice={"type": "allowed_tools", "allowed_tools": allowed},
    )

    assert "input" in custom["message"]["tool_calls"][0]["custom"]
    assert {"name": "f", "arguments": "{}"} == old["message"]["function_call"]
    assert "other" == subset["message"]["tool_calls"][0]["function"]["name"]


def test_json_is_answered_with_json() -> None:
    """A JSON object, or an instance of the schema."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    form = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}

    assert isinstance(json.loads(content(response_format={"type": "json_object"})), dict)
    jsonschema.validate(json.loads(content(response_format=form)), schema)


@pytest.mark.parametrize(
    ("sends", "called"), [(Sends.NEVER, False), (Sends.ALWAYS, True), (Sends.OPT_IN, False)]
)
def test_a_profile_may_call_always_or_never(sends: Sends, called: bool) -> None:
    """The habit of the profile decides where the request leaves it open."""
    profile = replace(PLAIN, responses=Responses(tool_calls=sends))
    message = read(chat(profile, tools=[WEATHER]))["choices"][0]["message"]

    assert called == ("tool_calls" in message)
