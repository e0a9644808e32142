"""Our schemas and clauses beside OpenAI's own OpenAPI document."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.spec.catalog import schema
from conformance.spec.clauses import clauses

from .declared import Difference, differences, from_schema

DOCUMENT = Path(__file__).parents[2] / ".." / "shared" / "reference" / "openai-openapi.yaml"

pytestmark = pytest.mark.skipif(
    not DOCUMENT.exists(), reason="OpenAI's OpenAPI document is not beside this checkout"
)

UNREAD = "no client depends on it, and other services use the name for their own"
SOFT = "harmless to every official client as the same as absent; a check of its own speaks of later parts"
NOT_ALWAYS = "absent in recorded answers of api.openai.com"

DEPARTURES: dict[str, dict[tuple[str, str], str]] = {
    "chat.completion": {
        ("usage", "required"): "present in every recorded answer of api.openai.com",
        ("choices[].logprobs", "required"): NOT_ALWAYS,
        ("choices[].message.refusal", "required"): NOT_ALWAYS,
        ("system_fingerprint", "types"): "null in 74 of 206 recorded answers",
        ("metadata", "types"): UNREAD,
        ("moderation", "types"): UNREAD,
    },
    "chat.completion.chunk": {
        (
            "choices[].finish_reason",
            "required",
        ): "clients take absent for null, and many servers omit it",
        ("system_fingerprint", "types"): "null in most recorded chunks",
        ("choices[].delta.role", "types"): SOFT,
        ("choices[].delta.tool_calls[].id", "types"): SOFT,
        ("choices[].delta.tool_calls[].type", "types"): SOFT,
        ("choices[].delta.tool_calls[].type", "values"): "openai-node 7 assembles custom calls too",
        ("choices[].delta.tool_calls[].function.name", "types"): SOFT,
        ("choices[].delta.tool_calls[].function.arguments", "types"): SOFT,
        ("usage", "types"): "null on all chunks but one when usage was asked for",
        ("moderation", "types"): UNREAD,
    },
}

COUNTERPARTS = [
    pytest.param("chat.completion", "CreateChatCompletionResponse", id="chat.completion"),
    pytest.param("chat.completion.chunk", "CreateChatCompletionStreamResponse", id="chunk"),
    pytest.param("model", "Model", id="model"),
    pytest.param("model.list", "ListModelsResponse", id="model.list"),
    pytest.param("error", "ErrorResponse", id="error"),
]


@cache
def document() -> Any:
    """The parsed document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(DOCUMENT.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader


def resolved(node: Any) -> Any:
    """The node with every reference replaced."""
    if isinstance(node, list):
        return [resolved(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return resolved(document()["components"]["schemas"][node["$ref"].rpartition("/")[2]])
    return {key: resolved(value) for key, value in node.items()}


def found(name: str, component: str) -> list[Difference]:
    """All differences between our schema and the document's."""
    theirs = resolved(document()["components"]["schemas"][component])
    return list(differences(from_schema(schema(name)), from_schema(theirs), nulls=True))


@pytest.mark.parametrize(("name", "component"), COUNTERPARTS)
def test_the_schema_agrees_with_the_document_or_says_why_not(name: str, component: str) -> None:
    """Each field of the document is in our schema, as required, nullable and of the same type."""
    departures = DEPARTURES.get(name, {})

    assert [one for one in found(name, component) if (one.path, one.kind) not in departures] == []


@pytest.mark.parametrize(("name", "component"), COUNTERPARTS)
def test_no_departure_from_the_document_is_out_of_date(name: str, component: str) -> None:
    """A departure that no longer exists is removed from the table."""
    known = {(one.path, one.kind) for one in found(name, component)}

    assert set() == DEPARTURES.get(name, {}).keys() - known


def test_clauses_cite_parts_that_the_document_has() -> None:
    """What follows the document's name in a source is one of its operations or components."""
    operations = {
        operation["operationId"]
        for path in document()["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    known = operations | set(document()["components"]["schemas"])
    cited = {
        clause.id: match[1]
        for clause in clauses().values()
        if (match := re.search(r"^OpenAI OpenAPI document [^,]*, (\w+)", clause.source.document))
    }

    assert {id_: part for id_, part in cited.items() if part not in known} == {}
    assert len(cited) > 50
