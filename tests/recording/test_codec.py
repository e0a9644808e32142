"""How the bytes of an answer are written: as text where that is short, and in any case without loss."""

from __future__ import annotations

import base64
import json

import pytest

from conformance.recording.codec import decode_bytes, encode_bytes

KB4 = 4096


@pytest.mark.parametrize(
    ("data", "as_text"),
    [
        pytest.param(b"\0" * (KB4 - 1), True, id="few control characters"),
        pytest.param(b"\0" * KB4, False, id="many"),
        pytest.param(b'"\\' * KB4, False, id="what JSON escapes by a backslash"),
        pytest.param(b"\0a" * KB4, True, id="control characters, half of it"),
        pytest.param(b"\0\0a" * KB4, False, id="control characters, most of it"),
        pytest.param("gr\u00f6\u00dfe ".encode() * KB4, True, id="letters"),
        pytest.param(b"\xff", False, id="a byte that is not UTF-8"),
        pytest.param(b"a" * KB4 + b"\xff", False, id="one among many"),
        pytest.param(b"", True, id="nothing"),
    ],
)
def test_bytes_are_text_where_that_is_short(data: bytes, as_text: bool) -> None:
    """A body of control characters would be six times as long as JSON text; base64 adds a third."""
    encoded = encode_bytes(data)

    assert as_text is isinstance(encoded, str)
    assert data == decode_bytes(json.loads(json.dumps(encoded)), "here")
    if not as_text:
        assert {"b64": base64.b64encode(data).decode()} == encoded


@pytest.mark.parametrize("byte", [0x00, 0x1F, 0x22, 0x5C, 0x0A])
def test_no_body_is_written_at_several_times_its_length(byte: int) -> None:
    """Whatever one byte it is made of."""
    data = bytes([byte]) * (1 << 16)

    assert len(json.dumps(encode_bytes(data))) < 1.4 * len(data)
