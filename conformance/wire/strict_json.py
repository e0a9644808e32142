"""JSON read strictly: the value, and every departure from RFC 8259 that the bytes show.

``json.loads`` keeps the last of two equal names in silence and accepts ``NaN``; here both are reported.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import islice
from json.decoder import JSONDecodeError

from conformance.model.json import JSON

_TOO_DEEP = "nested too deep to be read"
_BOM = b"\xef\xbb\xbf"
MOST_VALUES = 100_000
"""Values of one JSON text that are read: many times what any answer needs, and a bound for memory."""
MOST_DEPTH = 1000
"""Values inside each other; Python's own reader, like many others, gives up at about as many."""
_NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[,\[{]', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One JSON text: its value if it has one, and what is wrong with the bytes."""

    value: JSON = None
    error: str | None = None
    """Why it is not a JSON text, with its place; None if it is one."""
    offset: int = 0
    """Where the error was met, in characters."""
    duplicates: tuple[str, ...] = ()
    """Names that occur twice in one object."""
    non_finite: tuple[str, ...] = ()
    """``NaN``, ``Infinity``, ``-Infinity`` as they came (read as such although RFC 8259 has no such number)."""
    bom: bool = False
    invalid_utf8: int | None = None
    """The byte offset of the first byte that is not UTF-8."""
    too_large: bool = False
    """It may be JSON, but holds more than is read here: its value is None, and ``error`` says so."""

    @property
    def ok(self) -> bool:
        """Whether it is a JSON text that any decoder reads alike (a BOM aside)."""
        return self.error is None and not self.non_finite and self.invalid_utf8 is None


@dataclass(slots=True)
class _Notes:
    duplicates: dict[str, None] = field(default_factory=dict)
    """Only its keys count, in order."""
    non_finite: list[str] = field(default_factory=list)

    def object_of(self, pairs: list[tuple[str, JSON]]) -> JSON:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    self.duplicates[name] = None
                seen.add(name)
        return made

    def constant(self, name: str) -> float:
        self.non_finite.append(name)
        return float(name.replace("Infinity", "inf").replace("NaN", "nan"))


def _integer(digits: str) -> int | float:
    # CPython refuses to convert more than 4300 digits, and those beyond 308 to a float; such a number is legal JSON.
    return int(digits) if len(digits) <= 300 else float(digits)


def parse(data: bytes) -> Parsed:
    """Read the one JSON text that ``data`` should be."""
    bom = data.startswith(_BOM)
    raw = data[len(_BOM) :] if bom else data
    invalid: int | None = None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        invalid = error.start + (len(_BOM) if bom else 0)
        text = raw.decode("utf-8", "replace")
    return _parse(text, bom=bom, invalid_utf8=invalid)


def parse_text(text: str) -> Parsed:
    """Read the one JSON text that ``text`` should be."""
    return _parse(text, bom=False, invalid_utf8=None)


def _parse(text: str, *, bom: bool, invalid_utf8: int | None) -> Parsed:
    if _too_large(text):
        if _too_deep(text):
            return Parsed(error=_TOO_DEEP, bom=bom, invalid_utf8=invalid_utf8)
        return Parsed(
            error=f"more than {MOST_VALUES:,} values, which are not read",
            bom=bom,
            invalid_utf8=invalid_utf8,
            too_large=True,
        )
    notes = _Notes()
    try:
        value = json.loads(
            text,
            object_pairs_hook=notes.object_of,
            parse_constant=notes.constant,
            parse_int=_integer,
        )
    except JSONDecodeError as error:
        told = f"{error.msg.removesuffix(' at')} at character {error.pos}"
        reason = told if text.strip() else "empty"
        return Parsed(error=reason, offset=error.pos, bom=bom, invalid_utf8=invalid_utf8)
    except RecursionError:
        return Parsed(error=_TOO_DEEP, bom=bom, invalid_utf8=invalid_utf8)
    return Parsed(
        value=value,
        duplicates=tuple(notes.duplicates),
        non_finite=tuple(notes.non_finite),
        bom=bom,
        invalid_utf8=invalid_utf8,
    )


def _too_large(text: str) -> bool:
    """Whether a text has more values than are read; text inside of strings does not count."""
    if len(text) <= MOST_VALUES or sum(map(text.count, ",[{")) <= MOST_VALUES:
        return False
    marks = (mark for mark in _MARK.finditer(text) if mark.group()[0] != '"')
    return next(islice(marks, MOST_VALUES, None), None) is not None


def _too_deep(text: str) -> bool:
    """Whether values stand too deep inside each other, among the first that would be read."""
    depth = 0
    for mark in islice(_NESTING.finditer(text), MOST_VALUES):
        sign = mark.group()[0]
        depth += (sign in "[{") - (sign in "]}")
        if depth > MOST_DEPTH:
            return True
    return False


def lone_surrogate(value: str) -> bool:
    """Whether a string holds half of a surrogate pair, which UTF-8 cannot carry."""
    return _LONE_SURROGATE.search(value) is not None
