"""The models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.profile import Models, Profile
from conformance.refserver.models import known_models

from .asking import PLAIN, ask, error, read, request


def told(**models: object) -> Profile:
    """A profile with these models."""
    return replace(PLAIN, models=Models(**models))  # type: ignore[arg-type]


def test_models_are_listed() -> None:
    """Each with id, object, time and owner."""
    listing = read(ask(request("GET", "/v1/models")))

    assert "list" == listing["object"]
    assert all({"id", "object", "created", "owned_by"} == set(one) for one in listing["data"])
    assert len(listing["data"]) > 1


@pytest.mark.parametrize(
    ("profile", "model", "first"),
    [
        (PLAIN, None, "reference-1"),
        (told(chat="vendor/big"), None, "vendor/big"),
        (told(chat="vendor/big"), "mine", "mine"),
        (told(pattern="^gw/[a-z]+/v\\d$"), None, "gw/a/v0"),
    ],
)
def test_the_first_model_is_the_one_a_run_names(
    profile: Profile, model: str | None, first: str
) -> None:
    """The configured one, else the profile's, else one of the stated form."""
    assert first == known_models(profile, model)[0]


def test_all_models_have_the_stated_form() -> None:
    """A pattern holds for every model that is invented."""
    profile = told(pattern="^gw/[a-z]+/v\\d$")

    assert all(profile.model_id_ok(name) for name in known_models(profile, None))


def test_a_listed_model_is_retrieved_as_listed() -> None:
    """Ids with slashes too, escaped or not."""
    listed = read(ask(request("GET", "/v1/models")))["data"]
    entry = next(one for one in listed if "/" in one["id"])
    escaped = entry["id"].replace("/", "%2F")

    for name in (entry["id"], escaped):
        assert entry == read(ask(request("GET", f"/v1/models/{name}")))


def test_an_unknown_model_is_not_found() -> None:
    """As OpenAI has it: 404, with code and param."""
    reply = ask(request("GET", "/v1/models/no-such-model"))

    assert (404, "model_not_found", "model") == (
        reply.status,
        error(reply)["code"],
        error(reply)["param"],
    )


def test_the_chat_model_may_be_unlisted() -> None:
    """A profile may say that it does not appear."""
    reply = ask(request("GET", "/v1/models"), told(chat="hidden", listed=False))

    assert "hidden" not in [one["id"] for one in read(reply)["data"]]
