"""What is drawn does not depend on the modules that are loaded."""

from __future__ import annotations

import pytest
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from conformance.generate.constants import own_constants

from .searching import Hunt


def _of_some_module() -> Constants:
    return Constants(strings={f"somebody{n}" for n in range(500)}, integers={77, 78})


def test_constants_of_other_modules_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis by itself would mix them into the requests."""
    searches = ("generated.valid:user", "generated.valid:seed")
    before = Hunt(examples=40)(*searches, seed=5)
    monkeypatch.setattr(providers, "_get_local_constants", _of_some_module)
    providers.CONSTANTS_CACHE.cache.clear()
    after = Hunt(examples=40)(*searches, seed=5)

    assert {x.request for x in before.sent} == {x.request for x in after.sent}


def test_hypothesis_is_given_back_as_it_was() -> None:
    """What else runs in the process draws as it always did."""
    before = providers._get_local_constants
    with own_constants():
        assert not providers._get_local_constants().strings

    assert providers._get_local_constants is before
