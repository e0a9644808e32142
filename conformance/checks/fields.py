"""Checks that own a part of a JSON Schema: each violation belongs to the check with the longest matching path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.model.finding import Level, Problem
from conformance.model.json import JSON
from conformance.spec.validate import Violation, violations

DROP = "drop"
"""What a softener returns where OpenAI itself departs from the schema: not even a note."""

Softener = Callable[[dict[str, JSON], Violation], Level | str | None]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """The parts of a schema that one check owns: paths with ``*`` for any index, longest match wins."""

    id: str
    title: str
    paths: tuple[Path, ...]
    soften: Softener | None = None
    level: Level = Level.MUST


def matches(path: tuple[str | int, ...], pattern: Path) -> bool:
    """Whether a pattern is the path or leads to it."""
    return len(pattern) <= len(path) and all(
        p == "*" or p == part for p, part in zip(pattern, path, strict=False)
    )


def owner_of(path: tuple[str | int, ...], fields: tuple[Field, ...]) -> str:
    """The id of the field whose longest pattern leads to a path; the first field owns what is left."""
    best, owner = -1, fields[0].id
    for field in fields:
        for pattern in field.paths:
            if len(pattern) > best and matches(path, pattern):
                best, owner = len(pattern), field.id
    return owner


def field_problems(
    field: Field, fields: tuple[Field, ...], schema: str, value: dict[str, JSON], where: str = ""
) -> list[Problem]:
    """What the schema finds wrong in the parts that a field owns; ``where`` is put before each pointer."""
    found = []
    for violation in violations(schema, value):
        if owner_of(violation.path, fields) != field.id:
            continue
        level = field.soften(value, violation) if field.soften else None
        if level == DROP:
            continue
        found.append(
            Problem(
                f"{where}{violation.pointer or '/'}",
                expected=violation.expected,
                actual=violation.actual,
                level=level if isinstance(level, Level) else None,
            )
        )
    return found


def value_at(value: JSON, path: tuple[str | int, ...]) -> JSON:
    """What stands at a path; None where the path leads nowhere."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def absent_logprobs(body: dict[str, JSON], violation: Violation) -> Level | None:
    """No official client needs the members of `logprobs` or the `bytes` of a token to be there."""
    last = violation.path[-1] if violation.path else ""
    if violation.keyword != "required":
        return None
    return {"content": Level.SHOULD, "refusal": Level.MAY, "bytes": Level.MAY}.get(str(last))
