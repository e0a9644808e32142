"""results.json: the document, its schema, its bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.finding import Finding, Level
from conformance.report.results import (
    capabilities_of,
    cost_of,
    dumps,
    origin_of,
    plan_of,
    results,
)
from conformance.spec.data import data_dir

from .built import (
    CLAUSES,
    COST,
    HOSTILE,
    PROFILE,
    SUITE,
    TARGET,
    a_handful,
    a_hostile_handful,
    a_hostile_table,
    a_request,
    a_table,
    an_exchange,
)

PLAN: dict[str, Any] = {
    "checks": ["chat.response.id"],
    "deselected": ["stream.done"],
    "left_out": [["auth.no-key", "budget: --max-requests 3"]],
    "steps": [
        {"id": "chat.basic", "probe": "chat.basic", "max_output_tokens": 16, "prompt_tokens": 30},
        {"id": "chat.basic#2", "probe": "chat.basic", "max_output_tokens": 16, "prompt_tokens": 30},
    ],
}


def document(findings: list[Finding], **parts: Any) -> dict[str, Any]:
    """The results of a run with those findings."""
    given: dict[str, Any] = {
        "plan": PLAN,
        "target": TARGET,
        "profile": PROFILE,
        "suite": SUITE,
        "cost": COST,
        "exit_code": 1,
        "rules": CLAUSES,
    }
    return results(findings, [an_exchange()], **(given | parts))


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The published schema."""
    path = data_dir("schemas") / "results.schema.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def test_results_follow_the_published_schema(schema: Draft202012Validator) -> None:
    """Every outcome can be written."""
    made = json.loads(dumps(document(a_handful())))

    assert [] == [error.message for error in schema.iter_errors(made)]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_strings_follow_the_schema_too(text: str, schema: Draft202012Validator) -> None:
    """Control characters and lone surrogates are escaped, megabytes are cut."""
    written = dumps(
        document(a_hostile_handful(text), target={"base_url": "http://h/" + text, "model": text})
    )

    assert [] == [error.message for error in schema.iter_errors(json.loads(written))]
    assert all(character.isprintable() or character == "\n" for character in written)
    assert written.encode("utf-8")


def test_lists_that_are_cut_say_so(schema: Draft202012Validator) -> None:
    """Of very many exchanges the first are listed, and how many more there are is told."""
    many = replace(a_handful()[0], more_judged=7, more_unjudged=8)
    made = json.loads(dumps(document([many])))
    (result,) = made["results"]

    assert (7, 8) == (result["more_exchanges"], result["more_unjudged"])
    assert [] == [error.message for error in schema.iter_errors(made)]


def test_capabilities_follow_the_schema(schema: Draft202012Validator) -> None:
    """Every word of the table can be written, by the parameter's name."""
    made = json.loads(dumps(document([], capabilities=capabilities_of(a_table()))))

    assert [] == [error.message for error in schema.iter_errors(made)]
    assert {
        "area": "param",
        "claimed": "unknown",
        "observed": "ignored",
        "how": "1 choice",
        "detail": "",
        "exchanges": ["param.n.value:two"],
        "against": [],
    } == made["capabilities"]["n"]
    assert sorted(made["capabilities"]) == list(made["capabilities"])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_capabilities_follow_the_schema(text: str, schema: Draft202012Validator) -> None:
    """They are escaped and cut like everything from an endpoint."""
    written = dumps(document([], capabilities=capabilities_of(a_hostile_table(text))))

    assert [] == [error.message for error in schema.iter_errors(json.loads(written))]
    assert all(character.isprintable() or character == "\n" for character in written)


def test_an_empty_run_follows_the_schema(schema: Draft202012Validator) -> None:
    """Judging an empty file still gives a document."""
    made = document([], plan={}, target={}, suite={}, cost={}, exit_code=0)

    assert [] == [error.message for error in schema.iter_errors(made)]


def test_equal_inputs_give_equal_bytes() -> None:
    """The order in which findings come does not matter."""
    assert dumps(document(a_handful())) == dumps(document(a_handful()[::-1]))
    assert dumps(document(a_handful())).endswith("}\n")


def test_results_are_sorted_by_id_and_say_what_a_finding_says() -> None:
    """A failing check carries its problems, who breaks, and a line that repeats its request."""
    made = document(a_handful())
    by_id = {entry["id"]: entry for entry in made["results"]}

    assert sorted(by_id) == [entry["id"] for entry in made["results"]]
    failed = by_id["chat.response.choice-index"]
    assert {
        "at": "/choices/0/index",
        "expected": "a string",
        "actual": "7",
        "exchange": "chat.basic",
        "level": "must",
        "evidence": '{"index":0}',
    } == failed["problems"][0]
    assert ["openai-python: is None"] == failed["breaks"]
    assert failed["curl"].startswith("curl ")
    assert "http://127.0.0.1:8000/v1/chat/completions" in failed["curl"]
    assert "curl" not in by_id["chat.response.id"]
    assert ["chat.basic"] == by_id["chat.response.id"]["exchanges"]
    assert Level.SHOULD == by_id["chunk.role-first"]["problems"][0]["level"]
    assert "an alias" == by_id["chat.response.model"]["problems"][0]["waived"]
    assert [
        {"exchange": "chat.stream.basic", "reason": "status 500, not 200", "hindrance": "endpoint"}
    ] == by_id["stream.done"]["unjudged"]


def test_the_summary_counts_and_gives_the_verdict() -> None:
    """A reader need not go through the results."""
    summary = document(a_handful())["summary"]

    assert (1, 3, 1) == (summary["fail"], summary["inconclusive"], summary["exit"])
    assert summary["verdict"].startswith("Does not conform: ")


def test_the_plan_of_a_header_is_summed_up() -> None:
    """Steps become probes, requests and tokens; pairs become objects."""
    assert {
        "checks": ["chat.response.id"],
        "probes": ["chat.basic"],
        "deselected": ["stream.done"],
        "left_out": [{"probe": "auth.no-key", "reason": "budget: --max-requests 3"}],
        "requests": 2,
        "max_output_tokens": 32,
        "prompt_tokens": 60,
    } == plan_of(PLAN)
    assert plan_of(PLAN) == plan_of(plan_of(PLAN))


def test_a_run_costs_what_was_sent() -> None:
    """Each attempt is a request; one that found no server is none; time runs from first to last."""
    limited = Attempt(429, started=1.0, seconds=0.25)
    exchanges = [
        an_exchange("a", limited, Attempt(200, started=3.0, seconds=1.00004)),
        an_exchange("b", Attempt(200, started=1.5, seconds=0.5)),
        an_exchange("c", Attempt(None, ended=Ended.REFUSED, started=0.1)),
        Exchange("d", a_request(), not_sent="budget"),
    ]

    assert {
        "requests": 3,
        "retries": 1,
        "input_tokens": 20,
        "output_tokens": 10,
        "seconds": 3.0,
    } == cost_of(exchanges, lambda exchange: (10, 5))


def test_a_negative_usage_costs_nothing() -> None:
    """An endpoint may say what it likes."""
    assert 0 == cost_of([an_exchange()], lambda exchange: (-5, -5))["input_tokens"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host:8443/v1", "https://host:8443"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("", ""),
        (None, ""),
    ],
    ids=["path", "ipv6", "empty", "none"],
)
def test_the_origin_of_a_target(url: str | None, expected: str) -> None:
    """Scheme, host and port, or nothing."""
    assert expected == origin_of({"base_url": url})
