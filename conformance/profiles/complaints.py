"""Sentences about what is wrong in a profile: what stands there, what would be right, what was probably meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from conformance.profiles.grammar import validator

Path = tuple[str | int, ...]

_LONGEST = 60
_MOST_LISTED = 14
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong in a profile, at a path; ``at_key``: the key there is wrong, not its value."""

    path: Path
    text: str
    at_key: bool = False


def complaints(value: Any, raw: Mapping[str, str], pointer: Any) -> Iterator[Complaint]:
    """What the profile schema has against a document; ``raw`` is by pointer how unquoted scalars were written."""
    for error in validator().iter_errors(value):
        for complaint in _of(error):
            written = raw.get(pointer(complaint.path))
            yield complaint if complaint.at_key else _with_quotes(complaint, written)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """``; did you mean 'x'?``, or nothing where no known word is near."""
    by_lower = {one.lower(): one for one in known}
    close = get_close_matches(word[:200].lower(), by_lower, n=1, cutoff=cutoff)
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""


def shown(value: Any) -> str:
    """A value as its author would know it, cut to a line's length."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def listed(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


_QUOTES_WANTED = "\0quotes"
"""Ends a complaint about a value that quotes would mend; never reaches a reader."""
_WHERE_KEYS_ARE_PASTED = ("endpoint", "auth", "env")


def _with_quotes(complaint: Complaint, written: str | None) -> Complaint:
    text, mark, _ = complaint.text.partition(_QUOTES_WANTED)
    if mark and written is not None:
        text += f'; write it in quotes: "{written}"'
    return Complaint(complaint.path, text)


def _of(error: Any) -> Iterator[Complaint]:
    path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, path)
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            for name in missing:
                if f"'{name}' is a required property" == error.message:
                    yield Complaint(path, f"the key {name!r} is missing")
        case "propertyNames" | "pattern":
            yield _pattern(error, path)
        case "enum" | "const":
            yield Complaint(path, _unknown_word(error))
        case "type":
            yield Complaint(path, _wrong_kind(error.instance, _types(error), _texts([error])))
        case "anyOf":
            yield from _nearest_form(error, path)
        case _:
            if error.parent is not None and error.parent.validator == "propertyNames":
                path = (*path, error.instance)
            yield Complaint(path, _out_of_bounds(error))


def _unknown_keys(error: Any, path: Path) -> Iterator[Complaint]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key not in known:
            hint = nearest(key, known)
            if not hint and len(known) <= _MOST_LISTED:
                hint = f"; known here: {', '.join(known)}"
            yield Complaint((*path, key), f"unknown key {shown(key)}{hint}", at_key=True)


def _pattern(error: Any, path: Path) -> Complaint:
    """Of a value, or (``propertyNames``, whose inner error jsonschema reports) of a key."""
    expected = error.schema.get("patternErrorMessage", "another form")
    at_key = "propertyNames" in error.absolute_schema_path
    # What stands where a variable's name belongs may be the key itself.
    what = "this" if path == _WHERE_KEYS_ARE_PASTED else shown(error.instance)
    return Complaint(
        (*path, error.instance) if at_key else path, f"{what} is not {expected}", at_key
    )


def _unknown_word(error: Any) -> str:
    allowed = [word for word in error.validator_value if word is not None]
    words = [word if isinstance(word, str) else json.dumps(word) for word in allowed]
    if isinstance(error.instance, str):
        hint = nearest(error.instance, words)
        return f"unknown value {shown(error.instance)}; use {listed(words)}{hint}"
    quotable = _QUOTES_WANTED if json.dumps(error.instance) in words else ""
    return f"expected {listed(words)}, got {_got(error.instance)}{quotable}"


def _wrong_kind(value: Any, kinds: Iterable[str], texts: Iterable[Mapping[str, Any]]) -> str:
    """``texts`` are the schemas under which a text would do: quotes help if one takes this value as text."""
    names = [_KINDS[kind] for kind in dict.fromkeys(kinds) if kind != "null"]
    told = f"expected {listed(names)}, got {_got(value)}"
    written = json.dumps(value)
    helps = any(
        written in schema["enum"] if "enum" in schema else value is not None for schema in texts
    )
    return told + _QUOTES_WANTED if helps else told


def _got(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {shown(value)}"
        case int() | float():
            return f"the number {shown(value)}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _nearest_form(error: Any, path: Path) -> Iterator[Complaint]:
    """What the form of the value's own kind has against it; the kinds expected where there is none."""
    forms: dict[Any, list[Any]] = {}
    for cause in error.context:
        forms.setdefault(cause.relative_schema_path[0], []).append(cause)
    fitting = [causes for causes in forms.values() if not _of_another_kind(causes)]
    if fitting:
        for cause in fitting[0]:
            yield from _of(cause)
        return
    wrong = [one for causes in forms.values() for one in _type_errors(causes)]
    kinds = [kind for one in wrong for kind in _types(one)]
    yield Complaint(path, _wrong_kind(error.instance, kinds, _texts(wrong)))


def _of_another_kind(causes: list[Any]) -> bool:
    for cause in causes:
        if cause.relative_path:
            continue
        if cause.validator == "type":
            return True
        if cause.validator == "anyOf" and all(
            _of_another_kind([c for c in cause.context if c.relative_schema_path[0] == number])
            for number in {c.relative_schema_path[0] for c in cause.context}
        ):
            return True
    return False


def _type_errors(causes: list[Any]) -> Iterator[Any]:
    for cause in causes:
        if cause.validator == "type":
            yield cause
        elif cause.validator == "anyOf":
            yield from _type_errors(cause.context)


def _types(error: Any) -> list[str]:
    kinds = error.validator_value
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _texts(errors: list[Any]) -> list[Mapping[str, Any]]:
    return [error.schema for error in errors if "string" in _types(error)]


def _out_of_bounds(error: Any) -> str:
    limit, value = error.validator_value, shown(error.instance)
    match error.validator:
        case "minimum":
            return f"{value} is below {limit}"
        case "maximum":
            return f"{value} is above {limit}"
        case "minItems":
            return "the list is empty"
        case "minLength":
            return "the text is empty"
        case "uniqueItems":
            return "the list names something twice"
        case _:
            return f"{value} breaks the rule {error.validator} of the profile schema"
