"""The profile schema, compiled once, and the names it knows."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from conformance.spec.data import data_dir


@cache
def schema() -> dict[str, Any]:
    """The published JSON Schema of a profile."""
    text = (data_dir("schemas") / "profile.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def validator() -> Any:
    """A Draft 2020-12 validator of profiles; 400.0 is no integer to it."""
    from jsonschema import Draft202012Validator, validators  # slow to import

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    extend: Any = validators.extend
    return extend(Draft202012Validator, type_checker=types)(schema())


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@cache
def parameter_names() -> tuple[str, ...]:
    """The request parameters OpenAI has, nested ones included, as profiles write them."""
    return tuple(schema()["$defs"]["parameters"]["properties"])
