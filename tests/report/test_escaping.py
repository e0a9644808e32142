"""Foreign text made harmless."""

from __future__ import annotations

import html
import json

import pytest

from conformance.report.escaping import (
    cut,
    encodable,
    in_html,
    in_json,
    in_markdown,
    visible,
)

from .built import HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain", "plain", id="ascii"),
        pytest.param("Grüße 你好", "Grüße 你好", id="letters"),
        pytest.param("a\nb\r\tc", "a\\nb\\r\\tc", id="line-breaks"),
        pytest.param("\x1b[31m", "\\x1b[31m", id="escape"),
        pytest.param("\x9b", "\\x9b", id="c1"),
        pytest.param("\u202e", "\\u202e", id="override"),
        pytest.param("\u2028", "\\u2028", id="line-separator"),
        pytest.param("\ud800", "\\ud800", id="surrogate"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag"),
    ],
)
def test_unseen_characters_are_written_out(text: str, expected: str) -> None:
    """What a terminal would obey or hide is shown as an escape; letters stay."""
    assert expected == visible(text)


def test_long_text_is_cut_with_its_length() -> None:
    """A reader learns how much is missing."""
    assert "aaaa… (10 characters)" == cut("a" * 10, 4)
    assert len(visible("\x1b" * 1_000_000)) < 10_000


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_html_holds_no_sign_of_its_own(text: str) -> None:
    """No tag and no end of an attribute can come out of foreign text, and nothing is lost."""
    shown = in_html(text)

    assert not set("<>\"'") & set(shown)
    assert visible(text) == html.unescape(shown)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markdown_holds_no_sign_of_its_own(text: str) -> None:
    """The same for Markdown, of which entities are the only escape that works everywhere."""
    shown = in_markdown(text)

    assert not set("<>\"'`|*_[]~@:\\$\n\r") & set(shown)
    assert visible(text) == html.unescape(shown)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_escapes_what_is_unseen_and_means_the_same(text: str) -> None:
    """A JSON document stays equal and can be written to any terminal."""
    shown = in_json(json.dumps([text], ensure_ascii=False))

    assert [text] == json.loads(shown)
    assert shown.isprintable()
    assert shown.encode("utf-8")


def test_text_that_an_encoding_cannot_write_becomes_escapes() -> None:
    """A terminal without Unicode still gets a report; an unknown encoding counts as ASCII."""
    assert "Gr\\xfc\\xdfe" == encodable("Grüße", "ascii")
    assert "Gr\\xfc\\xdfe" == encodable("Grüße", "no-such-encoding")
    assert "Grüße" == encodable("Grüße", "utf-8")
