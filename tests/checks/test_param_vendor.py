"""The checks of parameters that only one vendor has, and of requests that were made for another profile."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.checks.parameters.departing import departure_of
from conformance.model.finding import Outcome
from conformance.model.profile import Confidence, Parameter, Policy, Reaction, Support
from conformance.wire.reading import Reading
from tests.builders import (
    NOTE,
    SKIP,
    WARN,
    Case,
    a_completion,
    breaks,
    finding,
    holds,
    idle,
    verify,
)
from tests.checks.test_parameters import IGNORE, claiming, full, refused, sent

ACCEPTED, RANGE, TYPE = (f"param.vendor.{what}" for what in ("accepted", "range", "type"))
VALUE = "param.vendor.value"
LIMITS: dict[str, Any] = {"types": ("integer",), "minimum": 1, "maximum": 100}
TOP_K = full("top_k", **LIMITS)
CLAIMED = claiming(TOP_K)
IGNORING = claiming(TOP_K, out_of_range=IGNORE, wrong_type=IGNORE)
CUTTING = claiming(TOP_K, out_of_range=Policy((Reaction.CLAMP,)))
INSIDE = claiming(full("search"), full("search.depth", types=("string",), values=("low", "high")))
WHOLE: dict[str, Any] = {"json": a_completion()}

CASES = [
    holds(ACCEPTED, "200", sent(VALUE, {"top_k": 100}, **WHOLE), profile=CLAIMED),
    breaks(ACCEPTED, "400", refused(VALUE, {"top_k": 100}), profile=CLAIMED, at="status, for top_k = 100"),
    breaks(
        ACCEPTED, "400 where support is left open", refused(VALUE, {"top_k": 5}),
        profile=claiming(Parameter("top_k", Support.UNKNOWN)), at="status, for top_k = 5", outcome=NOTE,
    ),
    breaks(
        ACCEPTED, "400 where the claim was inferred", refused(VALUE, {"top_k": 5}),
        profile=claiming(full("top_k", confidence=Confidence.INFERRED)), at="status, for top_k = 5", outcome=WARN,
    ),
    idle(
        ACCEPTED, "refused because of another",
        refused(VALUE, {"top_k": 5, "temperature": 0.5}, param="temperature"),
        profile=CLAIMED, outcome=Outcome.INCONCLUSIVE,
    ),
    idle(
        ACCEPTED, "a model that is not there", refused(VALUE, {"top_k": 5}, 404, message="No such model."),
        profile=CLAIMED, outcome=Outcome.INCONCLUSIVE,
    ),
    breaks(
        ACCEPTED, "404 because of it", refused(VALUE, {"top_k": 5}, 404, message="No route for top_k."),
        profile=CLAIMED, at="status, for top_k = 5",
    ),
    holds(RANGE, "refused", refused(RANGE, {"top_k": 101}), profile=CLAIMED),
    breaks(RANGE, "taken", sent(RANGE, {"top_k": 101}, **WHOLE), profile=CLAIMED, at="top_k"),
    breaks(RANGE, "another status", refused(RANGE, {"top_k": 0}, 422), profile=CLAIMED, at="top_k"),
    holds(RANGE, "ignored", sent(RANGE, {"top_k": 101}, **WHOLE), profile=IGNORING),
    breaks(RANGE, "refused, not ignored", refused(RANGE, {"top_k": 101}), profile=IGNORING, at="top_k"),
    holds(RANGE, "cut", sent(RANGE, {"top_k": 101}, **WHOLE), profile=CUTTING),
    holds(RANGE, "a member refused", refused(RANGE, {"search": {"depth": "far"}}), profile=INSIDE),
    breaks(
        RANGE, "a member taken", sent(RANGE, {"search": {"depth": "far"}}, **WHOLE),
        profile=INSIDE, at="search.depth",
    ),
    holds(TYPE, "refused", refused(TYPE, {"top_k": "5"}), profile=CLAIMED),
    breaks(TYPE, "taken", sent(TYPE, {"top_k": "5"}, **WHOLE), profile=CLAIMED, at="top_k"),
    holds(TYPE, "ignored", sent(TYPE, {"top_k": "5"}, **WHOLE), profile=IGNORING),
    breaks(TYPE, "refused, not ignored", refused(TYPE, {"top_k": "5"}), profile=IGNORING, at="top_k"),
    holds(
        "errors.parameter-named", "named", refused(RANGE, {"top_k": 101}, param="top_k"),
        profile=claiming(TOP_K, out_of_range=Policy((Reaction.REJECT,), names_parameter=True)),
    ),
    breaks(
        "errors.parameter-named", "another named", refused(RANGE, {"top_k": 101}, param="top_p"),
        profile=claiming(TOP_K, out_of_range=Policy((Reaction.REJECT,), names_parameter=True)), at="/error/param",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_vendors_own(case: Case) -> None:
    """A vendor's own parameter is taken, and dealt with outside its claim as the profile says."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "claim", "reason"),
    [
        (ACCEPTED, "temperature", "no parameters of the vendor's own"),
        (RANGE, "temperature", "no parameters of the vendor's own"),
        (TYPE, "temperature", "no parameters of the vendor's own"),
        (RANGE, "top_k", "has no range"),
        (TYPE, "top_k", "has no types"),
    ],
)
def test_a_profile_that_says_nothing_of_them(check: str, claim: str, reason: str) -> None:
    """The reason says whether the profile has none, or claims nothing that could be departed from."""
    made = finding(check, sent(VALUE, {"top_k": 5}), profile=claiming(full(claim)))

    assert SKIP == made.outcome
    assert reason in made.reason


def test_what_is_not_supported_is_not_expected() -> None:
    """A parameter that the profile names to say that it is not supported leaves nothing to accept."""
    none = claiming(Parameter("top_k", Support.NONE))

    assert SKIP == finding(ACCEPTED, sent(VALUE, {"top_k": 5}), profile=none).outcome


# Requests that were made for another profile


def test_what_a_request_is_about_is_told_from_its_body() -> None:
    """Of several departures none is meant; the limit that every request has is, where it is the only one."""
    least = claiming(full("max_tokens", types=("integer",), minimum=16), TOP_K)
    open_ = claiming(least.parameters["max_tokens"], Parameter("top_k", Support.UNKNOWN))

    def meant(fields: dict[str, Any], profile: Any = least) -> str | None:
        departure = departure_of(Reading(sent(RANGE, fields)), profile)
        return departure.parameter if departure else None

    assert "top_k" == meant({"top_k": 101, "max_tokens": 8})
    assert "max_tokens" == meant({"top_k": 100, "max_tokens": 8})
    assert None is meant({"top_k": 100, "max_tokens": 8}, open_)
    assert None is meant({"top_k": 101, "n": "x"}, claiming(TOP_K, full("n", types=("integer",))))
    assert None is meant({"top_k": 100, "max_tokens": 16})


@pytest.mark.parametrize(
    ("check", "fields"),
    [
        pytest.param(RANGE, {"top_k": 50}, id="another parameter departs"),
        pytest.param(TYPE, {"top_k": 101, "max_tokens": 16}, id="it departs in another way"),
        pytest.param("message.role.unsupported", {"top_k": 50}, id="the messages do not"),
    ],
)
def test_what_departs_otherwise_is_not_put_down_to_it(check: str, fields: dict[str, Any]) -> None:
    """A recording judged by another profile says nothing of what that profile allows."""
    least = full("max_tokens", types=("integer",), minimum=16)
    exchange = sent(check, {"max_tokens": 8, **fields}, **WHOLE)
    made = finding(check, exchange, profile=claiming(TOP_K, least))

    assert SKIP == made.outcome
