"""The checks of messages: what is claimed is taken, what is ruled out is dealt with, what is open is a note at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.checks.messages import weight
from conformance.model.exchange import Exchange
from conformance.model.finding import Level, Outcome
from conformance.model.profile import (
    Confidence,
    Messages,
    Parameter,
    Policy,
    Profile,
    Reaction,
    Statement,
    Support,
)
from conformance.wire.reading import Reading
from tests.builders import (
    FAIL,
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    Value,
    a_choice,
    a_completion,
    a_message,
    a_profile,
    a_request,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    findings,
    holds,
    idle,
    verify,
)

REJECT = Policy((Reaction.REJECT,), code="invalid_value", names_parameter=True)
IGNORE = Policy((Reaction.IGNORE,))
USER: Value = {"role": "user", "content": "Say OK."}
IMAGE: Value = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
TEXT: Value = {"type": "text", "text": "Say OK."}
SYSTEM: Value = {"role": "system", "content": "Answer briefly."}
HI: Value = {"role": "assistant", "content": "Hi."}


def claiming(*claims: Parameter, source: tuple[str, ...] = (), **lists: Any) -> Profile:
    """A profile that claims these roles, forms and parts, and refuses others."""
    known = {
        "roles": ("system", "user", "assistant", "tool"),
        "content": ("string", "parts", "null"),
    }
    usual = [Parameter(name, Support.FULL) for name in ("model", "messages", "tools", "max_tokens")]
    return a_profile(
        parameters={claim.name: claim for claim in (*usual, *claims)},
        messages=Messages(
            **{**known, "parts": ("text", "image_url", "refusal"), **lists},
            other_roles=REJECT,
            source=source,
        ),
        wrong_type=REJECT,
        out_of_range=REJECT,
    )


def sent(probe: str, *messages: Value, **how: Any) -> Exchange:
    """What came of a conversation, sent for a family."""
    body = {"model": "tiny", "messages": [*messages], "max_tokens": 8}
    return an_exchange(probe, id=f"{probe}:case", request=a_request(body), **how)


def refused(probe: str, *messages: Value, status: int = 400, **error: Value) -> Exchange:
    """A refusal of such a conversation."""
    return sent(probe, *messages, status=status, json=an_error(**error))


def called(**more: Value) -> Value:
    """A turn that called a tool."""
    function = {"name": "get_weather", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    return {"role": "assistant", **more, "tool_calls": [call]}


RESULT: Value = {"role": "tool", "content": "21", "tool_call_id": "call_1"}
ORDINARY: dict[str, tuple[Value, ...]] = {
    "message.role.accepted": (SYSTEM, USER),
    "message.content.accepted": ({"role": "user", "content": [TEXT]},),
    "message.name.accepted": ({**USER, "name": "Ada"},),
    "message.calls.accepted": (USER, called(content=None), RESULT),
    "message.history.accepted": (USER, HI, USER),
}
SILENT = a_profile(
    parameters={n: Parameter(n, Support.FULL) for n in ("model", "messages", "max_tokens")}
)
NAMED = claiming(Parameter("messages[].name", Support.FULL, types=("string",)))
STATUS = "status, for case"

CASES: list[Case] = []
for check, conversation in ORDINARY.items():
    CASES += [
        holds(check, "200", sent(check, *conversation), profile=NAMED),
        breaks(check, "400", refused(check, *conversation), profile=NAMED, at=STATUS),
    ]
PART = "message.part.accepted"
SHOWN: Value = {"role": "user", "content": [IMAGE, TEXT]}
DENIED: tuple[Value, ...] = (
    USER,
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    USER,
)
CASES += [
    breaks(
        "message.role.accepted",
        "400 where the profile leaves it open",
        refused("message.role.accepted", SYSTEM, USER),
        profile=SILENT,
        at=STATUS,
        outcome=NOTE,
    ),
    idle(
        "message.role.accepted",
        "a role that the profile does not list",
        refused("message.role.accepted", {**SYSTEM, "role": "developer"}, USER),
        profile=claiming(),
    ),
    idle(
        "message.role.accepted",
        "500, which another check is about",
        refused("message.role.accepted", SYSTEM, USER, status=500),
        profile=claiming(),
        outcome=INCONCLUSIVE,
        also=("http.no-server-error",),
    ),
    breaks(
        "message.content.accepted",
        "an empty text",
        refused("message.content.accepted", {**USER, "content": ""}),
        profile=claiming(),
        at=STATUS,
        outcome=NOTE,
    ),
    holds(PART, "an image", sent(PART, SHOWN), profile=claiming()),
    breaks(PART, "an image", refused(PART, SHOWN), profile=claiming(), at=STATUS, outcome=WARN),
    breaks(
        PART,
        "an image that the model cannot see",
        refused(PART, SHOWN, message="This model takes no images."),
        profile=claiming(),
        at=STATUS,
        outcome=NOTE,
    ),
    breaks(PART, "a refusal", refused(PART, *DENIED), profile=claiming(), at=STATUS),
    breaks(
        "message.calls.accepted",
        "absent content, which is not spoken of",
        refused("message.calls.accepted", USER, called(), RESULT),
        profile=claiming(content=("string",)),
        at=STATUS,
        outcome=NOTE,
    ),
    idle(
        "message.history.accepted",
        "more than the model's context",
        refused("message.history.accepted", USER, HI, USER, code="context_length_exceeded"),
        profile=claiming(),
        outcome=INCONCLUSIVE,
    ),
    holds(
        "message.order.accepted",
        "200",
        sent("message.order.accepted", SYSTEM, SYSTEM, USER),
        profile=SILENT,
    ),
    breaks(
        "message.order.accepted",
        "400",
        refused("message.order.accepted", USER, USER),
        profile=SILENT,
        at=STATUS,
        outcome=NOTE,
    ),
]

OTHER = "message.role.unsupported"
TYPE = "message.content.type"
RANGE = "message.part.range"
MEMBER = "message.member.type"
BOGUS: Value = {"role": "bogus", "content": "Answer briefly."}
MADE_UP: Value = {"role": "user", "content": [{"type": "bogus", "bogus": "x"}, TEXT]}
SEVEN: Value = {"role": "user", "content": 7}
NUMBERED: Value = {**USER, "name": 5}
BY_NAME: dict[str, Value] = {"code": "invalid_value", "param": "messages[0]"}
CASES += [
    case
    for check, message, at in (
        (OTHER, BOGUS, "messages[0].role"),
        (TYPE, SEVEN, "messages[0].content"),
        (RANGE, MADE_UP, "messages[0].content[0].type"),
        (MEMBER, NUMBERED, "messages[0].name"),
    )
    for case in (
        holds(check, "400", refused(check, message, USER, **BY_NAME), profile=NAMED),
        breaks(check, "200", sent(check, message, USER), profile=NAMED, at=at),
        breaks(
            check,
            "another status than stated",
            refused(check, message, USER, status=422, **BY_NAME),
            profile=NAMED,
            at=at,
        ),
        idle(
            check,
            "500, which another check is about",
            refused(check, message, USER, status=500),
            profile=NAMED,
            outcome=INCONCLUSIVE,
            also=("errors.no-server-error",),
        ),
    )
]
PAIRS = "message.calls.combination"
REFUSED, TAKEN = Policy((Reaction.REJECT,), statuses=(400,)), Policy((Reaction.IGNORE,))
CASES += [
    holds(PAIRS, "400", refused(PAIRS, USER, called(content=None))),
    breaks(PAIRS, "200", sent(PAIRS, USER, called(content=None)), at=STATUS, outcome=NOTE),
    holds(
        PAIRS,
        "400 as stated",
        refused(PAIRS, USER, called(content=None)),
        profile=claiming(unmatched_calls=REFUSED),
    ),
    breaks(
        PAIRS,
        "200 where refusal is stated",
        sent(PAIRS, USER, called(content=None)),
        at=STATUS,
        profile=claiming(unmatched_calls=REFUSED),
    ),
    breaks(
        PAIRS,
        "422 where 400 is stated",
        refused(PAIRS, USER, called(content=None), status=422),
        at=STATUS,
        profile=claiming(unmatched_calls=REFUSED),
    ),
    holds(
        PAIRS,
        "200 where nothing is refused",
        sent(PAIRS, USER, called(content=None)),
        profile=claiming(unmatched_calls=TAKEN),
    ),
    breaks(
        PAIRS,
        "400 where nothing is refused",
        refused(PAIRS, USER, called(content=None)),
        at=STATUS,
        profile=claiming(unmatched_calls=TAKEN),
    ),
    idle(
        PAIRS,
        "500",
        refused(PAIRS, USER, called(content=None), status=500),
        outcome=INCONCLUSIVE,
        also=("errors.no-server-error",),
    ),
]


CONTENT, WHOLE = "message.content.accepted", "message.content.whole"
SPLIT: Value = {
    "role": "user",
    "content": [
        {"type": "text", "text": "Repeat exactly: alpha beta"},
        {"type": "text", "text": " gamma delta"},
    ],
}


def repeating(text: str, finish: str = "stop") -> Exchange:
    """What was said to the request whose words stand in two parts."""
    usage = a_usage(9, 8)
    choices = [a_choice(a_message(text), finish=finish)]
    return sent(CONTENT, SPLIT, json=a_completion(choices=choices, usage=usage))


CASES += [
    holds(WHOLE, "all of it", repeating("Alpha beta gamma delta.")),
    holds(WHOLE, "words of both", repeating("beta gamma")),
    breaks(WHOLE, "the first part", repeating("alpha beta"), at="/choices/0/message/content", outcome=WARN, actual="nothing of the last part: 'alpha beta'"),
    breaks(WHOLE, "the last part", repeating("gamma delta"), at="/choices/0/message/content", outcome=WARN),
    idle(WHOLE, "something else", repeating("OK."), outcome=INCONCLUSIVE),
    idle(WHOLE, "cut by the limit", repeating("alpha beta", "length"), outcome=INCONCLUSIVE),
    idle(WHOLE, "text alone is claimed", repeating("alpha beta"), profile=a_profile(messages=Messages(content=("string",)))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_verdicts(case: Case) -> None:
    """Each check sees what it should, and no other speaks of it."""
    verify(case)


@pytest.mark.parametrize("check", [OTHER, TYPE, RANGE, MEMBER, PAIRS])
def test_nothing_is_claimed_where_the_profile_is_silent(check: str) -> None:
    """What the base profile leaves open is neither failed nor warned of, taken or not."""
    for exchange in (sent(check, BOGUS, USER), refused(check, BOGUS, USER)):
        found = findings(exchange, profile=SILENT)[check]
        assert found.outcome not in (FAIL, WARN)


@pytest.mark.parametrize(
    ("check", "error", "outcome"),
    [
        ("errors.parameter-code", {"code": None}, Outcome.FAIL),
        ("errors.parameter-code", BY_NAME, Outcome.PASS),
        ("errors.parameter-named", {"param": None}, Outcome.FAIL),
        ("errors.parameter-named", BY_NAME, Outcome.PASS),
    ],
    ids=["no code", "code", "not named", "named"],
)
def test_a_refused_role_is_explained(check: str, error: dict[str, Value], outcome: Outcome) -> None:
    """Codes and names that are stated for roles are looked for, as for parameters."""
    exchange = refused(OTHER, BOGUS, USER, **error)

    assert outcome == findings(exchange, profile=claiming())[check].outcome


def test_an_inferred_claim_weighs_less() -> None:
    """What was read between the lines of a page is a warning."""
    inferred = {"S1": Statement("Roles are listed.", confidence=Confidence.INFERRED)}
    profile = claiming(source=("S1",))
    x = Reading(sent("message.role.accepted", SYSTEM, USER))

    assert weight(x, profile) is None

    assert Level.SHOULD == weight(x, replace(profile, statements=inferred))
