"""Whether an answer obeys a JSON Schema that the request carried."""

from __future__ import annotations

from typing import Any

from conformance.model.json import JSON
from conformance.spec.phrase import pointer


def unheeded(schema: JSON, value: JSON) -> bool:
    """Whether an object has none of the members that a schema requires, as if nobody had read it."""
    required = schema.get("required") if isinstance(schema, dict) else None
    if not isinstance(required, list) or not required:
        return False
    return not isinstance(value, dict) or not any(name in value for name in required)


def breach(schema: JSON, value: JSON) -> str | None:
    """Where and why a value breaks a schema (draft 2020-12), in a few words; None if it does not."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    rules: Any = schema
    try:
        error = best_match(Draft202012Validator(rules).iter_errors(value))
    except RecursionError:
        return "nested too deeply to be examined"
    if error is None:
        return None
    at = pointer(tuple(error.absolute_path)) or "the whole value"
    return f"{at}: {error.validator} {str(error.validator_value)[:80]}"
