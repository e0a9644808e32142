"""The profiles we ship: they load, every statement is used, and the seed's statements are all there."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from conformance.model.profile import (
    Cause,
    Confidence,
    Reaction,
    Sends,
    Shape,
    Support,
    UsagePlace,
)
from conformance.model.request import Operation
from conformance.profiles.grammar import parameter_names
from conformance.profiles.load import load_profile, profile_names, uncited
from conformance.spec.data import data_dir

ROOT = Path(__file__).parents[2]
SEED = ROOT / ".." / "shared" / "reference" / "seed-vendors.md"

SEEDS = {
    "steinkauz": ("S", 24),
    "range-checking-gateway": ("R", 27),
    "meingpt": ("M", 21),
    "setapp": ("A", 25),
    "web-search-gateway": ("W", 23),
}
TOP_LEVEL = [name for name in parameter_names() if not re.search(r"[.\[]", name)]


def test_the_shipped_names() -> None:
    """What `--profile` offers."""
    assert tuple(sorted(["base", "openai", *SEEDS])) == profile_names()


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_is_named_like_its_file(name: str) -> None:
    """And says in a sentence what it is."""
    profile = load_profile(name)

    assert name == profile.name
    assert profile.summary


@pytest.mark.parametrize("name", profile_names())
def test_every_statement_is_cited_or_untestable(name: str) -> None:
    """A statement nobody uses is a claim forgotten."""
    assert () == uncited(load_profile(name))


@pytest.mark.parametrize("name", profile_names())
def test_every_openai_parameter_has_a_claim(name: str) -> None:
    """Unknown is a claim too."""
    assert [] == [p for p in TOP_LEVEL if p not in load_profile(name).parameters]


def test_openai_has_thirty_seven_parameters() -> None:
    """As many as the published document."""
    assert 37 == len(TOP_LEVEL)


@pytest.mark.parametrize("name", profile_names())
def test_editors_find_the_schema(name: str) -> None:
    """The first line names it."""
    first = (data_dir("profiles") / f"{name}.yaml").read_text().splitlines()[0]

    assert "# yaml-language-server: $schema=../schemas/profile.schema.json" == first


@pytest.mark.parametrize(("name", "letter", "count"), [(n, *rest) for n, rest in SEEDS.items()])
def test_statements_of_the_pages_are_declared(name: str, letter: str, count: int) -> None:
    """All of them, each with the page it is from."""
    profile = load_profile(name)
    numbered = [s for s in profile.statements if re.fullmatch(rf"{letter}\d+", s)]

    assert [f"{letter}{n}" for n in range(1, count + 1)] == numbered
    assert [] == [s for s in numbered if profile.statements[s].source is None]


@pytest.mark.skipif(not SEED.exists(), reason="the seed's statements are not beside this checkout")
def test_statements_of_the_seed_are_declared() -> None:
    """Every row of the seed's tables is in the profile of its letter, with the same level."""
    by_letter = {letter: load_profile(name).statements for name, (letter, _) in SEEDS.items()}
    rows = re.findall(
        r"^\| ([SRMAW])(\d+) \|.*\| (stated|inferred|other page)[^|]*\|", SEED.read_text(), re.M
    )
    declared = {
        letter + number: by_letter[letter].get(letter + number) for letter, number, _ in rows
    }

    assert 120 == len(rows)
    assert {letter + number: level.replace(" ", "-") for letter, number, level in rows} == {
        name: statement.confidence.value if statement else None
        for name, statement in declared.items()
    }


def test_base_claims_what_every_client_needs() -> None:
    """And nothing about policies, usage or keys."""
    base = load_profile("base")
    supported = [n for n, p in base.parameters.items() if p.support is not Support.UNKNOWN]

    assert ["model", "messages", "stream"] == supported
    assert [False] * 5 == [
        p.known
        for p in (
            base.unsupported,
            base.unknown_field,
            base.out_of_range,
            base.wrong_type,
            base.combination,
        )
    ]
    assert base.endpoint.auth.required is None
    assert ("message",) == base.errors.members
    assert Sends.UNKNOWN == base.streaming.usage
    assert (400, 422) == base.refusal(Cause.MALFORMED_JSON).statuses
    assert (400, 404, 422) == base.refusal(Cause.MISSING_MODEL).statuses
    assert (401, 403) == base.refusal(Cause.WRONG_KEY).statuses


