"""What a wrong profile is told: place, fault, and the nearest thing that would be right."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.model.errors import ProfileError
from conformance.profiles.load import load_profile, profile_from_json

Complaints = Callable[..., list[str]]
HEAD = 'format: "1"\nname: acme\ntitle: Acme\n'


@pytest.fixture
def complaints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Complaints:
    """A function from the text below line 3 of acme.yaml to what is said about the file, line by line."""
    monkeypatch.chdir(tmp_path)

    def said(text: str, head: str = HEAD) -> list[str]:
        Path("acme.yaml").write_text(head + text, encoding="utf-8")
        with pytest.raises(ProfileError) as caught:
            load_profile("acme.yaml")
        return str(caught.value).splitlines()

    return said


OWN = "(a parameter of the vendor's own needs vendor_only: true)"
OUTCOMES = "reject, ignore, strip, clamp, truncate or unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "parameters: {temperature: {suport: full}}",
            "4:28: unknown key 'suport'; did you mean 'support'?",
            id="key",
        ),
        pytest.param(
            "endpoint: {zzz: 1}",
            "4:12: unknown key 'zzz'; known here: base_url, paths, headers, auth, source",
            id="key-like-no-other",
        ),
        pytest.param(
            "parameters:\n  temprature: {support: full}",
            f"5:3: unknown parameter 'temprature'; did you mean 'temperature'? {OWN}",
            id="parameter",
        ),
        pytest.param(
            "parameters: {stream_options.include_usge: {}}",
            "4:14: unknown parameter 'stream_options.include_usge'; "
            f"did you mean 'stream_options.include_usage'? {OWN}",
            id="nested-parameter",
        ),
        pytest.param(
            "models: {variants: [{models: a*, parameters: {seeed: {}}}]}",
            f"4:47: unknown parameter 'seeed'; did you mean 'seed'? {OWN}",
            id="parameter-of-a-variant",
        ),
        pytest.param(
            "parameters: {n: {vendor_only: true}}",
            "4:31: 'n' is a parameter of OpenAI's",
            id="vendor-only-that-is-not",
        ),
        pytest.param(
            "parameters: {top_logprobs: {requires: {logprob: true}}}",
            "4:40: unknown parameter 'logprob'; did you mean 'logprobs'?",
            id="required-parameter",
        ),
        pytest.param(
            "parameters: {n: {excludes: [seed, n]}}",
            "4:35: 'n' names itself here",
            id="parameter-that-excludes-itself",
        ),
        pytest.param(
            "parameters: {n: {support: Full}}",
            "4:27: unknown value 'Full'; use full, partial, none or unknown; did you mean 'full'?",
            id="word",
        ),
        pytest.param(
            "policies: {unsupported: rejected}",
            f"4:25: unknown value 'rejected'; use {OUTCOMES}; did you mean 'reject'?",
            id="policy",
        ),
        pytest.param(
            "policies: {unsupported: 400}",
            "4:25: expected text, a list or a mapping, got the number 400",
            id="policy-of-another-kind",
        ),
        pytest.param(
            "policies: {unsupported: {status: 400}}",
            "4:25: the key 'outcome' is missing",
            id="policy-without-outcome",
        ),
        pytest.param(
            "errors: {shape: open_ai}",
            "4:17: unknown value 'open_ai'; use openai, flat, status_message, detail, error_string, "
            "string, empty or unknown; did you mean 'openai'?",
            id="shape",
        ),
        pytest.param(
            "errors: {causes: {unknown_modle: 404}}",
            "4:19: unknown key 'unknown_modle'; did you mean 'unknown_model'?",
            id="cause",
        ),
        pytest.param(
            "errors: {causes: {unknown_model: [404, 4004]}}", "4:40: 4004 is above 599", id="status"
        ),
        pytest.param(
            "errors: {by_status: {4xx: flat}}", "4:22: '4xx' is not an HTTP status", id="status-key"
        ),
        pytest.param(
            "summary: 1.10",
            '4:10: expected text, got the number 1.1; write it in quotes: "1.10"',
            id="number-for-text",
        ),
        pytest.param(
            "summary: true",
            '4:10: expected text, got true; write it in quotes: "true"',
            id="boolean-for-text",
        ),
        pytest.param(
            "streaming: {finish_reason_key: null}",
            '4:32: expected text, got null; write it in quotes: "null"',
            id="null-for-the-word",
        ),
        pytest.param(
            'parameters: {n: {maximum: "2"}}',
            "4:27: expected a number, got the text '2'",
            id="text-for-number",
        ),
        pytest.param(
            "models: {listed: maybe}",
            "4:18: unknown value 'maybe'; use true, false or unknown",
            id="boolean-or-unknown",
        ),
        pytest.param(
            "parameters: {n: {minimum: 3, maximum: 2}}",
            "4:39: maximum 2 is below minimum 3",
            id="limits-crossed",
        ),
        pytest.param(
            "parameters: {n: {minimum: 2, maximum: 2, exclusive_maximum: true}}",
            "4:39: no number is left between 2 and 2",
            id="limits-empty",
        ),
        pytest.param(
            "parameters: {n: {maximum: 2, default: 3}}",
            "4:39: default 3 is above maximum 2",
            id="default-outside",
        ),
        pytest.param(
            'parameters: {user: {pattern: "["}}',
            "4:30: '[' is not a regular expression",
            id="expression",
        ),
        pytest.param(
            "models: {pattern: ^a/, chat: b}",
            "4:30: 'b' does not have the form of the pattern '^a/'",
            id="model-against-pattern",
        ),
        pytest.param(
            "parameters: {n: {source: S1}}\nstatements: {S10: {says: x}}",
            "4:26: no statement or source 'S1' is declared; did you mean 'S10'?",
            id="citation",
        ),
        pytest.param(
            "statements: {S1: {says: x, source: pge}}\nsources: {page: {title: t}}",
            "4:36: no source 'pge' is declared; did you mean 'page'?",
            id="source-of-a-statement",
        ),
        pytest.param(
            "statements: {S1: {confidence: stated}}",
            "4:18: the statement 'S1' has no text; add says",
            id="statement-without-text",
        ),
        pytest.param(
            "statements: {a: {says: x}}\nsources: {a: {title: t}}",
            "4:14: 'a' is a source and a statement; give one another id",
            id="id-used-twice",
        ),
        pytest.param(
            'waivers: [{check: x, since: "2026-05-01"}]',
            "4:11: the key 'because' is missing",
            id="waiver-without-reason",
        ),
        pytest.param(
            "waivers: [{check: x, because: y, since: 2026-05-01}]",
            '4:41: 2026-05-01 is a date to some readers of YAML; put it in quotes: "2026-05-01"',
            id="waiver-with-bare-date",
        ),
        pytest.param(
            "waivers: [{check: x, because: y, since: May}]",
            "4:41: 'May' is not a day such as \"2026-11-20\", in quotes",
            id="waiver-without-date",
        ),
        pytest.param(
            'waivers: [{check: x, because: y, since: "2026-02-30"}]',
            "4:41: there is no day '2026-02-30'",
            id="waiver-on-no-day",
        ),
        pytest.param(
            'waivers: [{check: x, because: y, since: "2026-02-01", until: "2026-01-01"}]',
            "4:62: until is before since",
            id="waiver-ended-before",
        ),
        pytest.param(
            "messages: {roles: [asistant, critic]}",
            "4:20: unknown value 'asistant'; did you mean 'assistant'?",
            id="role",
        ),
        pytest.param(
            "endpoint: {base_url: localhost:8000/v1}",
            "4:22: base URL 'localhost:8000/v1' must begin with http:// or https://; "
            "did you mean http://localhost:8000/v1?",
            id="base-url",
        ),
        pytest.param(
            "endpoint: {paths: {model: models}}",
            "4:27: 'models' must contain {model}",
            id="path-of-one-model",
        ),
        pytest.param(
            "endpoint: {headers: {Authorization: Bearer x}}",
            "4:22: Authorization would put a secret into the profile; "
            "name the key's variable in auth.env",
            id="secret-header",
        ),
        pytest.param(
            "endpoint: {auth: {env: sk-live-0123}}",
            "4:24: this is not the name of an environment variable, such as ACME_API_KEY",
            id="key-instead-of-its-variable",
        ),
        pytest.param(
            "extends: opnai",
            "4:10: extends: no profile named 'opnai'; did you mean 'openai'? "
            "(a file's name ends in .yaml)",
            id="parent-name",
        ),
        pytest.param(
            "extends: parents/acme.yaml",
            "4:10: extends: parents/acme.yaml: cannot be read: No such file or directory",
            id="parent-file",
        ),
        pytest.param(
            "extends: ./acme.yaml",
            "4:10: extends goes in a circle: acme.yaml -> acme.yaml",
            id="its-own-parent",
        ),
    ],
)
def test_each_mistake_is_told_with_place_and_remedy(
    text: str, said: str, complaints: Complaints
) -> None:
    """The sentence is exact: file, line, column, what is wrong, what is nearest."""
    assert [f"acme.yaml:{said}"] == complaints(text)


def test_unquoted_format_is_told_to_use_quotes(complaints: Complaints) -> None:
    """The commonest first mistake."""
    assert [
        'acme.yaml:1:9: expected text, got the number 1; write it in quotes: "1"'
    ] == complaints("", head="format: 1\nname: acme\ntitle: Acme\n")


def test_missing_keys_are_told_at_the_top(complaints: Complaints) -> None:
    """One complaint for a place: the first missing key."""
    assert ["acme.yaml:1:1: the key 'format' is missing"] == complaints("", head="title: Acme\n")


def test_a_list_is_no_profile(complaints: Complaints) -> None:
    """The top of the file is a mapping."""
    assert ["acme.yaml:1:1: expected a mapping, got a list"] == complaints("", head="- a\n")


def test_all_mistakes_come_at_once_in_the_order_of_lines(complaints: Complaints) -> None:
    """Those of YAML, of the schema and of the rules together."""
    said = complaints("parameters:\n  n: {source: S9}\n  temprature: {}\n  seed: {suport: no}\n")

    assert ["5:15", "6:3", "7:10", "7:18"] == [":".join(line.split(":")[1:3]) for line in said]


def test_no_more_than_twenty_are_told(complaints: Complaints) -> None:
    """And how many are left."""
    said = complaints("".join(f"k{n}: 1\n" for n in range(25)))

    assert 21 == len(said)
    assert "… and 5 more" == said[-1]


def test_a_mistake_of_the_parent_is_told_in_the_parent(
    tmp_path: Path, complaints: Complaints
) -> None:
    """File and line are where the mistake stands."""
    (tmp_path / "parent.yaml").write_text(HEAD + "parameters: {n: {maximum: 2}}\nfoo: 1\n")

    assert ["parent.yaml:4:27", "parent.yaml:5:1"] == [
        ":".join(line.split(":")[:3])
        for line in complaints("extends: parent.yaml\nparameters: {n: {minimum: 3}}\n")
    ]


def test_an_unknown_name_suggests_the_nearest_profile() -> None:
    """The same sentence as in a file, without a place."""
    with pytest.raises(ProfileError, match=r"no profile named 'meingtp'; did you mean 'meingpt'\?"):
        load_profile("meingtp")


@pytest.mark.parametrize("name", ["", "nothing.yaml", "a\0b.yaml", "x" * 5000 + ".yaml", "/", "."])
def test_what_is_no_file_is_a_profile_error(name: str) -> None:
    """No operating system error comes through."""
    with pytest.raises(ProfileError):
        load_profile(name)


def test_json_that_is_no_profile_is_a_profile_error() -> None:
    """A damaged recording is told so."""
    with pytest.raises(ProfileError, match="the key 'format' is missing"):
        profile_from_json({"name": "x"})


def never_but_profile_error(path: Path, text: str) -> None:
    """Load a text; any other exception than a ProfileError escapes."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ProfileError):
        load_profile(str(path))


