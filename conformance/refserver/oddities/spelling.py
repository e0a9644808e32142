"""The same JSON values in other letters: white space, escapes, the order of members."""

from __future__ import annotations

import json
import re
from typing import Any

from conformance.refserver.oddities.registry import Facts, Stage, oddity

_RFC = "RFC 8259 §2: white space may stand around any token"
_ESCAPES = "RFC 8259 §7: any character of a string may be escaped"
_ORDER = "RFC 8259 §1: an object is an unordered collection"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_BESIDE_ASCII = re.compile(r"[^\x00-\x7f]")


def _respelled(text: str, **form: Any) -> str:
    value = json.loads(text)
    written = json.dumps(value, ensure_ascii=False, **form)
    lone = any("\ud800" <= letter <= "\udfff" for letter in written)
    return json.dumps(value, **form) if lone else written


def _units(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


@oddity("json-members-reversed", on=Stage.TEXT, because=_ORDER, only_one="order of members")
def members_reversed(text: str, facts: Facts) -> str:
    """The members of each object come in reversed order."""

    def reversed_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    value = json.loads(text, object_pairs_hook=reversed_pairs)
    return _respelled(json.dumps(value), separators=(",", ":"))


@oddity("json-members-sorted", on=Stage.TEXT, because=_ORDER, only_one="order of members")
def members_sorted(text: str, facts: Facts) -> str:
    """The members of each object come in the order of the alphabet."""
    return _respelled(text, sort_keys=True, separators=(",", ":"))


@oddity("json-spaces", on=Stage.TEXT, because=_RFC, only_one="white space")
def spaces(text: str, facts: Facts) -> str:
    """A space stands behind each comma and colon."""
    return _respelled(text)


@oddity("json-pretty-printed", on=Stage.TEXT, because=_RFC, only_one="white space")
def pretty_printed(text: str, facts: Facts) -> str:
    """Objects are pretty-printed, in events over several data lines."""
    return _respelled(text, indent=4)


@oddity("json-tabs", on=Stage.TEXT, because=_RFC, only_one="white space")
def tabs(text: str, facts: Facts) -> str:
    """Objects are pretty-printed with tabs."""
    return _respelled(text, indent="\t")


@oddity("json-ascii", on=Stage.TEXT, because=_ESCAPES, only_one="escapes")
def ascii_only(text: str, facts: Facts) -> str:
    """Every character outside ASCII is an escape."""
    return _BESIDE_ASCII.sub(lambda found: _units(found[0]), text)


@oddity("json-ascii-in-capitals", on=Stage.TEXT, because=_ESCAPES, only_one="escapes")
def ascii_in_capitals(text: str, facts: Facts) -> str:
    """Every character outside ASCII is an escape whose digits are capitals."""
    return _BESIDE_ASCII.sub(lambda found: _units(found[0]).upper().replace("U", "u"), text)


@oddity("json-all-escaped", on=Stage.TEXT, because=_ESCAPES, only_one="escapes")
def all_escaped(text: str, facts: Facts) -> str:
    """Every character of every string is an escape, in names too."""

    def escaped(found: re.Match[str]) -> str:
        return f'"{"".join(map(_units, json.loads(found[0])))}"'

    return _STRING.sub(escaped, text)


@oddity("json-slashes-escaped", on=Stage.TEXT, because=_ESCAPES, only_one="escapes")
def slashes_escaped(text: str, facts: Facts) -> str:
    """Slashes are escaped, as PHP writes them."""
    return text.replace("/", "\\/")


@oddity("json-markup-escaped", on=Stage.TEXT, because=_ESCAPES, only_one="escapes")
def markup_escaped(text: str, facts: Facts) -> str:
    """Angle brackets, ampersands and line separators are escaped, as Go writes them."""
    return re.sub("[<>&\u2028\u2029]", lambda found: _units(found[0]), text)


@oddity("json-exponents", on=Stage.TEXT, because="RFC 8259 §6: a number may have an exponent")
def exponents(text: str, facts: Facts) -> str:
    """Fractions are written with an exponent; integers stay as they are."""
    fraction = r"(?<=[:\[,])(-?[0-9]+\.[0-9]+)(?=[,\]}])"
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    spelled = [
        part if part.startswith('"') else re.sub(fraction, lambda n: f"{float(n[0]):e}", part)
        for part in parts
    ]
    return "".join(spelled)


@oddity("json-white-space-around", on=Stage.TEXT, because=_RFC)
def white_space_around(text: str, facts: Facts) -> str:
    """White space stands before and behind each value."""
    around = ("  ", " \t") if facts.streamed else ("\r\n\t ", "\n\n")
    return around[0] + text + around[1]
