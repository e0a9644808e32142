"""The official client accepts what the correct server sends, with its strictest validation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.refserver.serve import ReferenceServer

from .asking import COUNT, KEY, LOCKED, MODEL, NAMED, SAY_OK, WEATHER, tool_history

openai = pytest.importorskip("openai", reason="the official client is a development dependency")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A strict client of a running server."""
    with (
        ReferenceServer(LOCKED, key=KEY) as server,
        openai.OpenAI(
            base_url=server.base_url,
            api_key=KEY,
            max_retries=0,
            _strict_response_validation=True,
        ) as made,
    ):
        yield made


BODIES: dict[str, dict[str, Any]] = {
    "plain": {"messages": SAY_OK},
    "cut": {"messages": COUNT, "max_tokens": 64},
    "choices": {"messages": SAY_OK, "n": 3},
    "logprobs": {"messages": SAY_OK, "logprobs": True, "top_logprobs": 2},
    "required": {"messages": SAY_OK, "tools": [WEATHER], "tool_choice": "required"},
    "named": {"messages": SAY_OK, "tools": [WEATHER], "tool_choice": NAMED},
    "result": {"messages": tool_history(), "tools": [WEATHER]},
    "json": {"messages": SAY_OK, "response_format": {"type": "json_object"}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_whole_answers_are_accepted(client: Any, body: dict[str, Any]) -> None:
    """Each form of an answer validates."""
    answer = client.chat.completions.create(model=MODEL, **body)
    message = answer.choices[0].message

    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert message.content or message.tool_calls


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_streams_are_accepted(client: Any, body: dict[str, Any]) -> None:
    """Each chunk validates, and the last has the usage."""
    stream = client.chat.completions.create(
        model=MODEL, stream=True, stream_options={"include_usage": True}, **body
    )
    *_, last = stream

    assert last.usage.completion_tokens > 0


@pytest.mark.parametrize("name", ["plain", "choices", "required", "named", "json"])
def test_the_stream_helper_adds_up(client: Any, name: str) -> None:
    """The accumulated answer is the whole answer."""
    body = BODIES[name]
    whole = client.chat.completions.create(model=MODEL, **body).choices[0].message
    with client.chat.completions.stream(model=MODEL, **body) as stream:
        built = stream.get_final_completion().choices[0].message
    called = [
        [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        for message in (whole, built)
    ]

    assert whole.content == built.content
    assert called[0] == called[1]


def test_models_are_accepted(client: Any) -> None:
    """Listed and retrieved, with a slash in the id too."""
    listed = client.models.list().data

    assert [client.models.retrieve(one.id) for one in listed] == listed


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"model": "no-such-model", "messages": SAY_OK}, "NotFoundError"),
        ({"model": MODEL, "messages": []}, "BadRequestError"),
        ({"model": "no-such-model", "messages": SAY_OK, "stream": True}, "NotFoundError"),
    ],
)
def test_errors_are_understood(client: Any, body: dict[str, Any], expected: str) -> None:
    """A refusal becomes the exception of its status, with code and type."""
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**body)

    assert (expected, "invalid_request_error") == (type(caught.value).__name__, caught.value.type)


def test_a_wrong_key_is_understood(client: Any) -> None:
    """As an authentication error."""
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-wrong").models.list()
