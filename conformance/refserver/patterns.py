"""A short text that a regular expression matches, for schemas with a ``pattern``."""

from __future__ import annotations

import re
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_REPEATS = 5000
_PRINTABLE = "abcxyz0123456789_-ABCXYZ .,:/@"


def matching(pattern: str, least: int = 0, variant: int = 0) -> str:
    """A text of at least that length that the pattern matches; ``a`` where none was found."""
    for repeats in range(max(1, least) + 2):
        try:
            text = _text(parser.parse(pattern), repeats, variant)
        except (re.error, ValueError, RecursionError, OverflowError):
            break
        if len(text) >= least and re.search(pattern, text):
            return text
    return "a" * max(1, least)


def _text(parsed: Any, repeats: int, variant: int) -> str:
    return "".join(_node(str(kind), value, repeats, variant) for kind, value in parsed)


def _node(kind: str, value: Any, repeats: int, variant: int) -> str:
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return next(c for c in _PRINTABLE if ord(c) != value)
        case "ANY":
            return _PRINTABLE[variant % 20]
        case "IN":
            fitting = [c for c in _PRINTABLE if _in(c, value)] or [chr(_first(value))]
            return fitting[variant % len(fitting)]
        case "BRANCH":
            return _text(value[1][0], repeats, variant)
        case "SUBPATTERN":
            return _text(value[-1], repeats, variant)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = value
            count = min(max(int(low), repeats), int(high), _REPEATS)
            return "".join(_text(inner, repeats, variant) for _ in range(count))
        case "ATOMIC_GROUP":
            return _text(value, repeats, variant)
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return ""
        case _:
            raise ValueError(kind)


def _in(char: str, items: Any) -> bool:
    negated = str(items[0][0]) == "NEGATE"
    hit = any(_item(char, str(kind), value) for kind, value in items)
    return hit != negated


def _item(char: str, kind: str, value: Any) -> bool:
    match kind:
        case "LITERAL":
            return bool(ord(char) == value)
        case "RANGE":
            return bool(value[0] <= ord(char) <= value[1])
        case "CATEGORY":
            name = str(value).removeprefix("CATEGORY_")
            inverse = name.startswith("NOT_")
            tests = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": _wordlike}
            return tests[name.removeprefix("NOT_")](char) != inverse
        case _:
            return False


def _wordlike(char: str) -> bool:
    return char.isalnum() or char == "_"


def _first(items: Any) -> int:
    for kind, value in items:
        if str(kind) in ("LITERAL", "RANGE"):
            return int(value if str(kind) == "LITERAL" else value[0])
    raise ValueError("no character")
