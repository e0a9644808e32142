"""The check of the model that an answer names."""

from __future__ import annotations

import pytest

from conformance.checks.served import alike
from conformance.model.exchange import Exchange
from tests.builders import (
    INCONCLUSIVE,
    NOTE,
    Case,
    Value,
    a_completion,
    an_exchange,
    breaks,
    holds,
    idle,
    verify,
)

CHECK = "chat.response.model-asked"


def named(name: Value) -> Exchange:
    """An answer that names this model, to a request for gpt-4o."""
    asks = {"model": "gpt-4o"}
    return an_exchange("chat.basic", asks=asks, json=a_completion(model=name))


CASES = [
    holds(CHECK, "the same", named("gpt-4o")),
    holds(CHECK, "a dated one", named("gpt-4o-2024-08-06")),
    breaks(CHECK, "a smaller one", named("gpt-4o-mini"), at="/model", outcome=NOTE, actual="'gpt-4o-mini'"),
    breaks(CHECK, "another", named("llama-3-70b"), at="/model", outcome=NOTE),
    idle(CHECK, "no text", named(7), outcome=INCONCLUSIVE, also=("chat.response.model",)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_served(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b"),
        ("deepseek-chat:free", "deepseek/deepseek-chat"),
    ],
    ids=["provider and date", "latest", "capitals", "a price"],
)
def test_names_of_one_model(asked: str, answered: str) -> None:
    """Routers add and leave out providers, dates and what they charge."""
    assert alike(asked, answered)
    assert alike(answered, asked)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("gpt-4o", "gpt-4o-mini"), ("gpt-4o-mini", "gpt-3.5-turbo-0125"), ("claude-3-opus", "claude-3-haiku")],
    ids=["smaller", "older", "of the same family"],
)  # fmt: skip
def test_names_of_two_models(asked: str, answered: str) -> None:
    """What is in the place of a word is another model."""
    assert not alike(asked, answered)
