"""Whether a JSON value obeys one of our schemas, and if not, where and why.

Validation is jsonschema's; the words are ours.
The chunks of a stream differ in little but their text, so the result is remembered by the value's *shape*:
everything the schema looks at, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from conformance.model.json import JSON
from conformance.spec.catalog import schema
from conformance.spec.phrase import pointer, shown, stated
from conformance.spec.shape import NoShape, Shape, shape_of

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

_REMEMBERED = 2048
"""Shapes kept per schema."""
_BAD_ITEMS = 20
"""How many bad items of one array are reported: enough to see, and a bound for a hostile answer."""
_PRECEDENCE = {"type": 0, "required": 1, "const": 2, "enum": 3}


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a value breaks its schema; a missing property is reported at its own path."""

    path: tuple[str | int, ...]
    pointer: str
    """The path as a JSON Pointer (RFC 6901); empty for the whole value."""
    expected: str
    """What the schema asks for, in a few words: ``string or null``, ``one of stop, length``."""
    actual: str
    """What was there, at most 200 characters, with its type where the type is wrong; or ``absent``."""
    keyword: str
    """The keyword of JSON Schema that was broken: type, required, enum, const, minimum, …"""


@dataclass(frozen=True, slots=True)
class _Breach:
    """A violation without the value that caused it: all that depends on the shape alone."""

    path: tuple[str | int, ...]
    expected: str
    keyword: str

    def violation(self, value: JSON) -> Violation:
        return Violation(
            self.path,
            pointer(self.path),
            self.expected,
            shown(value, self.path, self.keyword),
            self.keyword,
        )


def violations(schema_name: str, value: JSON) -> tuple[Violation, ...]:
    """All violations of a schema, at most one for each place, in the order of the schema's rules."""
    try:
        return tuple(breach.violation(value) for breach in _breaches(schema_name, value))
    except RecursionError:
        return (Violation((), "", "less nesting", "nested too deeply to be examined", "depth"),)


def _breaches(schema_name: str, value: JSON) -> tuple[_Breach, ...]:
    judge = _judge(schema_name)
    try:
        key = judge.shape(value)
    except NoShape:
        return _found(judge.validator, value)
    known = judge.known.get(key)
    if known is None:
        if len(judge.known) >= _REMEMBERED:
            judge.known.clear()
        known = judge.known[key] = _found(judge.validator, value)
    return known


@dataclass(frozen=True, slots=True)
class _Judge:
    validator: Validator
    shape: Shape
    known: dict[object, tuple[_Breach, ...]]


@cache
def _judge(schema_name: str) -> _Judge:
    rules = schema(schema_name)
    return _Judge(_validator_class()(rules), shape_of(rules), {})


def _found(validator: Validator, value: JSON) -> tuple[_Breach, ...]:
    """One breach for each path: of several broken rules at one place the most basic is told."""
    best: dict[tuple[str | int, ...], _Breach] = {}
    for error in validator.iter_errors(value):
        breach = _breach(error)
        known = best.get(breach.path)
        if known is None or _rank(breach) < _rank(known):
            best[breach.path] = breach
    return tuple(best.values())


def _rank(breach: _Breach) -> int:
    return _PRECEDENCE.get(breach.keyword, len(_PRECEDENCE))


def _breach(error: ValidationError) -> _Breach:
    keyword = str(error.validator)
    if keyword in ("anyOf", "oneOf"):
        return _telling(error)
    rules = error.schema if isinstance(error.schema, Mapping) else {}
    return _Breach(
        tuple(error.absolute_path), stated(keyword, error.validator_value, rules), keyword
    )


def _telling(error: ValidationError) -> _Breach:
    """The one breach that says most about why no alternative fits: that of the alternative come closest to."""
    alternatives: dict[object, list[ValidationError]] = {}
    for cause in error.context or ():
        alternatives.setdefault(cause.relative_schema_path[0], []).append(cause)
    path = tuple(error.absolute_path)
    if not alternatives:
        return _Breach(path, "exactly one of several forms", str(error.validator))
    fitting = [causes for causes in alternatives.values() if not _wrong_kind(causes)]
    if fitting:
        return _breach(min(fitting, key=_distance)[0])
    kinds = dict.fromkeys(_breach(causes[0]).expected for causes in alternatives.values())
    return _Breach(path, " or ".join(kinds), "type")


def _wrong_kind(causes: Iterable[ValidationError]) -> bool:
    return any(cause.validator == "type" and not cause.relative_path for cause in causes)


def _distance(causes: list[ValidationError]) -> tuple[bool, int, int]:
    """A discriminator that does not fit puts an alternative last; then the deepest and fewest errors win."""
    misnamed = any(c.validator in ("const", "enum") and len(c.relative_path) <= 1 for c in causes)
    return misnamed, -max(len(cause.relative_path) for cause in causes), len(causes)


@cache
def _validator_class() -> type[Validator]:
    """Draft 2020-12 with three differences: strict integers, missing properties at their path, bounded arrays."""
    from jsonschema import Draft202012Validator, validators

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    keywords = {
        "type": _type,
        "enum": _enum,
        "const": _const,
        "required": _required,
        "items": _items,
    }
    extend: Any = validators.extend  # it has no types
    made: type[Validator] = extend(Draft202012Validator, keywords, type_checker=types)
    return made


def _is_integer(_: object, value: object) -> bool:
    """JSON Schema lets 1.0 pass as an integer; clients with typed fields do not."""
    return isinstance(value, int) and not isinstance(value, bool)


# jsonschema's own versions of these put the repr of the whole value into a message that nobody reads here:
# slow for huge values, and a RecursionError for deep ones.


def _error(at: tuple[str | int, ...] = ()) -> ValidationError:
    from jsonschema import ValidationError

    return ValidationError("", path=at)


def _type(
    validator: Validator, types: Any, value: Any, rules: Mapping[str, Any]
) -> Iterator[ValidationError]:
    names = [types] if isinstance(types, str) else types
    if not any(validator.is_type(value, name) for name in names):
        yield _error()


def _enum(
    validator: Validator, allowed: list[Any], value: Any, rules: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not any(_same(value, one) for one in allowed):
        yield _error()


def _const(
    validator: Validator, constant: Any, value: Any, rules: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not _same(value, constant):
        yield _error()


def _same(a: object, b: object) -> bool:
    """Equal as JSON: 1 is not true."""
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def _required(
    validator: Validator, names: list[str], value: Any, rules: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if validator.is_type(value, "object"):
        for name in names:
            if name not in value:
                yield _error((name,))


def _items(
    validator: Any, item_rules: Any, value: Any, rules: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "array"):
        return
    bad = 0
    for number in range(len(rules.get("prefixItems", ())), len(value)):
        errors = list(validator.descend(value[number], item_rules, path=number))
        yield from errors
        bad += bool(errors)
        if bad >= _BAD_ITEMS:
            return
