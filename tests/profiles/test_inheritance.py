"""extends, null, replacing, circles; and the two ways to write a resolved profile down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.errors import ProfileError
from conformance.model.finding import Level
from conformance.model.profile import Cause, Policy, Profile, Reaction, Shape
from conformance.profiles.load import (
    describe,
    load_profile,
    profile_from_json,
    profile_names,
    profile_to_json,
)
from conformance.profiles.merging import difference, merge, without_nulls


def written(directory: Path, name: str, text: str) -> str:
    """The path of a profile file with this text below its head."""
    path = directory / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f'format: "1"\nname: {path.stem}\ntitle: {path.stem}\n'
    path.write_text(head + text, encoding="utf-8")
    return str(path)


def test_mappings_merge_and_the_rest_replaces(tmp_path: Path) -> None:
    """A child's maximum joins the parent's minimum; its list stands for the parent's."""
    written(
        tmp_path, "parent", "parameters: {n: {minimum: 1, values: [1, 2]}, seed: {support: full}}"
    )
    child = load_profile(
        written(
            tmp_path, "child", "extends: parent.yaml\nparameters: {n: {maximum: 8, values: [3]}}"
        )
    )

    assert (1, 8, (3,)) == (
        child.parameters["n"].minimum,
        child.parameters["n"].maximum,
        child.parameters["n"].values,
    )
    assert "seed" in child.parameters
    assert ("parent",) == child.extends


def test_null_takes_away_what_is_inherited(tmp_path: Path) -> None:
    """A key, a whole parameter, a whole section."""
    written(
        tmp_path,
        "parent",
        "parameters: {n: {minimum: 1, maximum: 8}, seed: {support: full}}\nstreaming: {usage: always}",
    )
    child = load_profile(
        written(
            tmp_path,
            "child",
            "extends: parent.yaml\nparameters: {n: {maximum: null}, seed: null}\nstreaming: null",
        )
    )

    assert (1, None) == (child.parameters["n"].minimum, child.parameters["n"].maximum)
    assert "seed" not in child.parameters
    assert "unknown" == child.streaming.usage


def test_a_policy_or_cause_stated_anew_is_a_new_claim(tmp_path: Path) -> None:
    """Nothing of the parent's status, code or level is left in it."""
    written(
        tmp_path,
        "parent",
        "policies: {unsupported: {outcome: reject, status: 422, code: x}}\n"
        "errors: {causes: {unknown_model: {status: 404, code: y, level: should}}}",
    )
    child = load_profile(
        written(
            tmp_path,
            "child",
            "extends: parent.yaml\npolicies: {unsupported: {outcome: [ignore, strip]}}\n"
            "errors: {causes: {unknown_model: {status: 400}}}",
        )
    )

    assert Policy((Reaction.IGNORE, Reaction.STRIP)) == child.unsupported
    assert (400,) == child.refusal(Cause.UNKNOWN_MODEL).statuses
    assert () == child.refusal(Cause.UNKNOWN_MODEL).codes
    assert Level.MUST == child.refusal(Cause.UNKNOWN_MODEL).level


def test_summary_and_notes_are_not_inherited(tmp_path: Path) -> None:
    """They speak of one endpoint."""
    written(tmp_path, "parent", "summary: Of the parent.\nnotes: [A note.]")
    child = load_profile(written(tmp_path, "child", "extends: parent.yaml"))

    assert ("", ()) == (child.summary, child.notes)


def test_paths_count_from_the_file_that_names_them(tmp_path: Path) -> None:
    """A grandparent beside the parent, not beside the child."""
    written(tmp_path, "shared/grand", "models: {chat: g}")
    written(tmp_path, "shared/parent", "extends: grand.yaml")
    child = load_profile(written(tmp_path, "child", "extends: shared/parent.yaml"))

    assert "g" == child.models.chat
    assert ("parent", "grand") == child.extends


def test_a_shipped_profile_can_be_extended(tmp_path: Path) -> None:
    """By its name."""
    child = load_profile(written(tmp_path, "child", "extends: openai"))

    assert ("openai", "base") == child.extends
    assert (404,) == child.refusal(Cause.UNKNOWN_MODEL).statuses


def test_circles_are_told_where_they_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way round."""
    monkeypatch.chdir(tmp_path)
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        written(tmp_path, name, f"extends: {parent}.yaml")

    with pytest.raises(ProfileError) as caught:
        load_profile("a.yaml")

    assert "c.yaml:4:10: extends goes in a circle: a.yaml -> b.yaml -> c.yaml -> a.yaml" == str(
        caught.value
    )


def test_a_rule_broken_only_together_is_told_in_the_child(tmp_path: Path) -> None:
    """Where the child's own line makes it wrong."""
    written(tmp_path, "parent", "parameters: {n: {minimum: 3}}")
    child = written(tmp_path, "child", "extends: parent.yaml\nparameters: {n: {maximum: 2}}")

    with pytest.raises(ProfileError) as caught:
        load_profile(child)

    assert f"{child}:5:27: maximum 2 is below minimum 3" == str(caught.value)


