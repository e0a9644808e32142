"""Content codings, undone."""

from __future__ import annotations

import gzip
import zlib

import pytest

from conformance.wire.coding import MOST_DECODED, Undecodable, decode


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(b"text")), ("x-gzip", gzip.compress(b"text")), ("deflate", zlib.compress(b"text")), ("deflate", zlib.compress(b"text")[2:-4])],
    ids=["gzip", "x-gzip", "deflate", "raw deflate"],
)  # fmt: skip
def test_known_codings_are_undone(coding: str, body: bytes) -> None:
    """What was packed comes out."""
    assert b"text" == decode(body, coding)


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        ("gzip", b"text", "bytes that are not gzip"),
        ("gzip", gzip.compress(b"text")[:-1], "gzip that breaks off"),
        ("deflate", b"", "deflate that breaks off"),
        ("deflate", b"\xff\xff", "bytes that are not deflate"),
        ("br", b"text", "content coding 'br'"),
        ("gzip, gzip", b"text", "content coding 'gzip, gzip'"),
        ("gzip", gzip.compress(b"\0" * (MOST_DECODED + 1)), "more than 16 MiB in"),
    ],
    ids=["in name only", "cut", "empty", "text for deflate", "unknown", "twice", "a bomb"],
)
def test_what_cannot_be_undone_says_why(coding: str, body: bytes, why: str) -> None:
    """In words for a finding, and a bomb is not unpacked."""
    with pytest.raises(Undecodable, match=why):
        decode(body, coding)
