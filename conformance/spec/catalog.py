"""The JSON Schemas in ``schemas/``, by name, with their references resolved.

The name of ``schemas/chat.completion.schema.json`` is ``chat.completion``.
A schema may refer to its own parts (``#/$defs/usage``) and to another file's (``model.schema.json``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from conformance.model.errors import ConformanceError
from conformance.spec.data import data_dir

SUFFIX = ".schema.json"
_ANNOTATIONS = {"title", "description", "default", "deprecated", "examples", "$comment"}


def schema_names() -> tuple[str, ...]:
    """The names of all shipped schemas, sorted."""
    return tuple(
        sorted(file.name.removesuffix(SUFFIX) for file in data_dir("schemas").glob(f"*{SUFFIX}"))
    )


@cache
def schema(name: str) -> Mapping[str, Any]:
    """The schema of a name, every ``$ref`` replaced by what it refers to; treat it as read-only."""
    document = _document(name)
    resolved = _resolved({k: v for k, v in document.items() if k != "$defs"}, name, (name,))
    return {**resolved, **{k: document[k] for k in ("$schema", "$id") if k in document}}


@cache
def _document(name: str) -> dict[str, Any]:
    if name not in schema_names():
        raise ConformanceError(
            f"no schema is named {name!r}; there are {', '.join(schema_names())}"
        )
    text = (data_dir("schemas") / f"{name}{SUFFIX}").read_text(encoding="utf-8")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConformanceError(f"schemas/{name}{SUFFIX} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ConformanceError(f"schemas/{name}{SUFFIX} is not a JSON object")
    return document


def _resolved(node: Any, name: str, trail: tuple[str, ...]) -> Any:
    """``trail`` holds the references being followed, so that a circle is an error and not a hang."""
    if isinstance(node, list):
        return [_resolved(item, name, trail) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        # A nested $id or $schema would start a new document; the parts are one document here.
        return {
            k: _resolved(v, name, trail) for k, v in node.items() if k not in ("$id", "$schema")
        }
    other, part = _target(reference, name)
    step = f"{other}#{reference.partition('#')[2]}"
    if step in trail:
        raise ConformanceError(f"schemas/{name}{SUFFIX}: $ref {reference!r} refers to itself")
    target = _resolved(part, other, (*trail, step))
    siblings = {k: _resolved(v, name, trail) for k, v in node.items() if k != "$ref"}
    if siblings.keys() <= _ANNOTATIONS:
        return {**target, **siblings}
    return {**siblings, "allOf": [*siblings.get("allOf", []), target]}


def _target(reference: str, name: str) -> tuple[str, dict[str, Any]]:
    """The name of the schema a reference leads into, and the part it names."""
    file, _, pointer = reference.partition("#")
    other = file.removesuffix(SUFFIX) if file else name
    part: Any = _document(other)
    for token in pointer.split("/")[1:]:
        part = part.get(token) if isinstance(part, dict) else None
    if not isinstance(part, dict):
        raise ConformanceError(f"schemas/{name}{SUFFIX}: $ref {reference!r} leads nowhere")
    return other, {k: v for k, v in part.items() if k != "$defs"}
