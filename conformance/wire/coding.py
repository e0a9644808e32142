"""Content codings of a body (RFC 9110 §8.4.1): gzip and deflate are undone, as every client library does."""

from __future__ import annotations

import zlib

MOST_DECODED = 16 << 20
"""Bytes that a body may grow to before we stop."""
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_RAW = -zlib.MAX_WBITS
"""Deflate without the zlib format around it: against the letter, but sent, and read by all clients."""


class Undecodable(Exception):
    """A body that is not what its Content-Encoding says, or that we do not decode; the text says why."""


def known(coding: str) -> bool:
    """Whether we can undo a coding."""
    return coding in _WINDOWS


def decode(body: bytes, coding: str) -> bytes:
    """The bytes behind a coding, given in lower case; Undecodable says why there are none."""
    if not known(coding):
        raise Undecodable(f"content coding {coding[:60]!r}")
    try:
        return _inflated(body, coding, _WINDOWS[coding])
    except zlib.error as error:
        try:
            if coding == "deflate":
                return _inflated(body, coding, _RAW)
        except zlib.error:
            pass
        raise Undecodable(f"bytes that are not {coding} ({error})") from None


def _inflated(body: bytes, coding: str, window: int) -> bytes:
    reader = zlib.decompressobj(wbits=window)
    made = reader.decompress(body, MOST_DECODED)
    if len(made) >= MOST_DECODED:
        raise Undecodable(f"more than {MOST_DECODED >> 20} MiB in {len(body)} bytes")
    if not reader.eof:
        raise Undecodable(f"{coding} that breaks off")
    return made
