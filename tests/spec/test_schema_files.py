"""The schema files themselves: valid, tidy, described, and open to fields they do not name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.model.finding import Hindrance, Level, Outcome
from conformance.spec.data import data_dir
from conformance.spec.validate import violations

API_OBJECTS = ("chat.completion", "chat.completion.chunk", "error", "model", "model.list")
OURS = (*API_OBJECTS, "results")


def text(name: str) -> str:
    """The text of a schema file."""
    return (data_dir("schemas") / f"{name}.schema.json").read_text(encoding="utf-8")


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every declared property with its path."""
    if isinstance(node, list):
        for item in node:
            yield from properties(item, path)
    elif isinstance(node, dict):
        for name, part in node.get("properties", {}).items():
            yield f"{path}/{name}", part
        for key, part in node.items():
            if key not in ("if", "enum", "const", "required"):
                yield from properties(part, f"{path}/{key}")


@pytest.mark.parametrize("name", OURS)
def test_a_schema_is_valid_itself(name: str) -> None:
    """Each file is a JSON Schema of draft 2020-12 and says so."""
    document = json.loads(text(name))

    Draft202012Validator.check_schema(document)

    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert document["$id"].endswith(f"/schemas/{name}.schema.json")


@pytest.mark.parametrize("name", OURS)
def test_a_schema_is_laid_out_evenly(name: str) -> None:
    """Two spaces of indentation, text unescaped, a line end at the end."""
    assert text(name) == json.dumps(json.loads(text(name)), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", OURS)
def test_each_property_is_described(name: str) -> None:
    """A description, or a reference to something that has one."""
    undescribed = [
        path
        for path, part in properties(json.loads(text(name)))
        if "description" not in part and "$ref" not in part
    ]

    assert undescribed == []


@pytest.mark.parametrize("name", API_OBJECTS)
def test_fields_that_are_not_named_are_legal(name: str) -> None:
    """New fields of the API and a vendor's own never violate a schema."""
    assert "additionalProperties" not in text(name)
    assert "unevaluatedProperties" not in text(name)


RESULTS: dict[str, Any] = {
    "format": "1",
    "suite": {"name": "openai-conformance", "version": "0.1.0", "digest": "sha256:00"},
    "target": {"base_url": "http://127.0.0.1:1/v1", "model": "m"},
    "profile": {"name": "_base", "title": "Base", "digest": "sha256:00"},
    "plan": {
        "checks": ["chat.response.id"],
        "probes": ["chat.basic"],
        "deselected": [],
        "left_out": [{"probe": "chat.long", "reason": "budget"}],
        "requests": 1,
        "max_output_tokens": 16,
        "prompt_tokens": 20,
    },
    "cost": {"requests": 1, "retries": 0, "input_tokens": 9, "output_tokens": 2, "seconds": 0.3},
    "summary": {
        **dict.fromkeys((outcome.value for outcome in Outcome), 0),
        "fail": 1,
        "exit": 1,
        "verdict": "1 rule is broken.",
    },
    "results": [
        {
            "id": "chat.response.id",
            "level": "must",
            "outcome": "fail",
            "clause": "chat.response.id",
            "title": "`id` is a string.",
            "exchanges": ["chat.basic"],
            "problems": [
                {
                    "at": "/id",
                    "expected": "required",
                    "actual": "absent",
                    "exchange": "chat.basic",
                    "level": "must",
                }
            ],
            "breaks": ["every client"],
            "unjudged": [{"exchange": "chat.basic#2", "reason": "cut", "hindrance": "endpoint"}],
            "curl": "curl http://127.0.0.1:1/v1/chat/completions",
        }
    ],
    "capabilities": {
        "stream": {
            "area": "param",
            "claimed": "unknown",
            "observed": "supported",
            "how": "events",
            "detail": "",
            "exchanges": ["chat.stream.basic"],
            "against": [],
        }
    },
}


def test_results_of_a_run_obey_their_schema() -> None:
    """An example of results.json has no violations."""
    assert violations("results", RESULTS) == ()


@pytest.mark.parametrize(
    "place", [(), ("results", 0), ("capabilities", "stream")], ids=["top", "result", "capability"]
)
def test_results_hold_nothing_that_is_not_named(place: tuple[str | int, ...]) -> None:
    """A misspelt key of our own file is noticed."""
    copy = json.loads(json.dumps(RESULTS))
    reduce(getitem, place, copy)["outcom"] = "x"

    assert [one.keyword for one in violations("results", copy)] == ["additionalProperties"]


def test_results_know_the_words_of_the_model() -> None:
    """Outcomes, levels and hindrances are those of the code, in its order."""
    document = json.loads(text("results"))
    result = document["$defs"]["result"]["properties"]
    summary = document["properties"]["summary"]["properties"]

    assert [one.value for one in Outcome] == result["outcome"]["enum"]
    assert [one.value for one in Outcome] == list(summary)[: len(Outcome)]
    assert [one.value for one in Level] == document["$defs"]["level"]["enum"]
    assert [one.value for one in Hindrance] == document["$defs"]["hindrance"]["enum"]
