"""JSON that notices what other decoders pass over."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.wire.strict_json import Parsed, lone_surrogate, parse, parse_text

BOM = b"\xef\xbb\xbf"
DEEP = 100_000

ROWS: dict[str, tuple[bytes, Parsed | None]] = {
    "an object": (b'{"a": [1, 2.5, true, null, "x"]}', Parsed({"a": [1, 2.5, True, None, "x"]})),
    "white space around": (b" \r\n\t[]\n", Parsed([])),
    "null": (b"null", Parsed(None)),
    "a name twice": (b'{"a": 1, "a": 2, "a": 3}', Parsed({"a": 3}, duplicates=("a",))),
    "names twice in several objects": (
        b'{"b": {"x": 1, "x": 2}, "c": {"y": 0, "y": 1, "x": 0, "x": 1}, "b": 3}',
        Parsed({"b": 3, "c": {"y": 1, "x": 1}}, duplicates=("x", "y", "b")),
    ),
    "the same name in two objects": (b'[{"a": 1}, {"a": 2}]', Parsed([{"a": 1}, {"a": 2}])),
    "Infinity": (b"[Infinity, -Infinity]", Parsed([math.inf, -math.inf], non_finite=("Infinity", "-Infinity"))),
    "a mark": (BOM + b"{}", Parsed({}, bom=True)),
    "two marks": (BOM + BOM + b"{}", Parsed(error="Unexpected UTF-8 BOM (decode using utf-8-sig) at character 0", bom=True)),
    "no UTF-8": (b'["a\xff"]', Parsed(["a\ufffd"], invalid_utf8=3)),
    "no UTF-8 behind a mark": (BOM + b'["\xe9"]', Parsed(["\ufffd"], bom=True, invalid_utf8=5)),
    "a surrogate in UTF-8": (b'"\xed\xa0\xbd"', Parsed("\ufffd\ufffd\ufffd", invalid_utf8=1)),
    "half a pair, escaped": (b'"\\ud83d"', Parsed("\ud83d")),
    "nothing": (b"", Parsed(error="empty")),
    "white space alone": (b" \n", Parsed(error="empty", offset=2)),
    "a mark alone": (BOM, Parsed(error="empty", bom=True)),
    "garbage behind": (b"{} x", Parsed(error="Extra data at character 3", offset=3)),
    "single quotes": (b"{'a': 1}", Parsed(error="Expecting property name enclosed in double quotes at character 1", offset=1)),
    "a comma too many": (b"[1,]", None),
    "a control character": (b'"a\nb"', Parsed(error="Invalid control character at character 2", offset=2)),
    "a number with a leading zero": (b"01", Parsed(error="Extra data at character 1", offset=1)),
    "a large number": (b"1e999", Parsed(math.inf)),
    "an integer of 300 digits": (b"9" * 300, Parsed(int("9" * 300))),
    "an integer of 5000 digits": (b"9" * 5000, Parsed(math.inf)),
    "a negative integer of 5000 digits": (b"-" + b"9" * 5000, Parsed(-math.inf)),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "expected"), ROWS.values(), ids=ROWS.keys())
def test_strict_json(raw: bytes, expected: Parsed | None) -> None:
    """The value, and every departure from RFC 8259 that the bytes show."""
    if expected is None:  # the wording differs between versions of Python
        assert parse(raw).error is not None
    else:
        assert expected == parse(raw)


def test_nan_is_read_and_reported() -> None:
    """NaN is a value to go on with, and a problem."""
    parsed = parse(b'{"a": NaN}')

    assert ("NaN",) == parsed.non_finite
    assert isinstance(parsed.value, dict)
    assert str(parsed.value["a"]) == "nan"


@pytest.mark.parametrize(
    ("raw", "ok"),
    [(b"{}", True), (BOM + b"{}", True), (b"{", False), (b"NaN", False), (b'"\xff"', False)],
    ids=["right", "mark", "broken", "NaN", "no UTF-8"],
)
def test_ok_means_that_any_decoder_reads_it_alike(raw: bytes, ok: bool) -> None:
    """A mark aside, a text is either right or it is not."""
    assert ok is parse(raw).ok


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["arrays", "objects"])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_deep_nesting_is_no_crash(opening: str, closed: bool) -> None:
    """A hundred thousand levels end in a sentence."""
    ending = {"[": "]", '{"a":': "}"}[opening]
    text = opening * DEEP + ("1" + ending * DEEP if closed else "")

    assert "nested too deep to be read" == parse_text(text).error


def test_many_names_twice_take_no_time() -> None:
    """Forty thousand names, each twice, are found in time proportional to their number."""
    names = [f'"n{i}": 0' for i in range(40_000)]
    begun = time.process_time()

    assert 40_000 == len(parse_text("{" + ", ".join(names + names) + "}").duplicates)
    assert time.process_time() - begun < 5


@given(st.binary())
def test_no_bytes_raise(raw: bytes) -> None:
    """Whatever a peer sends is read or refused in a sentence."""
    parsed = parse(raw)

    assert parsed.error is None or parsed.value is None


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \\u\ud800N I'))
def test_no_text_raises(text: str) -> None:
    """Whatever looks like JSON is read or refused in a sentence."""
    assert parse_text(text).error != ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    """Any value goes through JSON and comes back with nothing to report but its infinities."""
    parsed = parse_text(json.dumps(value))

    assert (None, ()) == (parsed.error, parsed.duplicates)
    assert value == parsed.value


@pytest.mark.parametrize(
    ("text", "half"),
    [("a", False), ("\U0001f600", False), ("\ud83d", True), ("a\ude00", True), ("", False)],
    ids=["letter", "pair", "first", "second", "nothing"],
)
def test_half_a_surrogate_pair(text: str, half: bool) -> None:
    """What JSON can escape and UTF-8 cannot carry."""
    assert half is lone_surrogate(text)
