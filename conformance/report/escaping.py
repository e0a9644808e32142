"""Foreign text made harmless: every string that came from an endpoint passes through here."""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST = 2_000
"""Characters of one foreign string that any report holds."""
LONGEST_VALUE = 400
"""Characters of one value where many stand side by side."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control (C0, DEL, C1), format (bidi overrides, zero width), lone surrogates, line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# What means something in HTML, and all that starts something in Markdown, autolinks and mentions included.
# Signs that count only at the beginning of a line are left: no foreign text stands there.
_SIGNS = re.compile(r"""[<>&"'`|*_\[\]~@:\\$#]""")


def cut(text: str, most: int = LONGEST) -> str:
    """The text, or its beginning and its length where it is longer."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def visible(text: str, most: int = LONGEST) -> str:
    r"""One line in which control and format characters are written as ``\x1b`` or ``\u202e``."""
    shown = cut(text, most)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_seen(character) for character in shown)


def _seen(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def encodable(text: str, encoding: str) -> str:
    """The text as far as an encoding can write it, the rest as escapes."""
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")


def in_html(text: str, most: int = LONGEST) -> str:
    """Text for HTML, between tags or inside a quoted attribute."""
    return html.escape(visible(text, most), quote=True)


def in_markdown(text: str, most: int = LONGEST) -> str:
    """Text for Markdown, for a table's cell and for HTML inside of Markdown alike."""
    return _SIGNS.sub(lambda sign: f"&#{ord(sign.group())};", visible(text, most))


def in_json(text: str) -> str:
    r"""A JSON document in which no unseen character stands as it is; only ``\uXXXX`` is added."""
    return "".join(
        character if character.isprintable() or character == "\n" else _json_escape(character)
        for character in text
    )


def _json_escape(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
