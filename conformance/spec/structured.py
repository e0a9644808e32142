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
    if not isinstance(value, dict):
        return True
    return not any(form in value for name in required for form in (name, *_without_letters(name)))


def _without_letters(name: JSON) -> tuple[str, ...]:
    """A name whose letters beyond ASCII were lost or replaced: nobody who had not read it would say that."""
    if not isinstance(name, str) or name.isascii():
        return ()
    forms = (name.encode("ascii", how).decode() for how in ("ignore", "replace"))
    return tuple(form for form in forms if sum(map(str.isalpha, form)) >= 3)


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
