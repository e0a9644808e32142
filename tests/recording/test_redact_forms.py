"""A key that is echoed in disguise is blotted out all the same."""

from __future__ import annotations

import gzip

import pytest

from conformance.model.exchange import Chunk
from conformance.recording.redact import Redactor

KEY = "sk-canary-5f3a9c017be2"


def deltas(*pieces: str) -> bytes:
    """Events whose content is the pieces."""
    return b"".join(b'data: {"delta":{"content":"%s"}}\n\n' % piece.encode() for piece in pieces)


@pytest.mark.parametrize(
    "echo",
    [
        KEY.upper().encode(),
        KEY[::-1].encode(),
        KEY.encode().hex().encode(),
        deltas(KEY[:7], KEY[7:12], KEY[12:]),
        deltas(*KEY),
        gzip.compress(b"x" * 200_000 + KEY.encode()),
        gzip.compress(deltas(*KEY)),
    ],
    ids=["upper case", "backwards", "hex", "three deltas", "letters", "gzip", "gzip of deltas"],
)
def test_disguised_keys_are_found(echo: bytes) -> None:
    """It is counted, covered for good, and the length stays."""
    (covered,), found = Redactor([KEY]).chunks([Chunk(0.0, echo)])

    assert found >= 1
    assert len(echo) == len(covered.data)
    assert 0 == Redactor([KEY]).chunks([covered])[1]
