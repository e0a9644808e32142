"""Finds a phrase in an answer that was to repeat it, however its characters were damaged on the way.

Only a piece that follows the phrase from its first word on counts, so that what a model makes up is never judged.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from unicodedata import normalize

from .damage import (
    REPLACEMENT,
    SOFT,
    Change,
    Unit,
    escaped_forms,
    mojibake_forms,
    units_of,
    without_letters,
)


@dataclass(frozen=True, slots=True)
class Echo:
    """The piece of an answer that repeats a phrase, and what became of its characters."""

    text: str
    mojibake: tuple[str, ...] = ()
    """Characters whose UTF-8 was read as Latin-1 or Windows-1252, as they look now."""
    escapes: tuple[str, ...] = ()
    """Characters that are still written as escapes or HTML entities."""
    changes: tuple[tuple[Change, str, str], ...] = ()
    """What else became of pieces of the phrase: how that is called, what it was, what it is."""
    possible: tuple[tuple[Change, int], ...] = ()
    """How many pieces of the phrase could have changed so."""

    @property
    def replaced(self) -> bool:
        """Whether a character of the phrase became U+FFFD."""
        return REPLACEMENT in self.text

    @property
    def telling(self) -> bool:
        """Whether anything is left that could have been misread, replaced or escaped."""
        return not self.text.isascii() or any(sign in self.text for sign in ("\\", "&"))

    @property
    def broken(self) -> tuple[Change, ...]:
        """The ways in which no model changes a phrase by itself."""
        return tuple(change for change in Change if change not in SOFT and self.changed(change))

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged, so that what changed besides is not part of that."""
        return not (self.replaced or self.mojibake or self.escapes or self.broken)

    def changed(self, change: Change) -> tuple[tuple[str, str], ...]:
        """The pieces that changed in one way; none where it is one of several, as that may be chance."""
        found = tuple((was, now) for how, was, now in self.changes if how is change)
        enough = 1 if change is Change.STARRED else 2
        return found if len(found) >= min(enough, dict(self.possible).get(change, 1)) else ()


def echo_of(answer: str, phrase: str, *, cut: bool = False) -> Echo | None:
    """The phrase in an answer; None if it is not there. ``cut``: the answer may end inside it."""
    found = _pattern(phrase, cut=False).search(answer)
    if found is None:
        lost = next((m for way in without_letters(phrase) if (m := re.search(way, answer))), None)
        if lost is not None:
            return Echo(lost[0], changes=((Change.LOST, phrase, lost[0]),))
    if found is None and cut and not phrase.isascii():
        found = _pattern(phrase, cut=True).search(answer)
    return None if found is None else _echo(found, phrase, cut=cut)


def _echo(found: re.Match[str], phrase: str, *, cut: bool) -> Echo:
    # What a limit cuts off in the middle of a character may be written as U+FFFD: nobody's mistake.
    piece = found[0].rstrip(REPLACEMENT) if cut and found.end() == len(found.string) else found[0]
    foreign = [c for c in dict.fromkeys(phrase + normalize("NFC", phrase)) if not c.isascii()]
    mojibake = [form for c in foreign for form in mojibake_forms(c) if form in piece]
    escapes = [form for c in foreign for form in escaped_forms(c) if form in piece.lower()]
    came = _whole(found, phrase)
    changes = tuple((how, u.was, now) for u, now in came if (how := u.change(now)) is not None)
    possible = Counter(how for u, _ in came for how in {how for how, _ in u.ways} if how)
    return Echo(
        piece,
        tuple(dict.fromkeys(mojibake)),
        tuple(dict.fromkeys(escapes)),
        changes,
        tuple(possible.items()),
    )


def _whole(found: re.Match[str], phrase: str) -> list[tuple[Unit, str]]:
    """The pieces that came, without the last one of a phrase that is cut: more of it may have followed."""
    pairs = [*zip(units_of(phrase), found.groups(), strict=True)]
    if None in found.groups():
        del pairs[max(n for n, (_, now) in enumerate(pairs) if now) :]
    return pairs


@cache
def _pattern(phrase: str, *, cut: bool) -> re.Pattern[str]:
    forms = [unit.pattern for unit in units_of(phrase)]
    if not cut:
        return re.compile("".join(forms))
    first = next(n for n, unit in enumerate(units_of(phrase)) if not unit.was.isascii()) + 1
    tail = ""
    for form in reversed(forms[first:]):
        tail = f"(?:{form}{tail})?"
    return re.compile(f"{''.join(forms[:first])}{tail}{REPLACEMENT}*\\Z")
