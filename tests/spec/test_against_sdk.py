"""Our schemas beside the types of the official Python SDK."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.spec.catalog import schema

from .declared import Difference, differences, from_schema, from_type

chat = pytest.importorskip("openai.types.chat", reason="the openai SDK is a development dependency")
types = pytest.importorskip("openai.types")

UNREAD = "no client depends on it, and other services use the name for their own"
RECORDED = "present in every recorded answer of api.openai.com"
DOCUMENTED = "required by OpenAI's OpenAPI document; the check weakens its absence"

DEPARTURES: dict[str, dict[tuple[str, str], str]] = {
    "chat.completion": {
        ("usage", "required"): RECORDED,
        ("choices[].message.content", "required"): RECORDED,
        ("choices[].logprobs.content", "required"): DOCUMENTED,
        ("choices[].logprobs.refusal", "required"): DOCUMENTED,
        ("choices[].logprobs.content[].bytes", "required"): DOCUMENTED,
        ("choices[].logprobs.content[].top_logprobs[].bytes", "required"): DOCUMENTED,
        ("choices[].logprobs.refusal[].bytes", "required"): DOCUMENTED,
        ("choices[].logprobs.refusal[].top_logprobs[].bytes", "required"): DOCUMENTED,
        ("metadata", "types"): UNREAD,
        ("moderation", "types"): UNREAD,
    },
    "chat.completion.chunk": {
        ("choices[].logprobs.content", "required"): DOCUMENTED,
        ("choices[].logprobs.refusal", "required"): DOCUMENTED,
        ("choices[].logprobs.content[].bytes", "required"): DOCUMENTED,
        ("choices[].logprobs.content[].top_logprobs[].bytes", "required"): DOCUMENTED,
        ("choices[].logprobs.refusal[].bytes", "required"): DOCUMENTED,
        ("choices[].logprobs.refusal[].top_logprobs[].bytes", "required"): DOCUMENTED,
        ("choices[].delta.tool_calls[].type", "values"): "openai-node 7 assembles custom calls too",
        ("moderation", "types"): UNREAD,
    },
    "error.error": {
        ("code", "required"): "one of four members in every recorded error of api.openai.com",
        ("param", "required"): "one of four members in every recorded error of api.openai.com",
        ("misalignment", "types"): UNREAD,
    },
}

COUNTERPARTS: list[Any] = [
    pytest.param("chat.completion", lambda: chat.ChatCompletion, id="chat.completion"),
    pytest.param("chat.completion.chunk", lambda: chat.ChatCompletionChunk, id="chunk"),
    pytest.param("model", lambda: types.Model, id="model"),
    pytest.param("error.error", lambda: types.ErrorObject, id="error"),
]


def found(name: str, model: Any) -> list[Difference]:
    """All differences; that an optional field of the SDK may be None says nothing about null."""
    ours = schema("error")["properties"]["error"] if name == "error.error" else schema(name)
    return list(differences(from_schema(ours), from_type(model()), nulls=False))


@pytest.mark.parametrize(("name", "model"), COUNTERPARTS)
def test_the_schema_agrees_with_the_sdk_or_says_why_not(name: str, model: Any) -> None:
    """Each field the SDK declares is in our schema, as required and of the same type."""
    departures = DEPARTURES.get(name, {})

    assert [one for one in found(name, model) if (one.path, one.kind) not in departures] == []


@pytest.mark.parametrize(("name", "model"), COUNTERPARTS)
def test_no_departure_from_the_sdk_is_out_of_date(name: str, model: Any) -> None:
    """A departure that no longer exists is removed from the table."""
    known = {(one.path, one.kind) for one in found(name, model)}

    assert set() == DEPARTURES.get(name, {}).keys() - known


def test_the_sdk_lists_models_from_data() -> None:
    """The SDK's page of models has the members of our list."""
    pagination = pytest.importorskip("openai.pagination")

    assert {"data", "object"} == set(pagination.SyncPage.model_fields)
    assert {"data", "object"} == set(schema("model.list")["required"])
