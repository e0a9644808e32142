"""Checks that own a part of a JSON Schema: each violation belongs to the check with the longest matching path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.spec.validate import Violation, violations
from conformance.wire.reading import Reading

MILLISECONDS = 100_000_000_000
"""From this number on (seconds until the year 5138) a time since 1970 is counted in milliseconds."""
DROP = "drop"
"""What a softener returns where OpenAI itself departs from the schema: not even a note."""

Softener = Callable[[dict[str, JSON], Violation], Level | str | None]
Path = tuple[str, ...]
_BROKEN: WeakKeyDictionary[Reading, dict[str, list[tuple[int, tuple[Violation, ...]]]]] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The parts of a schema that one check owns: paths with ``*`` for any index, longest match wins."""

    id: str
    title: str
    paths: tuple[Path, ...]
    soften: Softener | None = None
    level: Level = Level.MUST
    optional: bool = False
    """Whether an answer may do without it; then there is nothing to judge."""


def present(value: JSON, pattern: Path) -> bool:
    """Whether anything, null included, stands where a pattern leads."""
    if not pattern:
        return True
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return isinstance(value, list) and any(present(entry, rest) for entry in value)
    return isinstance(value, dict) and head in value and present(value[head], rest)


def missing(field: Field, values: Iterable[JSON], hindrance: Hindrance) -> Unjudged | None:
    """Why a field that may be absent cannot be judged: none of the values has it."""
    values = list(values)
    if not field.optional or any(present(v, pattern) for v in values for pattern in field.paths):
        return None
    return Unjudged(f"the answer has no {field.paths[0][-1]}", hindrance)


def matches(path: tuple[str | int, ...], pattern: Path) -> bool:
    """Whether a pattern is the path or leads to it."""
    return len(pattern) <= len(path) and all(
        p == "*" or p == part for p, part in zip(pattern, path, strict=False)
    )


# The chunks of a long stream break the schema at the same few places, thousands of times.
@lru_cache(10_000)
def owner_of(path: tuple[str | int, ...], fields: tuple[Field, ...]) -> str:
    """The id of the field whose longest pattern leads to a path; the first field owns what is left."""
    best, owner = -1, fields[0].id
    for field in fields:
        for pattern in field.paths:
            if len(pattern) > best and matches(path, pattern):
                best, owner = len(pattern), field.id
    return owner


def broken(
    x: Reading, schema: str, values: Sequence[dict[str, JSON]]
) -> list[tuple[int, tuple[Violation, ...]]]:
    """Which of an exchange's values break a schema, by their place, and how; asked once for all fields."""
    known = _BROKEN.setdefault(x, {})
    if schema not in known:
        found = ((place, violations(schema, value)) for place, value in enumerate(values))
        known[schema] = [(place, those) for place, those in found if those]
    return known[schema]


def field_problems(
    field: Field,
    fields: tuple[Field, ...],
    value: dict[str, JSON],
    those: Iterable[Violation],
    where: str = "",
) -> list[Problem]:
    """Those violations of a value that are in the parts that a field owns; ``where`` is put before each pointer."""
    found = []
    for violation in those:
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


def null_like_absent(body: dict[str, JSON], violation: Violation) -> Level | None:
    """Null in place of something that may be absent reads like absent."""
    return Level.MAY if violation.actual.startswith("null") else None


def unlisted(body: dict[str, JSON], violation: Violation) -> Level | None:
    """Values that the documents do not list yet are no surprise."""
    return Level.MAY if violation.keyword == "enum" else None
