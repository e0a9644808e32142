"""Finds a phrase in an answer that was to repeat it, however its characters were damaged on the way.

Only a piece that follows the phrase from its first word on counts, so that what a model makes up is never judged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html.entities import codepoint2name
from unicodedata import normalize

REPLACEMENT = "\ufffd"
_MAY_BE_LOST = "\u2028\u2029\u0085\ufeff\u200d"
"""Models drop these, or write white space instead; that is not damage."""


@dataclass(frozen=True, slots=True)
class Echo:
    """The piece of an answer that repeats a phrase, and what became of its characters."""

    text: str
    mojibake: tuple[str, ...] = ()
    """Characters whose UTF-8 was read as Latin-1 or Windows-1252, as they look now."""
    escapes: tuple[str, ...] = ()
    """Characters that are still written as JSON escapes or HTML entities."""

    @property
    def replaced(self) -> bool:
        """Whether a character of the phrase became U+FFFD."""
        return REPLACEMENT in self.text


def echo_of(answer: str, phrase: str, *, cut: bool = False) -> Echo | None:
    """The phrase in an answer; None if it is not there. ``cut``: the answer may end inside it."""
    answer = normalize("NFC", answer)
    found = re.search(_pattern(phrase, cut=False), answer)
    if found is None and cut:
        found = re.search(_pattern(phrase, cut=True), answer)
    if found is None:
        return None
    # What a limit cuts off in the middle of a character may be written as U+FFFD: nobody's mistake.
    piece = found[1].rstrip(REPLACEMENT) if cut and found.end() == len(answer) else found[1]
    if piece.isascii() and not any(sign in piece for sign in ("\\", "&")):
        return None
    foreign = [c for c in phrase if not c.isascii()]
    mojibake = [form for c in foreign for form in mojibake_forms(c) if form in piece]
    escapes = [form for c in foreign for form in escaped_forms(c) if form in piece.lower()]
    return Echo(piece, tuple(dict.fromkeys(mojibake)), tuple(dict.fromkeys(escapes)))


def mojibake_forms(character: str) -> tuple[str, ...]:
    """A character's UTF-8 bytes read one by one as Latin-1, and as Windows-1252."""
    data = character.encode()
    latin = data.decode("latin-1")
    windows = "".join(
        bytes([byte]).decode("cp1252", "ignore") or bytes([byte]).decode("latin-1") for byte in data
    )
    return tuple(dict.fromkeys((latin, windows)))


def escaped_forms(character: str) -> tuple[str, ...]:
    """A character as JSON escapes and as HTML entities, in small letters."""
    units = character.encode("utf-16-be")
    escape = "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
    number = ord(character)
    name = codepoint2name.get(number)
    named = (f"&{name.lower()};",) if name else ()
    return (escape, f"&#{number};", f"&#x{number:x};", *named)


@cache
def _pattern(phrase: str, *, cut: bool) -> re.Pattern[str]:
    forms = [_forms(character) for character in normalize("NFC", phrase)]
    if not cut:
        return re.compile(f"({''.join(forms)})")
    first = next(n for n, c in enumerate(normalize("NFC", phrase)) if not c.isascii()) + 1
    tail = ""
    for form in reversed(forms[first:]):
        tail = f"(?:{form}{tail})?"
    return re.compile(f"({''.join(forms[:first])}{tail}){REPLACEMENT}*\\Z")


def _forms(character: str) -> str:
    """A pattern for one character of a phrase, intact or damaged."""
    if character.isascii():
        return re.escape(character)
    split = normalize("NFD", character)
    damaged = _damaged(character)
    if len(split) == 2 and split[0].isascii():
        damaged += [split, *(split[0] + form for form in _damaged(split[1]))]
    lost = r"|\s?" if character in _MAY_BE_LOST else ""
    return f"(?:{re.escape(character)}|{'|'.join(damaged)}{lost})"


def _damaged(character: str) -> list[str]:
    escaped = [f"(?i:{re.escape(form)})" for form in escaped_forms(character)]
    read = [re.escape(form) for form in mojibake_forms(character)]
    return [*escaped, *read, f"{REPLACEMENT}{{1,8}}", "[\ud800-\udfff]{1,2}"]
