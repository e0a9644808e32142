"""No secret survives, and nothing moves."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model.exchange import Chunk
from conformance.recording.redact import Redactor

KEY = "sk-live/AbC+0123456789_xyz"


def escaped(text: str) -> str:
    """Every character as a JSON escape."""
    return "".join(f"\\u{ord(c):04x}" for c in text)


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        json.dumps({"key": KEY}),
        KEY.replace("/", "\\/"),
        KEY.replace("-", "\\u002d"),
        KEY.replace("-", "\\u002D").replace("/", "\\/"),
        escaped(KEY),
        escaped(KEY).replace("\\", "\\\\"),
        quote(KEY, safe=""),
        quote(KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        "".join(f"%{ord(c):02x}" for c in KEY),
        quote(quote(KEY, safe=""), safe=""),
        "".join(f"&#{ord(c)};" for c in KEY),
        "".join(f"&#x{ord(c):X};" for c in KEY),
    ],
    ids=[
        "as it stands",
        "in JSON",
        "JSON with \\/",
        "JSON with \\u002d",
        "JSON with both",
        "JSON, all escaped",
        "JSON in JSON",
        "percent-encoded",
        "percent-encoded in small letters",
        "percent, all",
        "percent-encoded twice",
        "HTML, decimal",
        "HTML, hexadecimal",
    ],
)
def test_a_secret_is_found_in_every_spelling(echo: str) -> None:
    """Whatever escaping the endpoint uses, the echo is covered and the length stays."""
    data = f'{{"message": "bad key {echo}!"}}'.encode()

    blotted, found = Redactor([KEY]).blot(data)

    assert 1 == found
    assert len(data) == len(blotted)
    assert b"bad key REDACTED" in blotted or echo.startswith("{")
    assert b"0123456789" not in blotted


@pytest.mark.parametrize("before", ["", "x", "xy", "Bearer ", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_inside_base64(before: str, encode: object) -> None:
    """All three alignments are searched for, in both alphabets."""
    assert callable(encode)
    data = encode(f"{before}{KEY}:rest".encode())

    blotted, found = Redactor([KEY]).blot(data)

    assert 1 == found
    assert KEY.encode()[1:-1] not in base64.urlsafe_b64decode(
        blotted.replace(b"*", b"A").replace(b"+", b"-").replace(b"/", b"_")
    )


def test_a_secret_across_chunk_borders_is_covered() -> None:
    """The echo is found though no single chunk holds it; lengths and times stay."""
    chunks = (Chunk(0.1, b"key: sk-live/Ab"), Chunk(0.2, b"C+0123"), Chunk(0.3, b"456789_xyz."))

    blotted, found = Redactor([KEY]).chunks(chunks)

    assert 1 == found
    assert [(0.1, 15), (0.2, 6), (0.3, 11)] == [(c.at, len(c.data)) for c in blotted]
    assert b"key: REDACTED" + b"*" * 18 + b"." == b"".join(c.data for c in blotted)


def test_untouched_chunks_come_back_as_they_are() -> None:
    """Where there is nothing to cover, nothing is copied."""
    chunks = (Chunk(0.1, b"a"), Chunk(0.2, b"b"))

    assert (chunks, 0) == Redactor([KEY]).chunks(chunks)


def test_short_secrets_are_counted_and_left_alone() -> None:
    """Five characters would be found everywhere; the caller can warn."""
    redactor = Redactor(["EMPTY", "", KEY])

    assert 1 == redactor.too_short
    assert "EMPTY" == redactor.text("EMPTY")


def test_a_redactor_does_not_show_its_secrets() -> None:
    """Its repr may stand in a traceback."""
    assert "sk-" not in repr(Redactor([KEY]))


@pytest.mark.parametrize("secret", ["REDACTED", "REDACT", "******", "abREDA", "TED***"])
def test_secrets_made_of_the_marker_itself_are_covered(secret: str) -> None:
    """The blot must not spell the secret anew."""
    text = f"abREDACTED {secret}{secret} ab{secret}***"

    assert secret not in Redactor([secret]).text(text)


secrets = st.text(min_size=6, max_size=40)
around = st.text(max_size=40)


@settings(deadline=None)
@given(secrets, around, around, st.lists(st.integers(0, 200), max_size=6))
def test_no_secret_survives_any_split(
    secret: str, before: str, after: str, cuts: list[int]
) -> None:
    """For any secret, any text around it and any chunk borders, the result does not contain it."""
    text = (before + secret + after).encode("utf-8")
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    chunks = tuple(Chunk(float(n), text[a:b]) for n, (a, b) in enumerate(pairwise(borders)))

    blotted, found = Redactor([secret]).chunks(chunks)

    assert found >= 1
    assert [len(c.data) for c in chunks] == [len(c.data) for c in blotted]
    assert secret.encode("utf-8") not in b"".join(c.data for c in blotted)


@settings(deadline=None)
@given(secrets, around, around)
def test_no_secret_survives_in_json(secret: str, before: str, after: str) -> None:
    """Also where the text around and the secret are written as JSON, in ASCII or not."""
    redactor = Redactor([secret])
    for ascii_only in (True, False):
        document = json.dumps({"text": before + secret + after}, ensure_ascii=ascii_only)

        blotted, found = redactor.blot(document.encode())

        assert found >= 1
        assert json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode() not in blotted


@settings(deadline=None)
@given(secrets, st.binary(max_size=9), st.binary(max_size=9))
def test_no_secret_survives_in_base64(secret: str, before: bytes, after: bytes) -> None:
    """What base64 decodes to does not hold it either."""
    data = base64.b64encode(before + secret.encode() + after)

    blotted, found = Redactor([secret]).blot(data)

    assert found >= 1
    assert data != blotted
