"""What a profile inherits: mappings merge, all else replaces, null takes away.

A policy, a cause and a documented status are one claim each: stated anew, they replace what was inherited.
``default``, ``requires``, ``required_where``, ``ignored_when`` and ``fixed`` are data: they replace too, and null is a value in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]

POLICIES = ("unsupported", "unknown_field", "out_of_range", "wrong_type", "combination", "missing")
OWN = frozenset({"format", "name", "title", "summary", "extends", "built_on", "notes"})
"""Top-level keys that are never inherited."""

_OF_MESSAGES = frozenset({("messages", "other_roles"), ("messages", "unmatched_calls")})
_DATA = frozenset({"default", "requires", "required_where", "ignored_when"})
_FIXED = frozenset({("errors", "fixed"), ("responses", "fixed")})


def merge(parent: Mapping[str, Any], child: Mapping[str, Any], at: Path = ()) -> dict[str, Any]:
    """The child's document with what it inherits; neither argument is changed."""
    merged = {key: value for key, value in parent.items() if at or key not in OWN}
    for key, value in child.items():
        here = (*at, key)
        under = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(under, Mapping) and not _one_claim(here):
            merged[key] = merge(under, value, here)
        else:
            merged[key] = without_nulls(value, here)
    return merged


def without_nulls(value: Any, at: Path = ()) -> Any:
    """A document whose nulls had nothing to take away; those of variants wait for the claims they change."""
    if is_data(at) or (at[:2] == ("models", "variants") and at[3:] == ("parameters",)):
        return value
    if isinstance(value, Mapping):
        return {k: without_nulls(v, (*at, k)) for k, v in value.items() if v is not None}
    if isinstance(value, list) and at[-1:] != ("values",):
        return [without_nulls(item, (*at, str(number))) for number, item in enumerate(value)]
    return value


def difference(
    parent: Mapping[str, Any], child: Mapping[str, Any], at: Path = ()
) -> dict[str, Any]:
    """The smallest document that, merged over the parent, gives the child."""
    told: dict[str, Any] = {key: None for key in parent if key not in child}
    for key, value in child.items():
        here = (*at, key)
        under = parent.get(key)
        if key in parent and under == value:
            continue
        if isinstance(value, Mapping) and isinstance(under, Mapping) and not _one_claim(here):
            told[key] = difference(under, value, here)
        else:
            told[key] = value
    return told


def is_data(at: Path) -> bool:
    """Whether nulls and keys below this path are values rather than the language's own."""
    return at in _FIXED or (len(at) >= 3 and at[-3] == "parameters" and at[-1] in _DATA)


def _one_claim(at: Path) -> bool:
    if is_data(at) or (len(at) == 2 and at[0] == "policies") or at in _OF_MESSAGES:
        return True
    if len(at) == 3 and at[0] == "errors":
        return at[1] in ("causes", "documented")
    return len(at) >= 3 and at[-3] == "parameters" and at[-1] in POLICIES
