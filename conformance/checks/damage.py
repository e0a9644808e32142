"""What may become of each character of a phrase on its way, and how that is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from html.entities import codepoint2name
from unicodedata import combining, normalize

REPLACEMENT = "\ufffd"
_LINE_ENDS = "\u2028\u2029\u0085"
_JOINERS = "\u200d\ufe0e\ufe0f"
_MARK = "\ufeff"
_UNIT = re.compile("[\u0590-\u07ff]{2,}|.[\u0300-\u036f]+| +|\n+|[A-Za-z0-9]{3,}|.", re.DOTALL)
_CODECS = ("ascii", "latin-1", "cp1252")


class Change(Enum):
    """What became of a piece of a phrase, in the words of a finding."""

    FORM = "another normal form"
    JOINERS = "joiners left out"
    LINE_ENDS = "other line ends"
    SPACES = "white space collapsed"
    LINES = "line feeds turned into spaces"
    MARKED = "question marks for letters"
    LOST = "letters lost"
    REVERSED = "right-to-left letters turned round"
    STARRED = "words replaced by asterisks"
    TOGETHER = "words run together"


SOFT = (Change.FORM, Change.JOINERS, Change.LINE_ENDS, Change.SPACES, Change.LINES)
"""What a model may well do by itself."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a phrase that changes as one, with patterns of what it may become."""

    was: str
    ways: tuple[tuple[Change | None, str], ...]
    """What has no name here is left to the rules for misread, replaced and escaped characters."""

    @property
    def pattern(self) -> str:
        """A group that matches it however it comes."""
        return f"({'|'.join([re.escape(self.was), *(way for _, way in self.ways)])})"

    def change(self, now: str) -> Change | None:
        """What it became; None if it is as it was, or broken in a way that has no name here."""
        if now == self.was:
            return None
        return next((c for c, way in self.ways if re.fullmatch(way, now)), None)


@cache
def units_of(phrase: str) -> tuple[Unit, ...]:
    """The pieces of a phrase, in order."""
    return tuple(
        Unit(found[0], tuple(_ways(found[0], first=found.start() == 0)))
        for found in _UNIT.finditer(phrase)
    )


def _ways(was: str, *, first: bool) -> list[tuple[Change | None, str]]:
    if was[0] == " ":
        shorter: Change | None = Change.SPACES if len(was) > 1 else None
        return [(shorter, r"\s"), (Change.TOGETHER, "")]
    if was[0] == "\n":
        runs = [(Change.SPACES, "\r?\n")] if len(was) > 1 else []
        ends = "\r\n" * len(was)
        return [(None, ends), *runs, (Change.LINES, " +"), (Change.TOGETHER, "")]
    if was.isascii():
        return [] if first or len(was) < 3 else [(Change.STARRED, r"\*{2,}")]
    return _foreign_ways(was)


def _foreign_ways(was: str) -> list[tuple[Change | None, str]]:
    forms = dict.fromkeys(normalize(form, was) for form in ("NFC", "NFD", "NFKC", "NFKD"))
    ways: list[tuple[Change | None, str]] = []
    if was in _LINE_ENDS:
        ways.append((Change.LINE_ENDS, r"\r?\n| "))
    ways += [(Change.FORM, re.escape(form)) for form in forms if form != was]
    if len(was) > 1 and not combining(was[1]):
        ways.append((Change.REVERSED, re.escape(was[::-1])))
    spelled = dict.fromkeys([was, normalize("NFC", was), normalize("NFD", was)])
    ways += [(None, "".join(map(_broken, form))) for form in spelled]
    ways += [(Change.MARKED, "".join(map(_marked, form))) for form in spelled]
    if was in _JOINERS:
        ways.append((Change.JOINERS, r"\s?"))
    if was in _LINE_ENDS:
        ways.append((Change.LINE_ENDS, ""))
    if was == _MARK:  # models drop it, or write white space instead; that is not damage
        ways.append((None, r"\s?"))
    return ways


def _marked(character: str) -> str:
    plain = re.escape(character)
    return plain if character.isascii() else rf"(?:{plain}|\?{{1,4}})"


def _broken(character: str) -> str:
    """A pattern for one character, intact or broken in a way that has a rule of its own."""
    if character.isascii():
        return re.escape(character)
    escaped = [f"(?i:{re.escape(form)})" for form in escaped_forms(character)]
    read = [re.escape(form) for form in mojibake_forms(character)]
    torn = [f"{REPLACEMENT}{{1,8}}", "[\ud800-\udfff]{1,2}"]
    return f"(?:{'|'.join([re.escape(character), *escaped, *read, *torn])})"


def mojibake_forms(character: str) -> tuple[str, ...]:
    """A character's UTF-8 bytes read one by one as Latin-1, and as Windows-1252."""
    data = character.encode()
    latin = data.decode("latin-1")
    windows = "".join(
        bytes([byte]).decode("cp1252", "ignore") or bytes([byte]).decode("latin-1") for byte in data
    )
    return tuple(dict.fromkeys((latin, windows)))


def escaped_forms(character: str) -> tuple[str, ...]:
    """A character as escapes of JSON, Python and JavaScript, and as HTML entities, in small letters."""
    units = character.encode("utf-16-be")
    escape = "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
    number = ord(character)
    name = codepoint2name.get(number)
    named = (f"&{name.lower()};",) if name else ()
    long = (f"\\U{number:08x}".lower(), f"\\u{{{number:x}}}")
    short = (f"\\x{number:02x}",) if number < 256 else ()
    octets = "".join(f"\\x{byte:02x}" for byte in character.encode())
    return (escape, *long, *short, octets, f"&#{number};", f"&#x{number:x};", *named)


@cache
def without_letters(phrase: str) -> tuple[str, ...]:
    """Patterns of a phrase from which all letters are lost that a character set does not have."""
    kept = [phrase.encode(codec, "ignore").decode(codec) for codec in _CODECS]
    # The other words of it would not be said alone, however many spaces are left between them.
    loose = [r"\s+".join(map(re.escape, text.split())) for text in kept]
    wide = re.sub("[\U00010000-\U0010ffff]", "", phrase)
    exact = [re.escape(text) for text in (wide, wide.replace("\u200d", ""))]
    told = zip([*kept, wide, wide], [*loose, *exact], strict=True)
    enough = (way for text, way in told if _words_left(text) and _lacks_letters(phrase, text))
    return tuple(dict.fromkeys(enough))


def _words_left(text: str) -> bool:
    return sum(map(str.isalnum, text)) >= 4


def _lacks_letters(phrase: str, text: str) -> bool:
    """Whether more is gone than signs that cannot be seen."""
    unseen = _LINE_ENDS + _JOINERS + _MARK
    return [c for c in phrase if c not in unseen] != [c for c in text if c not in unseen]
