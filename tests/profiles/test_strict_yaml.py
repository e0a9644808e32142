"""The strict reader: what it refuses, and where it says that things stand."""

from __future__ import annotations

import pytest

from conformance.model.errors import ProfileError
from conformance.profiles.strict_yaml import MAX_BYTES, MAX_DEPTH, load_strict, misread, pointer


def complaint(text: str | bytes) -> str:
    """What the reader says about a file named p.yaml."""
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ProfileError) as caught:
        load_strict(data, "p.yaml")
    return str(caught.value)


def test_values_are_plain() -> None:
    """Text, numbers, booleans, null, lists and mappings come as JSON would give them."""
    text = "a: {b: [1, -2.5, 1e3, true, false, null, x y, \"no\", '1.10']}\n"

    assert {"a": {"b": [1, -2.5, 1000.0, True, False, None, "x y", "no", "1.10"]}} == load_strict(
        text.encode(), "p.yaml"
    ).value


def test_places_are_lines_and_columns_from_one() -> None:
    """Values and keys are found by their JSON Pointers."""
    document = load_strict(b"# note\na:\n  - x\n  - b/c: 1\n", "p.yaml")

    assert {"": (2, 1), "/a": (3, 3), "/a/0": (3, 5), "/a/1": (4, 5), "/a/1/b~1c": (4, 10)} == (
        document.places
    )
    assert {"/a": (2, 1), "/a/1/b~1c": (4, 5)} == document.keys
    assert {"/a/1/b~1c": "1"} == document.raw


def test_columns_count_characters_and_not_bytes() -> None:
    """An umlaut is one column wide, and a byte order mark none."""
    assert (1, 9) == load_strict("{ä: [ü, 1]}".encode(), "p.yaml").places["/ä/1"]
    assert (1, 9) == load_strict("\ufeff{ä: [ü, 1]}".encode(), "p.yaml").places["/ä/1"]


def test_pointers_escape_slash_and_tilde() -> None:
    """RFC 6901, section 3."""
    assert "/a~1b/c~0d/0" == pointer(("a/b", "c~d", 0))


@pytest.mark.parametrize(
    ("scalar", "kind"),
    [
        ("no", "a boolean"),
        ("Yes", "a boolean"),
        ("on", "a boolean"),
        ("OFF", "a boolean"),
        ("True", "a boolean"),
        ("~", "null"),
        ("NULL", "null"),
        ("2026-05-01", "a date"),
        ("2026-05-01 10:00:00", "a date"),
        ("012", "a number"),
        ("0x1F", "a number"),
        ("1_000", "a number"),
        ("+1", "a number"),
        (".5", "a number"),
        ("1.", "a number"),
        (".inf", "a number"),
        ("1:30", "a number"),
    ],
)
def test_scalars_that_readers_disagree_on_must_be_quoted(scalar: str, kind: str) -> None:
    """What YAML 1.1 makes something of in silence is refused, with the quotes to write."""
    said = complaint(f"since: {scalar}\n")

    assert said.startswith(
        f"p.yaml:1:8: {scalar} is {kind} to some readers of YAML; put it in quotes"
    )
    assert f'"{scalar}"' in said


@pytest.mark.parametrize("scalar", ["n", "y", "24h", "gpt-5.5", "o[1-9]*", "1.2.3", "v1", "nope"])
def test_words_that_only_resemble_such_scalars_are_text(scalar: str) -> None:
    """A parameter called n, a duration and a version with two dots are what they look like."""
    assert {"a": scalar} == load_strict(f"a: {scalar}\n".encode(), "p.yaml").value
    assert not misread(scalar)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", '1:1: the file is empty; a profile begins with format: "1"', id="empty"),
        pytest.param(
            "# x\n", '1:1: the file is empty; a profile begins with format: "1"', id="comment"
        ),
        pytest.param(
            "a: 1\nb: 2\na: 3\n", "3:1: 'a' is already set on line 1; keep one", id="duplicate"
        ),
        pytest.param(
            "a: {b: 1, b: 2}\n", "1:11: 'b' is already set on line 1; keep one", id="flow-duplicate"
        ),
        pytest.param("a: 1\n\tb: 2\n", "2:1: a tab indents this line; YAML wants spaces", id="tab"),
        pytest.param(
            "a: &x 1\nb: *x\n",
            "2:4: the alias *x is not allowed; write the value again, or use extends",
            id="alias",
        ),
        pytest.param("<<: {a: 1}\n", "1:1: merge keys (<<) are not read; use extends", id="merge"),
        pytest.param("a: !x 1\n", "1:4: the tag !x is not read; leave it out", id="tag"),
        pytest.param(
            "a:\nb: 1\n",
            "1:3: no value; write null to take away what is inherited, or {} for nothing",
            id="no-value",
        ),
        pytest.param(
            "? [a]\n: 1\n", "1:3: a key must be a word, not a list or a mapping", id="list-as-key"
        ),
        pytest.param(
            "--- 1\n--- 2\n", "2:1: a second document begins; a file holds one", id="two-documents"
        ),
        pytest.param(
            "a: b: c\n", "1:5: a second ': ' in one line; put the value in quotes", id="two-colons"
        ),
        pytest.param(
            b"a: 1\nb: \xff\n", "2:4: byte 0xff is not UTF-8; save the file as UTF-8", id="latin-1"
        ),
        pytest.param(
            "a: 1".encode("utf-16"),
            "1:1: byte 0xff is not UTF-8; save the file as UTF-8",
            id="utf-16",
        ),
        pytest.param("a: \0\n", "1:4: the character U+0000 is not allowed", id="control-character"),
        pytest.param(
            "[" * 500, f"1:{MAX_DEPTH + 1}: nested more than {MAX_DEPTH} deep", id="deep-flow"
        ),
        pytest.param(
            "- " * 500, f"1:{2 * MAX_DEPTH + 1}: nested more than {MAX_DEPTH} deep", id="deep-block"
        ),
        pytest.param(
            "a: " + "9" * 5000,
            "1:4: a number of 5000 characters; put it in quotes if it is text",
            id="long-number",
        ),
        pytest.param(
            "a: 1e999",
            "1:4: 1e999 is too large for a number; put it in quotes if it is text",
            id="infinite-number",
        ),
        pytest.param(
            b"a" * (MAX_BYTES + 1),
            f"1:1: larger than {MAX_BYTES} bytes; a profile is a few kilobytes",
            id="too-large",
        ),
    ],
)
def test_a_flaw_is_one_sentence_with_its_place(text: str | bytes, said: str) -> None:
    """File, line, column, what is wrong, what to write."""
    assert f"p.yaml:{said}" == complaint(text)


@pytest.mark.parametrize("text", ["a: [1, 2\n", "a: 'x\n", "a: @x\n", "a:\n  b: 1\n c: 2\n", "%"])
def test_what_cannot_be_parsed_has_a_place_too(text: str) -> None:
    """The parser's own words, after ours."""
    said = complaint(text)

    assert said.startswith("p.yaml:")
    assert ": not YAML: " in said
    assert 1 == len(said.splitlines())


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    """Nothing is expanded."""
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))

    assert complaint("a0: &a0 x\n" + levels).startswith("p.yaml:2:10: the alias *a0 is not allowed")


def test_all_flaws_are_told_at_once() -> None:
    """One per line."""
    assert ["p.yaml:1:4", "p.yaml:2:1", "p.yaml:3:4"] == [
        line[:10] for line in complaint("a: no\na: 1\nb: 2026-05-01\n").splitlines()
    ]