def test_variants_state_what_differs(tmp_path: Path) -> None:
    """The rest of a claim is as for all models."""
    profile = load_profile(
        written(
            tmp_path,
            "acme",
            "parameters: {temperature: {support: full, minimum: 0, maximum: 2}}\n"
            "models: {variants: [{models: small-*, parameters: {temperature: {maximum: 1, minimum: null}}}]}",
        )
    )

    assert (0, 2) == (
        profile.parameter("temperature", "large").minimum,
        profile.parameter("temperature", "large").maximum,
    )
    assert (None, 1) == (
        profile.parameter("temperature", "small-1").minimum,
        profile.parameter("temperature", "small-1").maximum,
    )


def test_data_keeps_its_nulls(tmp_path: Path) -> None:
    """What is fixed to null, and what is required with any value."""
    profile = load_profile(
        written(
            tmp_path,
            "acme",
            "responses: {fixed: {system_fingerprint: null}}\n"
            "parameters: {tool_choice: {requires: [tools]}, seed: {ignored_when: {stop: null}}}",
        )
    )

    assert {"system_fingerprint": None} == profile.responses.fixed
    assert {"tools": None} == profile.parameters["tool_choice"].requires
    assert {"stop": None} == profile.parameters["seed"].ignored_when
    assert profile == profile_from_json(profile_to_json(profile))


@pytest.mark.parametrize("name", profile_names())
def test_a_resolved_profile_survives_json(name: str) -> None:
    """An equal profile comes back, digest and all."""
    profile = load_profile(name)

    assert profile == profile_from_json(profile_to_json(profile))


@pytest.mark.parametrize("name", profile_names())
def test_a_described_profile_loads_as_the_same(name: str, tmp_path: Path) -> None:
    """What `profile show` prints is a profile."""
    path = tmp_path / f"{name}.yaml"
    path.write_text(describe(load_profile(name)), encoding="utf-8")

    assert load_profile(name) == load_profile(str(path))


@pytest.mark.parametrize(
    "text",
    ["no", "1.10", "null", "2026-05-01", "1e5", "0x1f", "", "~", "a: b", "- x", "ü 😀 #", "=", "y"],
)
def test_text_that_looks_like_something_else_survives(text: str, tmp_path: Path) -> None:
    """Quotes are written where the strict reader wants them."""
    import json

    value = {"format": "1", "name": "x", "title": "x", "responses": {"fixed": {"a": text}}}
    value["notes"] = [text or "x"]
    profile = profile_from_json(json.loads(json.dumps(value)))
    path = tmp_path / "x.yaml"
    path.write_text(describe(profile), encoding="utf-8")

    assert profile == load_profile(str(path))


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    """Order and comments do not matter, claims do."""
    one = load_profile(written(tmp_path, "one/x", "models: {chat: a, pattern: a}"))
    same = load_profile(written(tmp_path, "two/x", "# why\nmodels:\n  pattern: a\n  chat: a"))
    other = load_profile(written(tmp_path, "three/x", "models: {chat: a, pattern: a+}"))

    assert 16 == len(one.digest)
    assert one.digest == same.digest
    assert one == same
    assert one.digest != other.digest


def test_the_origin_is_the_file_and_no_part_of_the_profile(tmp_path: Path) -> None:
    """It is for messages."""
    path = written(tmp_path, "x", "")

    assert path == load_profile(path).origin
    assert "profiles/openai.yaml" == load_profile("openai").origin
    assert "" != load_profile(path).digest
    assert path not in str(profile_to_json(load_profile(path)))


def test_a_loaded_profile_is_not_shared(tmp_path: Path) -> None:
    """What a caller does to one copy does not reach the next."""
    load_profile("openai").parameters.pop("n")  # type: ignore[attr-defined]

    assert "n" in load_profile("openai").parameters


KEYS = st.sampled_from(["a", "b", "parameters", "errors", "causes", "policies", "n", "requires"])
TREES = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=3),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(KEYS, TREES, max_size=4)


@given(parent=DOCUMENTS, child=DOCUMENTS)
def test_the_difference_is_what_merging_adds(parent: dict[str, Any], child: dict[str, Any]) -> None:
    """merge(parent, difference(parent, child)) is the child."""
    assert child == merge(parent, difference(parent, child))


@given(parent=DOCUMENTS, child=DOCUMENTS)
def test_merging_changes_neither_side(parent: dict[str, Any], child: dict[str, Any]) -> None:
    """Layers of shipped profiles are read once and used often."""
    before = repr((parent, child))
    merge(parent, child)

    assert before == repr((parent, child))


@given(document=DOCUMENTS)
def test_without_nulls_there_is_nothing_to_take_away(document: dict[str, Any]) -> None:
    """A document that has none stays as it is."""
    assert document == without_nulls(document)


def test_the_default_profile_has_the_shape_of_openai() -> None:
    """So that a profile built by hand in a test behaves."""
    assert (Shape.OPENAI,) == Profile("x", "X").shapes(400)
