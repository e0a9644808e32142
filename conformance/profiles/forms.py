"""How a value of the language becomes a value of the model, and back: each form is a pair of inverses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Form:
    """``read`` takes a value that obeys the schema; ``write`` gives one that reads as the same."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


PLAIN = Form(_same, _same)
ITEMS = Form(tuple, list)
WORDS = Form(lambda value: tuple(_as_list(value)), lambda values: _alone(list(values)))
"""One word, or a list of them."""
NEEDS = Form(
    lambda value: dict.fromkeys(value) if isinstance(value, list) else dict(value),
    lambda needs: dict(needs) if any(v is not None for v in needs.values()) else list(needs),
)
"""Parameters with the values they must have: a mapping, or a list of names."""
PAIRS = Form(lambda value: tuple(value.items()), dict)


def one_of(words: type[StrEnum]) -> Form:
    """A word of a closed set."""
    return Form(words, lambda member: member.value)


def some_of(words: type[StrEnum]) -> Form:
    """One word of a closed set, or a list of them."""
    return Form(
        lambda value: tuple(words(word) for word in _as_list(value)),
        lambda members: _alone([member.value for member in members]),
    )


def known(form: Form) -> Form:
    """Another form, or the word unknown for None."""
    return Form(
        lambda value: None if value == "unknown" else form.read(value),
        lambda value: "unknown" if value is None else form.write(value),
    )


def mapping(form: Form, key: Callable[[str], Any] = str) -> Form:
    """A mapping whose values have another form; ``key`` turns its keys into the model's."""
    return Form(
        lambda value: {key(name): form.read(one) for name, one in value.items()},
        lambda value: {str(name): form.write(one) for name, one in value.items()},
    )


def listing(form: Form) -> Form:
    """A list of values of another form."""
    return Form(
        lambda value: tuple(form.read(one) for one in value),
        lambda value: [form.write(one) for one in value],
    )


def record(model: type[Any], forms: Mapping[str, Form], **renamed: str) -> Form:
    """A mapping for a dataclass; what equals the default is left out. ``renamed`` gives attributes other keys."""
    keys = {renamed.get(attribute, attribute): attribute for attribute in forms}
    defaults = _defaults(model)

    def read(value: Mapping[str, Any]) -> Any:
        told = {keys[key]: forms[keys[key]].read(one) for key, one in value.items()}
        return model(**told)

    def write(thing: Any) -> dict[str, Any]:
        told = {key: getattr(thing, attribute) for key, attribute in keys.items()}
        return {
            key: forms[keys[key]].write(value)
            for key, value in told.items()
            if keys[key] not in defaults or not _equal(value, defaults[keys[key]])
        }

    return Form(read, write)


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def _defaults(model: type[Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for one in fields(model):
        if one.default is not MISSING:
            known[one.name] = one.default
        elif one.default_factory is not MISSING:
            known[one.name] = one.default_factory()
    return known
