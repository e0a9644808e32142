"""How the messages of a request stand to a profile."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.model.json import JSON
from conformance.model.profile import (
    Messages,
    Models,
    Parameter,
    Policy,
    Profile,
    Reaction,
    Support,
    Variant,
)
from conformance.spec.claims import Way, standing
from conformance.spec.claims_messages import in_turns, paired, roles_of

REJECT = Policy((Reaction.REJECT,))
ROLES = ("system", "user", "assistant", "tool")
USER: JSON = {"role": "user", "content": "Hi."}
HELLO: JSON = {"role": "assistant", "content": "Hello."}
TEXT: JSON = {"type": "text", "text": "Hi."}
CALL: JSON = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT: JSON = {"role": "tool", "content": "1", "tool_call_id": "a"}


def claiming(*claims: Parameter, **lists: Any) -> Profile:
    """A profile that claims messages and tools, and these roles, forms and parts."""
    usual = [Parameter(name, Support.FULL) for name in ("model", "messages", "tools")]
    every = {claim.name: claim for claim in (*usual, *claims)}
    messages = Messages(**lists, other_roles=REJECT)
    return Profile(
        "p", "P", parameters=every, messages=messages, wrong_type=REJECT, out_of_range=REJECT
    )


WHOLE = claiming(
    roles=ROLES, content=("string", "parts", "null"), parts=("text", "image_url", "refusal")
)
OPEN = claiming()


def found(profile: Profile, *messages: JSON) -> tuple[list[tuple[str, Way]], tuple[str, ...]]:
    """Departures and open claims of a conversation."""
    result = standing({"model": "m", "messages": [*messages]}, profile, "m")
    return [(d.at, d.way) for d in result.departures], result.unclaimed


def said(role: str, content: JSON, **more: JSON) -> JSON:
    """One message."""
    return {"role": role, "content": content, **more}


@pytest.mark.parametrize(
    "messages",
    [
        (USER,),
        (USER, HELLO, USER),
        (said("system", "Be brief."), USER),
        (said("user", [TEXT]),),
        (USER, said("assistant", [{"type": "refusal", "refusal": "No."}]), USER),
        (USER, said("assistant", None, tool_calls=[CALL]), RESULT),
        (USER, said("assistant", "", tool_calls=[CALL]), RESULT, USER),
    ],
    ids=["user", "turns", "system", "parts", "refusal", "calls", "empty beside calls"],
)
def test_what_is_claimed_is_kept(messages: tuple[JSON, ...]) -> None:
    """Nothing departs and nothing is left open."""
    assert ([], ()) == found(WHOLE, *messages)


@pytest.mark.parametrize("messages", [(USER,), (USER, HELLO, USER)], ids=["user", "turns"])
def test_what_every_client_sends_is_always_claimed(messages: tuple[JSON, ...]) -> None:
    """A user's text and an assistant's need no list."""
    assert ([], ()) == found(OPEN, *messages)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (said("system", "Be brief."), "messages[].role"),
        (said("user", [TEXT]), "messages[].content[].type"),
        (said("user", ""), "messages[].content"),
        (said("user", None), "messages[].content"),
        (said("user", 7), "messages[].content"),
        (said("user", []), "messages[].content"),
        (said("user", "Hi.", name="Ada"), "messages[].name"),
        ({"content": "Hi."}, "messages[].role"),
    ],
    ids=["system", "parts", "empty", "null", "number", "no parts", "name", "no role"],
)
def test_what_no_list_names_is_open(message: JSON, name: str) -> None:
    """It may be taken or not."""
    departures, open_ = found(OPEN, message, USER)

    assert [] == departures
    assert name in open_


@pytest.mark.parametrize(
    ("message", "at", "way"),
    [
        (said("bogus", "Hi."), "messages[0].role", Way.UNSUPPORTED),
        (said("developer", "Hi."), "messages[0].role", Way.UNSUPPORTED),
        (said("user", 7), "messages[0].content", Way.TYPE),
        (said("user", {}), "messages[0].content", Way.TYPE),
        (said("user", [TEXT, {"type": "file", "file": {}}]), "messages[0].content[1].type", Way.RANGE),
    ],
    ids=["bogus role", "role not listed", "number", "object", "part not listed"],
)  # fmt: skip
def test_what_a_list_leaves_out_departs(message: JSON, at: str, way: Way) -> None:
    """The place and the way are told."""
    assert [(at, way)] == found(WHOLE, message, USER)[0]


def test_parts_depart_where_text_alone_is_claimed() -> None:
    """An array in place of a string is of another type."""
    texts = claiming(roles=ROLES, content=("string",))

    assert [("messages[0].content", Way.TYPE)] == found(texts, said("user", [TEXT]))[0]


def test_a_claim_about_content_speaks_for_itself() -> None:
    """One departure for one mistake, where the member has a claim of its own."""
    own = Parameter("messages[].content", Support.FULL, types=("string", "array"), min_items=1)
    profile = claiming(own, roles=ROLES, content=("string", "parts"), parts=("text",))

    assert [("messages[0].content", Way.TYPE)] == found(profile, said("user", 7))[0]
    assert [("messages[0].content", Way.RANGE)] == found(profile, said("user", []))[0]


def test_images_are_never_sure() -> None:
    """A list of parts does not say which models see."""
    image: JSON = {"type": "image_url", "image_url": {"url": "data:,"}}

    assert ([], ("messages[].content[].type",)) == found(WHOLE, said("user", [image, TEXT]))


def test_models_may_take_other_roles() -> None:
    """A variant's roles go before the profile's."""
    variant = Variant("m*", roles=("user",))
    profile = Profile("p", "P", models=Models(variants=(variant,)), messages=Messages(roles=ROLES))

    assert ("user",) == roles_of(profile, "m1")
    assert ROLES == roles_of(profile, "x") == roles_of(profile, None)


@pytest.mark.parametrize(
    ("messages", "fits"),
    [
        ([USER, said("assistant", None, tool_calls=[CALL]), RESULT], True),
        ([USER, said("assistant", None, tool_calls=[CALL])], False),
        ([USER, said("assistant", None, tool_calls=[CALL]), USER], False),
        ([USER, RESULT], False),
        ([USER, said("assistant", None, tool_calls=[CALL]), RESULT, RESULT], False),
        ([USER, "text"], True),
    ],
    ids=["answered", "unanswered", "passed over", "orphan", "twice", "no message"],
)
def test_calls_and_results(messages: list[JSON], fits: bool) -> None:
    """Every call has its result and every result its call."""
    assert fits is paired(messages)


@pytest.mark.parametrize(
    ("roles", "usual"),
    [
        (["user"], True),
        (["system", "user"], True),
        (["user", "assistant", "tool", "tool", "assistant", "user"], True),
        (["system"], False),
        (["system", "system", "user"], False),
        (["user", "user"], False),
        (["user", "assistant"], False),
        (["assistant", "user"], False),
        (["user", None], False),
    ],
    ids=str,
)
def test_orders(roles: list[JSON], usual: bool) -> None:
    """User and assistant take turns, and the user is heard last."""
    assert usual is in_turns(roles)
