"""Blots secrets out of whatever came back, without moving a byte.

A secret is found as it stands, with any of its characters escaped (JSON, percent, HTML), and inside base64.
The blot is as long as what it covers, so that Content-Length and offsets into the body stay true.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from conformance.model.exchange import Chunk

SHORTEST = 6
"""Secrets with fewer characters are not searched for: they would be found everywhere."""

_MARKER = b"REDACTED"
_FILLS = b"*x#.-_=~+abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SHORT_ESCAPES = {
    "/": b"/",
    '"': b'"',
    "\\": b"\\",
    "\b": b"b",
    "\f": b"f",
    "\n": b"n",
    "\r": b"r",
    "\t": b"t",
}
_ESCAPE_SIGNS = (b"\\u", b"\\/", b"%", b"&#")

Span = tuple[int, int]


class Redactor:
    """Finds given secrets in bytes and text and covers them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        wanted = [secret for secret in secrets if secret]
        self.too_short = sum(1 for secret in wanted if len(secret) < SHORTEST)
        """How many of the secrets are too short to be searched for; worth a warning to the user."""
        spellings = {
            spelling
            for secret in wanted
            if len(secret) >= SHORTEST
            for spelling in _spellings(secret)
        }
        self._needles = sorted({_encoded(spelling) for spelling in spellings})
        self._escaped = [re.compile(_escaped_pattern(spelling)) for spelling in sorted(spellings)]
        self._signs: tuple[bytes, ...] = _ESCAPE_SIGNS
        if any(
            character in _SHORT_ESCAPES
            for text in spellings
            for character in text
            if character != "/"
        ):
            self._signs += (b"\\",)
        used = set(b"".join(self._needles))
        self._fill = next((byte for byte in _FILLS if byte not in used), _FILLS[0])

    def __repr__(self) -> str:
        return f"Redactor({len(self._needles)} spellings)"

    def blot(self, data: bytes) -> tuple[bytes, int]:
        """The data with every secret covered, of the same length, and how many there were."""
        spans = self._spans(data)
        if not spans:
            return data, 0
        marked = self._cover(data, spans, marker=_MARKER)
        # A secret made of the marker's own letters could arise anew from marker and neighbours.
        if self._spans(marked):
            marked = self._cover(data, spans, marker=b"")
        return marked, len(spans)

    def text(self, text: str) -> str:
        """The text with every secret covered."""
        data = _encoded(text)
        covered, found = self.blot(data)
        return covered.decode("utf-8", "surrogatepass") if found else text

    def chunks(self, chunks: Sequence[Chunk]) -> tuple[tuple[Chunk, ...], int]:
        """The chunks with every secret covered, also across borders and cut off by the end; same lengths and times."""
        body = chunks[0].data if len(chunks) == 1 else b"".join(chunk.data for chunk in chunks)
        covered, found = self.blot(body)
        if cut := self._cut_off(covered):
            covered, found = covered[:-cut] + bytes([self._fill]) * cut, found + 1
        if not found:
            return tuple(chunks), 0
        ends = list(accumulate(len(chunk.data) for chunk in chunks))
        return (
            tuple(
                Chunk(chunk.at, covered[end - len(chunk.data) : end])
                for chunk, end in zip(chunks, ends, strict=True)
            ),
            found,
        )

    def _cut_off(self, data: bytes) -> int:
        """How many bytes at the end are the beginning of a secret whose rest did not come."""
        return max(
            (
                length
                for needle in self._needles
                for length in range(SHORTEST + 2, len(needle))
                if data.endswith(needle[:length])
            ),
            default=0,
        )

    def _spans(self, data: bytes) -> list[Span]:
        found = [
            (at, at + len(needle)) for needle in self._needles for at in _positions(data, needle)
        ]
        # Escapes are rare and searching for them is slow, so it is done only where there are some.
        if self._needles and any(sign in data for sign in self._signs):
            found += [match.span() for p in self._escaped for match in p.finditer(data)]
        return _merged(found)

    def _cover(self, data: bytes, spans: list[Span], *, marker: bytes) -> bytes:
        covered = bytearray(data)
        for start, end in spans:
            length = end - start
            head = marker if length >= len(marker) else b""
            covered[start:end] = head + bytes([self._fill]) * (length - len(head))
        return bytes(covered)


def _positions(data: bytes, needle: bytes) -> Iterable[int]:
    # Overlapping finds count too: in "ababab" the secret "abab" stands twice.
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _spellings(secret: str) -> set[str]:
    """The secret itself and what of its base64 form does not depend on its neighbours."""
    raw = _encoded(secret)
    found = {secret}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode("ascii")
        # Four characters carry three bytes: the first ones mix with what stands before,
        # the last ones with what follows.
        core = text[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return found


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _escaped_pattern(needle: str) -> bytes:
    return b"".join(_escaped_character(character) for character in needle)


def _escaped_character(character: str) -> bytes:
    """A pattern for one character, plain or escaped, also twice over."""
    plain = _encoded(character)
    units = character.encode("utf-16-be", "surrogatepass")
    forms = [
        re.escape(plain),
        b"".join(b"%(?:25)*" + _any_case(b"%02x" % byte) for byte in plain),
        b"".join(
            rb"\\+u" + _any_case(units[n : n + 2].hex().encode()) for n in range(0, len(units), 2)
        ),
        b"&#0*%d;" % ord(character),
        b"&#[xX]0*" + _any_case(b"%x" % ord(character)) + b";",
    ]
    if character in _SHORT_ESCAPES:
        forms.append(rb"\\+" + re.escape(_SHORT_ESCAPES[character]))
    return b"(?:" + b"|".join(forms) + b")"


def _any_case(digits: bytes) -> bytes:
    return b"(?i:" + digits + b")"