def test_openai_as_published() -> None:
    """A sample of every section."""
    openai = load_profile("openai")
    temperature = openai.parameter("temperature")

    assert "https://api.openai.com/v1" == openai.endpoint.base_url
    assert "OPENAI_API_KEY" == openai.endpoint.auth.env
    assert (0, 2, 1) == (temperature.minimum, temperature.maximum, temperature.default)
    assert temperature.out_of_range is not None
    assert "decimal_above_max_value" == temperature.out_of_range.code_above
    assert "unknown_parameter" == openai.unknown_field.code
    assert openai.unknown_field.rejects
    assert ("model_not_found",) == openai.refusal(Cause.UNKNOWN_MODEL).codes
    assert ("message", "type", "param", "code") == openai.errors.members
    assert Sends.OPT_IN == openai.streaming.usage
    assert (UsagePlace.OWN_CHUNK,) == openai.streaming.usage_places
    assert "first" == openai.streaming.role
    assert {"logprobs": True} == openai.parameter("top_logprobs").requires
    assert Support.NONE == openai.parameter("max_tokens", "o3-mini").support
    assert Support.FULL == openai.parameter("max_tokens", "gpt-4o").support


def test_steinkauz_has_a_policy_without_a_list() -> None:
    """Optional fields are unknown, and whatever is unsupported is refused."""
    steinkauz = load_profile("steinkauz")

    assert Support.UNKNOWN == steinkauz.parameter("top_p").support
    assert steinkauz.unsupported.rejects
    assert ("invalid_request_error",) == steinkauz.unsupported.code_or_type
    assert (400,) == steinkauz.refusal(Cause.UNKNOWN_MODEL).statuses
    assert ("model_not_found",) == steinkauz.refusal(Cause.UNKNOWN_MODEL).codes
    assert ("insufficient_quota",) == steinkauz.errors.documented_codes[402]
    assert () == steinkauz.endpoint.paths[Operation.MODEL]
    assert steinkauz.model_id_ok("steinkauz-gateway/openai/gpt-5.5")
    assert not steinkauz.model_id_ok("gpt-5.5")


def test_meingpt_ignores_and_has_one_exception() -> None:
    """Errors are flat where the page says so, and unknown elsewhere."""
    meingpt = load_profile("meingpt")
    tools = meingpt.parameter("tools").unsupported

    assert (Reaction.IGNORE,) == meingpt.unsupported.reactions
    assert tools is not None
    assert tools.rejects
    assert Support.NONE == meingpt.parameter("max_tokens").support
    assert (Shape.STATUS_MESSAGE,) == meingpt.shapes(401)
    assert (Shape.UNKNOWN,) == meingpt.shapes(404)
    assert {"status": "error"} == meingpt.errors.fixed
    assert Confidence.OTHER_PAGE == meingpt.parameter("temperature").confidence


def test_setapp_allows_several_outcomes() -> None:
    """By provider; but tools are ignored."""
    setapp = load_profile("setapp")

    assert (Reaction.IGNORE, Reaction.STRIP, Reaction.REJECT) == setapp.unsupported.reactions
    assert () == setapp.unsupported.statuses
    assert setapp.parameter("tools").unsupported is not None
    assert Confidence.INFERRED == setapp.parameter("n").confidence
    assert setapp.streaming.accept


def test_range_checking_gateway_has_two_prefixes_and_two_lists() -> None:
    """Hard limits apart from usual ones, and usage without being asked."""
    gateway = load_profile("range-checking-gateway")
    hard, usual = gateway.parameter("temperature"), gateway.parameter("frequency_penalty")

    assert ("/api/v1/chat/completions",) == gateway.endpoint.paths[Operation.CHAT]
    assert ("/v1/models", "/api/v1/chat/models") == gateway.endpoint.paths[Operation.MODELS]
    assert ("system", "user", "assistant") == gateway.messages.roles
    assert Sends.ALWAYS == gateway.streaming.usage
    assert hard.out_of_range is not None
    assert hard.out_of_range.rejects
    assert usual.out_of_range is not None
    assert not usual.out_of_range.known
    assert (Shape.UNKNOWN,) == gateway.shapes(400)
    assert "504" in map(str, gateway.errors.documented)


def test_web_search_gateway_claims_no_bounds_it_does_not_give() -> None:
    """A default is no range, and no marker of the end is promised."""
    gateway = load_profile("web-search-gateway")

    assert (None, None) == (gateway.parameter("top_p").minimum, gateway.parameter("n").maximum)
    assert Support.PARTIAL == gateway.parameter("seed").support
    assert Sends.UNKNOWN == gateway.streaming.done


def test_loading_is_quick() -> None:
    """Well under a tenth of a second once the schema is compiled; profiles are read for every command."""
    load_profile("openai")
    began = time.perf_counter()
    load_profile("openai")

    assert time.perf_counter() - began < 0.15
