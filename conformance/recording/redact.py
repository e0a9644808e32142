"""Blots secrets out of whatever came back, without moving a byte.

A secret is found as it stands, in other letter case, backwards, with any of its characters escaped (JSON, percent,
HTML), in hexadecimal, inside base64, in pieces that the strings of JSON members of one name add up to (the deltas of a
stream), and in bodies that are compressed with gzip or deflate.
It is not found where it is compressed otherwise, encrypted, mixed with other text or written in another way.
The blot is as long as what it covers, so that Content-Length and offsets into the body stay true.
"""

from __future__ import annotations

import base64
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice

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

_LONG_ENOUGH = 12
"""Characters of a secret from which on it is searched for backwards and in other letter case too."""
_STRINGS = re.compile(rb'"((?:[^"\\]++|\\.)*+)"?+(\s*+:)?', re.DOTALL)
"""Matches at every quotation mark, so that none is looked at twice."""
_STRINGS_AT_MOST = 200_000
_LONGEST_NAME = 64
_UNPACKED_AT_ONCE = 1 << 16
_UNPACKED_AT_MOST = 1 << 26
_PACKED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How gzip and the zlib format, which HTTP calls deflate, begin."""

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
        self._any_case = sorted(
            {form.lower() for secret in wanted for form in _other_forms(secret)}
        )
        self._plain = [_encoded(s) for s in wanted if len(s) >= SHORTEST]
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
        if self._packed_inside(body):
            covered, found = bytes([self._fill]) * len(body), 1
        else:
            covered, found = self.blot(body)
            if pieces := self._in_pieces(covered):
                covered, found = self._cover(covered, pieces, marker=b""), found + 1
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
        lower = data.lower() if self._any_case else b""
        found += [(at, at + len(form)) for form in self._any_case for at in _positions(lower, form)]
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

    def _in_pieces(self, data: bytes) -> list[Span]:
        """Where the pieces of a secret stand that strings of members of one name add up to."""
        if not self._plain or data.count(b'"') < 4:
            return []
        texts: dict[bytes, bytearray] = {}
        places: dict[bytes, list[tuple[int, int, int]]] = {}
        name = b""
        for string in islice(_STRINGS.finditer(data), _STRINGS_AT_MOST):
            if string[2]:
                name = string[1][:_LONGEST_NAME]
                continue
            text = texts.setdefault(name, bytearray())
            places.setdefault(name, []).append((len(text), *string.span(1)))
            text += string[1]
        return [
            span
            for name, text in texts.items()
            for start, end in self._across(bytes(text))
            for span in _parts(places[name], start, end)
        ]

    def _across(self, text: bytes) -> list[Span]:
        return [
            (at, at + len(secret))
            for secret in self._plain
            for at in _positions(text.lower(), secret.lower())
        ]

    def _packed_inside(self, data: bytes) -> bool:
        """Whether a compressed body holds a secret; of what it unpacks to, 64 MiB are searched."""
        if not self._plain or not data.startswith(_PACKED):
            return False
        packer = zlib.decompressobj(47)
        longest = max(map(len, self._needles))
        tail, left, rest = b"", _UNPACKED_AT_MOST, data
        try:
            while rest and left > 0 and not packer.eof:
                piece = tail + packer.decompress(rest, _UNPACKED_AT_ONCE)
                if self._spans(piece) or self._in_pieces(piece):
                    return True
                left -= len(piece) - len(tail)
                tail, rest = piece[-4 * longest :], packer.unconsumed_tail
        except zlib.error:
            pass
        return False


def _parts(places: Sequence[tuple[int, int, int]], start: int, end: int) -> Iterable[Span]:
    """The spans in the data of a span in a text that was put together: (offset in it, start, end) of each piece."""
    first = bisect_right(places, start, key=lambda place: place[0]) - 1
    for offset, begin, stop in places[max(0, first) :]:
        if offset >= end:
            return
        span = begin + max(0, start - offset), min(stop, begin + end - offset)
        if span[0] < span[1]:
            yield span


def _other_forms(secret: str) -> list[bytes]:
    """Forms that are searched for without regard to letter case."""
    raw = _encoded(secret)
    if len(secret) < SHORTEST:
        return []
    forms = [raw.hex().encode()]
    return [*forms, raw, raw[::-1]] if len(secret) >= _LONG_ENOUGH else forms


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
        b"".join(b"%(?:25){0,8}" + _any_case(b"%02x" % byte) for byte in plain),
        b"".join(
            rb"\\{1,8}u" + _any_case(units[n : n + 2].hex().encode())
            for n in range(0, len(units), 2)
        ),
        b"&#0{0,8}%d;" % ord(character),
        b"&#[xX]0{0,8}" + _any_case(b"%x" % ord(character)) + b";",
    ]
    if character in _SHORT_ESCAPES:
        forms.append(rb"\\{1,8}" + re.escape(_SHORT_ESCAPES[character]))
    return b"(?:" + b"|".join(forms) + b")"


def _any_case(digits: bytes) -> bytes:
    return b"(?i:" + digits + b")"
