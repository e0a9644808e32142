"""The words for paths, rules and values."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.spec.phrase import as_sent, beginning, cut, pointer, quoted, shown, stated, type_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param((), "", id="whole"),
        pytest.param(("choices", 0, "id"), "/choices/0/id", id="nested"),
        pytest.param(("a/b~c",), "/a~1b~0c", id="escaped"),
    ],
)
def test_a_path_becomes_a_json_pointer(path: tuple[str | int, ...], expected: str) -> None:
    """Slash and tilde are escaped as RFC 6901 says."""
    assert expected == pointer(path)


@pytest.mark.parametrize(
    ("keyword", "rule", "rules", "expected"),
    [
        ("required", ["a"], {}, "required"),
        ("type", "string", {}, "string"),
        ("type", ["string", "null"], {}, "string or null"),
        ("type", ["string", "array", "null"], {}, "string, array or null"),
        ("type", ["array", "null"], {"items": {"type": "object"}}, "array of objects or null"),
        ("type", "array", {"items": {}}, "array"),
        ("const", "x", {}, 'the constant "x"'),
        ("enum", ["a", "", None, 1], {}, 'one of a, "", null, 1'),
        ("minimum", 0, {}, "at least 0"),
        ("maximum", 255, {}, "at most 255"),
        ("minItems", 1, {}, "at least 1 item"),
        ("minItems", 2, {}, "at least 2 items"),
        ("minLength", 1, {}, "not empty"),
        ("minLength", 3, {}, "at least 3 characters"),
        ("pattern", "^a", {}, "text that matches ^a"),
        ("additionalProperties", False, {"properties": {"a": {}, "b": {}}}, "no keys but a, b"),
        ("multipleOf", 2, {}, "multipleOf 2"),
    ],
)
def test_a_rule_is_stated_in_a_few_words(
    keyword: str, rule: Any, rules: dict[str, Any], expected: str
) -> None:
    """What a keyword asks for, without the language of JSON Schema."""
    assert expected == stated(keyword, rule, rules)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_each_value_has_a_json_type(value: Any, kind: str) -> None:
    """Types are named as JSON Schema names them."""
    assert kind == type_of(value)


@pytest.mark.parametrize(
    ("value", "path", "keyword", "expected"),
    [
        pytest.param({"a": [1]}, ("a", 0), "type", "1 (integer)", id="with its type"),
        pytest.param({"a": "é"}, ("a",), "enum", '"é"', id="without a type"),
        pytest.param({"a": None}, ("a",), "type", "null", id="null"),
        pytest.param({}, ("a",), "required", "absent", id="absent"),
        pytest.param({"a": "\ud83d"}, ("a",), "const", '"\\ud83d"', id="half a character"),
        pytest.param({"a": "\x1b[31m"}, ("a",), "const", '"\\u001b[31m"', id="control character"),
    ],
)
def test_a_value_is_shown_as_json(
    value: Any, path: tuple[str | int, ...], keyword: str, expected: str
) -> None:
    """Values look as they did on the wire, made safe to print."""
    assert expected == shown(value, path, keyword)


def test_a_long_value_keeps_its_type() -> None:
    """The cut is made in the value, not in what is said about it."""
    text = shown({"a": "x" * 1000}, ("a",), "type")

    assert len(text) == 200
    assert text.endswith("… (string)")


def test_a_short_text_is_not_cut() -> None:
    """Only what is too long gets an ellipsis."""
    assert (cut("abc", 3), cut("abcd", 3)) == ("abc", "ab…")


def test_a_text_is_quoted_and_cut() -> None:
    """What is too long ends with an ellipsis inside the quotes."""
    assert "'OK.'" == quoted("OK.")
    assert "'aa…'" == quoted("aaaa", 3)
    assert 82 == len(quoted("a" * 1_000))


def test_a_member_is_shown_as_it_came() -> None:
    """A member that is null came; one that is missing did not."""
    assert ["None", "'x'", "absent"] == [
        as_sent({"a": None, "b": "x"}, name) for name in ("a", "b", "c")
    ]


def test_a_body_is_shown_whatever_it_is() -> None:
    """Bytes that are no text do not keep the others from being shown."""
    assert "a\ufffdb" == beginning(b"a\xffb")
    assert 300 == len(beginning(b"a" * 1_000))
