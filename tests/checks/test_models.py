"""The checks of the model list and of single models."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from conformance.model.exchange import Ended, Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import Cause, Models, Profile
from tests.builders import (
    GONE,
    NOTE,
    WARN,
    Case,
    a_completion,
    a_list,
    a_model,
    a_profile,
    a_request,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    idle,
    stating,
    verify,
    with_paths,
)

LIST, ONE, UNKNOWN = "models.list", "models.retrieve", "models.retrieve.unknown"
CLAIMED = a_profile(models=Models(source=("docs",)))


def listed(*models: object, **changes: object) -> Exchange:
    """A model list of these entries."""
    return an_exchange(LIST, json=a_list(*models, **changes))


def alone(**changes: object) -> Exchange:
    """The configured model, retrieved alone."""
    return an_exchange(ONE, json=a_model(**changes))


SLASHED = a_profile(models=Models(pattern="^[^/]+/.+$"))
CASES = [
    holds("models.id-form", "as stated", listed(a_model(id="a/tiny"), a_model(id="b/c/d")), profile=SLASHED),
    breaks("models.id-form", "another", listed(a_model(id="a/tiny"), a_model(id="tiny")), at="/data", outcome=WARN, actual="'tiny'", profile=SLASHED),
    idle("models.id-form", "no form is stated", listed()),
    holds("models.list", "200", listed()),
    holds("models.list", "a limit", an_exchange(LIST, status=429, json=an_error())),
    breaks("models.list", "404, unclaimed", an_exchange(LIST, status=404, json=an_error()), at="status", actual="404", outcome=WARN),
    breaks("models.list", "404, claimed", an_exchange(LIST, status=404, json=an_error()), at="status", profile=CLAIMED),
    breaks("models.list", "500, claimed", an_exchange(LIST, status=500, json=an_error()), at="status", profile=CLAIMED),
    holds("models.list-shape", "a list", listed()),
    holds("models.list-shape", "an empty list", an_exchange(LIST, json=a_list(data=[]))),
    holds("models.list-shape", "more members", listed(has_more=False, first_id="tiny")),
    breaks("models.list-shape", "no object", listed(object=GONE), at="/object", actual="absent"),
    breaks("models.list-shape", "another object", listed(object="models"), at="/object", actual='"models"'),
    breaks("models.list-shape", "no data", listed(data=GONE), at="/data", actual="absent"),
    breaks("models.list-shape", "data of another type", listed(data={}), at="/data", actual="{} (object)"),
    breaks("models.list-shape", "the list elsewhere", an_exchange(LIST, json={"models": [a_model()]}), at=("/object", "/data")),
    breaks("models.list-shape", "an array", an_exchange(LIST, json=[a_model()]), at="/"),
    breaks("models.list-shape", "an error with status 200", an_exchange(LIST, json=an_error()), at=("/object", "/data")),
    breaks("models.list-shape", "a page", an_exchange(LIST, body=b"<html>", content_type="text/html"), at="body", actual="text/html: b'<html>'"),
    breaks("models.list-shape", "nothing at all", an_exchange(LIST, body=b"", content_type=None), at="body", actual="no media type: b''"),
    holds("models.entry", "all members", listed()),
    holds("models.entry", "more members", listed(a_model(root="tiny", permission=[], context_window=8192))),
    holds("models.entry", "a model alone", alone()),
    breaks("models.entry", "no id", listed(a_model(), a_model(id=GONE)), at="/data/*/id", actual="absent"),
    breaks("models.entry", "an id of another type", listed(a_model(), a_model(id=7)), at="/data/*/id", actual="7 (integer)"),
    breaks("models.entry", "another object", listed(a_model(object="llm"), a_model(id="small", object="llm")), at="/data/*/object", actual='"llm" (2 models)'),
    breaks("models.entry", "a fraction of a second", listed(a_model(created=1.5)), at="/data/*/created"),
    breaks("models.entry", "no time and no owner", listed(a_model(created=GONE, owned_by=GONE)), at=("/data/*/created", "/data/*/owned_by"), outcome=WARN),
    breaks("models.entry", "a text for a model", listed(a_model(), "small"), at="/data/*/", actual='"small" (string)'),
    breaks("models.entry", "a model alone without an object", alone(object=GONE), at="/object"),
    breaks("models.entry", "a model alone without an id", alone(id=GONE), at="/id"),
    holds("models.ids-unique", "different ids", listed()),
    breaks("models.ids-unique", "one of them three times", listed(a_model(), a_model(), a_model(id="a"), a_model()), at="/data", actual="'tiny' 3 times", outcome=WARN),
    holds("models.configured-listed", "listed", an_exchange(), listed()),
    holds("models.configured-listed", "in the second list", an_exchange(), listed(a_model(id="a")), replace(listed(), id="models.list#2")),
    breaks("models.configured-listed", "not listed", an_exchange(), listed(a_model(id="b"), a_model(id="a")), at="/data", actual="2 other ids: a, b", outcome=WARN),
    holds("models.retrieve", "the model", alone()),
    holds("models.retrieve", "other people's traffic", alone(), an_exchange(None, status=404, json=an_error(), request=replace(a_request(method="GET", path="/v1/models/x"), operation=alone().request.operation))),
    holds("models.retrieve", "a limit", an_exchange(ONE, status=429, json=an_error())),
    breaks("models.retrieve", "404", an_exchange(ONE, status=404, json=an_error()), at="status", actual="404", outcome=WARN),
    breaks("models.retrieve", "500", an_exchange(ONE, status=500, json=an_error()), at="status", outcome=WARN),
    breaks("models.retrieve", "another model", alone(id="small"), at="/id", actual="'small'", outcome=WARN),
    breaks("models.retrieve", "an error with status 200", an_exchange(ONE, json=an_error()), at="/id", outcome=WARN),
    breaks("models.retrieve", "an array", an_exchange(ONE, json=[a_model()]), at="/id", outcome=WARN),
    holds("models.retrieve-equals-list", "as listed", listed(), alone()),
    holds("models.retrieve-equals-list", "not listed", listed(a_model(id="a")), alone()),
    holds("models.retrieve-equals-list", "more members alone", listed(a_model(created=GONE)), alone(), outcome=Outcome.PASS, also=("models.entry",)),
    breaks("models.retrieve-equals-list", "another time", listed(), alone(created=1), at="/created", actual="1", outcome=WARN),
    breaks("models.retrieve-equals-list", "another owner", listed(), alone(owned_by="me"), at="/owned_by", outcome=NOTE),
    holds("models.retrieve-unknown", "404", an_exchange(UNKNOWN)),
    holds("models.retrieve-unknown", "another refusal", an_exchange(UNKNOWN, status=400)),
    breaks("models.retrieve-unknown", "a model made up", an_exchange(UNKNOWN, status=200, json=a_model(id="conformance-no-such-model")), at="status", actual="200, as if nothing were wrong"),
    breaks("models.retrieve-unknown", "another status than stated", an_exchange(UNKNOWN, status=400), at="status", profile=stating(Cause.MODEL_NOT_LISTED, statuses=(404,))),
    breaks("models.retrieve-unknown", "no such endpoint", an_exchange(UNKNOWN, status=405), at="status", outcome=NOTE, profile=stating(Cause.MODEL_NOT_LISTED, statuses=(404,))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_models(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchanges"),
    [
        ("models.ids-unique", (an_exchange(LIST, json=a_completion()),)),
        ("models.entry", (an_exchange(LIST, status=404, json=an_error()),)),
        ("models.configured-listed", (an_exchange(),)),
        ("models.configured-listed", (an_exchange(), an_exchange(LIST, status=404))),
        ("models.configured-listed", (an_exchange(status=500), listed())),
        ("models.retrieve-equals-list", (listed(), an_exchange(ONE, status=404, json=an_error()))),
        ("models.retrieve-equals-list", (listed(),)),
        ("models.retrieve", (an_exchange(ONE, body=b"{"),)),
        ("models.retrieve", (an_exchange(ONE, body=b"{", ended=Ended.CUT),)),
        ("models.retrieve-unknown", (an_exchange(UNKNOWN, status=500),)),
    ],
    ids=["no data", "refused", "no list", "list refused", "chat refused", "model refused",
         "no model", "not JSON", "cut", "500"],
)  # fmt: skip
def test_what_cannot_be_judged_does_not_pass(check: str, exchanges: tuple[Exchange, ...]) -> None:
    """A rule about lists that was not exercised is inconclusive, never a pass."""
    assert Outcome.INCONCLUSIVE is finding(check, *exchanges).outcome


@pytest.mark.parametrize(
    ("check", "profile", "reason"),
    [
        ("models.list", with_paths(models=()), "there is no model list"),
        ("models.configured-listed", with_paths(models=()), "there is no model list"),
        (
            "models.configured-listed",
            a_profile(models=Models(listed=False)),
            "the chat model is not listed",
        ),
        ("models.retrieve", with_paths(model=()), "single models cannot be retrieved"),
        ("models.retrieve-unknown", with_paths(model=()), "single models cannot be retrieved"),
    ],
    ids=["list", "listed without list", "not listed", "single", "unknown"],
)
def test_what_a_profile_has_not_is_not_asked(check: str, profile: Profile, reason: str) -> None:
    """An endpoint without a model list, or without single models, is not judged on them."""
    found = finding(check, an_exchange(), listed(), alone(), profile=profile)

    assert (Outcome.SKIP, f"not claimed: the profile says that {reason}") == (
        found.outcome,
        found.reason,
    )


def test_a_model_name_may_need_quoting() -> None:
    """A model whose name has to be quoted in a path is still the same model."""
    asked = replace(alone().request, path="/v1/models/acme/caf%C3%A9%20large")

    assert (
        ()
        == finding(
            "models.retrieve", replace(alone(id="acme/caf\xe9 large"), request=asked)
        ).problems
    )


def test_a_long_list_takes_no_time() -> None:
    """Thirty thousand models are compared in time proportional to their number."""
    many = [{"id": f"m{i % 15_000}", "object": "model"} for i in range(30_000)]
    begun = time.process_time()
    found = finding("models.ids-unique", an_exchange(LIST, json=a_list(*many)))

    assert Outcome.WARN is found.outcome
    assert 50 == len(found.problems)
    assert time.process_time() - begun < 2
