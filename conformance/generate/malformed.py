"""Bodies that are no JSON, or that push JSON to its edges: always shorter than a page."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.model.json import JSON
from conformance.model.target import Target
from conformance.probes.registry import LIMIT, filled, user

DEEPEST = 2_000
"""Levels of the deepest nesting that is sent."""


def bodies(target: Target, *, cut: bool) -> SearchStrategy[bytes]:
    """Bodies that end too early, or those that are odd in any other way."""
    return cut_off(target) if cut else st.one_of([kind(target) for kind in _KINDS])


def _whole(target: Target, **more: JSON) -> bytes:
    """The body that is spoilt, with something in it that is not ASCII and something escaped."""
    body = {"model": target.model, "messages": [user('Say "OK" \u00e9')], LIMIT: 1, **more}
    return json.dumps(filled(body, target), ensure_ascii=False, separators=(",", ":")).encode()


def cut_off(target: Target) -> SearchStrategy[bytes]:
    """Ends somewhere in the middle."""
    whole = _whole(target)
    return st.integers(1, len(whole) - 1).map(lambda end: whole[:end])


def trailed(target: Target) -> SearchStrategy[bytes]:
    """Goes on after its end."""
    more = st.sampled_from([b"}", b",", b"x", b"\x00", b"{}", b"null", _whole(target)])
    return more.map(lambda tail: _whole(target) + tail)


def not_numbers(target: Target) -> SearchStrategy[bytes]:
    """Has a number that JSON does not know."""
    words = st.sampled_from(["NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x1", "1_0"])
    return words.map(lambda word: _with(target, '"temperature":' + word))


def huge_numbers(target: Target) -> SearchStrategy[bytes]:
    """Has a number that few types hold."""
    digits = st.sampled_from(["1e400", "-1e400", "1e-400", "9" * 400, "1" + "0" * 5_000])
    return digits.map(lambda number: _with(target, '"seed":' + number))


def repeated_names(target: Target) -> SearchStrategy[bytes]:
    """Says something twice."""
    twice = st.sampled_from(['"model":"x"', '"messages":[]', '"stream":false,"stream":true'])
    return twice.map(lambda text: _with(target, text))


def nested(target: Target) -> SearchStrategy[bytes]:
    """Holds lists or objects in one another."""

    def deep(levels: int, opening: str, closing: str) -> bytes:
        return _with(target, f'"metadata":{opening * levels}1{closing * levels}')

    pairs = st.sampled_from([("[", "]"), ('{"a":', "}")])
    return st.builds(lambda n, pair: deep(n, *pair), st.integers(2, DEEPEST), pairs)


def recoded(target: Target) -> SearchStrategy[bytes]:
    """Is not UTF-8, or begins with a mark of byte order."""
    codecs = st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
    return codecs.map(lambda codec: _whole(target).decode().encode(codec))


def torn_characters(target: Target) -> SearchStrategy[bytes]:
    """Has bytes in a string that are no characters there."""
    odd = st.sampled_from([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x00", b"\n"])
    return odd.map(lambda data: _whole(target).replace("\u00e9".encode(), data))


def badly_escaped(target: Target) -> SearchStrategy[bytes]:
    """Has an escape in a string that JSON does not know."""
    odd = st.sampled_from([b"\\x", b"\\u12", b"\\u{1f600}", b"\\'", b"\\"])
    return odd.map(lambda data: _whole(target).replace("\u00e9".encode(), data))


def _with(target: Target, member: str) -> bytes:
    return _whole(target)[:-1] + b"," + member.encode() + b"}"


_KINDS: tuple[Callable[[Target], SearchStrategy[bytes]], ...] = (
    trailed,
    badly_escaped,
    not_numbers,
    huge_numbers,
    repeated_names,
    nested,
    recoded,
    torn_characters,
)
