"""Schemas are found by name and come without references."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.model.errors import ConformanceError
from conformance.spec import catalog

OURS = ("chat.completion", "chat.completion.chunk", "error", "model", "model.list", "results")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory of schemas in place of the shipped one."""
    monkeypatch.setattr(catalog, "data_dir", lambda _: tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """Empty the caches."""
    catalog.schema.cache_clear()
    catalog._document.cache_clear()


def put(shelf: Path, name: str, document: Mapping[str, Any]) -> None:
    """Write a schema into a directory."""
    (shelf / f"{name}.schema.json").write_text(json.dumps(document), encoding="utf-8")


def test_all_our_schemas_are_listed() -> None:
    """The names are those of the files."""
    assert set(OURS) <= set(catalog.schema_names())


@pytest.mark.parametrize("name", OURS)
def test_a_schema_comes_without_references(name: str) -> None:
    """Nothing is left to be looked up while validating."""
    assert '"$ref"' not in json.dumps(catalog.schema(name))


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    """The error helps to find the right name."""
    with pytest.raises(ConformanceError, match=r"no schema is named 'chat'; there are chat\.comp"):
        catalog.schema("chat")


def test_references_lead_into_other_files(shelf: Path) -> None:
    """A reference may name another file, which may refer to its own parts."""
    put(shelf, "a", {"items": {"$ref": "b.schema.json#/$defs/x", "description": "mine"}})
    put(shelf, "b", {"$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"type": "string"}}})

    assert catalog.schema("a") == {"items": {"type": "string", "description": "mine"}}


def test_rules_beside_a_reference_are_kept(shelf: Path) -> None:
    """In draft 2020-12 the neighbours of a reference hold as well."""
    put(shelf, "a", {"items": {"$ref": "#/$defs/x", "maximum": 3}, "$defs": {"x": {"minimum": 1}}})

    assert catalog.schema("a") == {"items": {"maximum": 3, "allOf": [{"minimum": 1}]}}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        pytest.param({"items": {"$ref": "#/$defs/no"}}, "leads nowhere", id="missing part"),
        pytest.param(
            {"items": {"$ref": "no.schema.json"}}, "no schema is named 'no'", id="missing file"
        ),
        pytest.param(
            {"$ref": "#/$defs/x", "$defs": {"x": {"items": {"$ref": "#/$defs/x"}}}},
            "refers to itself",
            id="circle",
        ),
    ],
)
def test_a_bad_reference_is_one_sentence(
    shelf: Path, document: Mapping[str, Any], sentence: str
) -> None:
    """References to nothing and in a circle are told by name."""
    put(shelf, "a", document)

    with pytest.raises(ConformanceError, match=sentence):
        catalog.schema("a")


@pytest.mark.parametrize("text", ["{", "[]"], ids=["not JSON", "not an object"])
def test_a_file_that_is_no_schema_is_one_sentence(shelf: Path, text: str) -> None:
    """A broken file is named."""
    (shelf / "a.schema.json").write_text(text, encoding="utf-8")

    with pytest.raises(ConformanceError, match=r"schemas/a\.schema\.json is not"):
        catalog.schema("a")