KEYS = [
    "parameters",
    "models",
    "policies",
    "errors",
    "messages",
    "streaming",
    "responses",
    "waivers",
    "endpoint",
    "statements",
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = st.sampled_from(
    [
        "support",
        "full",
        "n",
        "temperature",
        "source",
        "requires",
        "values",
        "causes",
        "documented",
        "400",
        "shape",
        "outcome",
        "reject",
        "variants",
        "roles",
        "fixed",
        "default",
        "since",
        "paths",
        "auth",
        "null",
        "unknown",
    ]
)
TREES = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_any_text_is_a_profile_or_a_profile_error(tmp_path: Path, text: str) -> None:
    """Nothing else comes out of a file of garbage."""
    never_but_profile_error(tmp_path / "garbage.yaml", text)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.dictionaries(st.sampled_from(KEYS), TREES, max_size=4))
def test_any_tree_is_a_profile_or_a_profile_error(tmp_path: Path, tree: dict[str, object]) -> None:
    """Also where the words are right and stand in the wrong places."""
    text = json.dumps({"format": "1", "name": "x", "title": "X", "extends": "openai", **tree})
    never_but_profile_error(tmp_path / "tree.yaml", text)


@settings(deadline=None)
@given(name=st.text())
def test_any_name_is_a_profile_or_a_profile_error(name: str) -> None:
    """Names are taken from people."""
    with suppress(ProfileError):
        load_profile(name)
