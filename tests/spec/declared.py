"""What a schema or an SDK type declares, in one neutral form, and how two such declarations differ."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

PYTHON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


@dataclass(frozen=True)
class Declared:
    """Types, listed values, properties (with whether they are required) and items of one place."""

    types: frozenset[str] = frozenset()
    values: frozenset[object] = frozenset()
    properties: Mapping[str, tuple[bool, Declared]] = field(default_factory=dict)
    items: Declared | None = None


@dataclass(frozen=True, order=True)
class Difference:
    """One departure of our schema from another declaration."""

    path: str
    kind: str
    """missing (there, not here), types, values, required"""
    text: str = field(compare=False, default="")


def joined(alternatives: list[Declared]) -> Declared:
    """What holds for a value that may be any of several: required is what all objects among them require."""
    objects = [one for one in alternatives if one.properties]
    names = dict.fromkeys(name for one in objects for name in one.properties)
    properties = {}
    for name in names:
        found = [one.properties[name] for one in objects if name in one.properties]
        everywhere = len(found) == len(objects) and all(required for required, _ in found)
        properties[name] = (everywhere, joined([part for _, part in found]))
    items = [one.items for one in alternatives if one.items]
    return Declared(
        frozenset().union(*(one.types for one in alternatives)),
        frozenset().union(*(one.values for one in alternatives)),
        properties,
        joined(items) if items else None,
    )


def from_schema(schema: Mapping[str, Any]) -> Declared:
    """What a JSON Schema without references declares; OpenAPI 3.0's ``nullable`` counts as the type null."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return joined([from_schema(one) for one in schema[keyword]])
    named = schema.get("type", "object" if "properties" in schema else ())
    names = {named} if isinstance(named, str) else set(named)
    if schema.get("nullable"):
        names.add("null")
    listed = schema.get("enum", [schema["const"]] if "const" in schema else [])
    needed = schema.get("required", ())
    return Declared(
        frozenset(names),
        frozenset(value for value in listed if value is not None),
        {
            name: (name in needed, from_schema(part))
            for name, part in schema.get("properties", {}).items()
        },
        from_schema(schema["items"]) if "items" in schema else None,
    )


def from_type(annotation: Any) -> Declared:
    """What a type annotation of the SDK's pydantic models declares."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return from_type(arguments[0])
    if origin in (Union, types.UnionType):
        return joined([from_type(one) for one in arguments])
    if origin is Literal:
        return Declared(frozenset({"string"}), frozenset(arguments))
    if origin is list:
        return Declared(frozenset({"array"}), items=from_type(arguments[0]))
    if origin is dict or annotation in (dict, object):
        return Declared(frozenset({"object"}))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return Declared(
            frozenset({"object"}),
            properties={
                name: (info.is_required(), from_type(info.annotation)) for name, info in fields
            },
        )
    return Declared(frozenset({PYTHON_TYPES[annotation]}))


def differences(
    ours: Declared, theirs: Declared, *, nulls: bool, path: str = ""
) -> Iterator[Difference]:
    """How our declaration departs from theirs; ``nulls=False`` leaves out whether null is allowed."""
    ignored = frozenset() if nulls else frozenset({"null"})
    if ours.types - ignored != theirs.types - ignored:
        yield Difference(path, "types", f"{sorted(ours.types)} here, {sorted(theirs.types)} there")
    if ours.values != theirs.values and ours.types:
        yield Difference(path, "values", f"{ours.values} here, {theirs.values} there")
    if not ours.types:
        return  # left unjudged on purpose; that is a difference of types already
    if ours.items and theirs.items:
        yield from differences(ours.items, theirs.items, nulls=nulls, path=f"{path}[]")
    for name, (needed, part) in theirs.properties.items():
        inner = f"{path}.{name}".lstrip(".")
        if name not in ours.properties:
            yield Difference(inner, "missing", "declared there, not here")
            continue
        here, own = ours.properties[name]
        if here != needed:
            yield Difference(
                inner, "required", "required here only" if here else "required there only"
            )
        yield from differences(own, part, nulls=nulls, path=inner)
