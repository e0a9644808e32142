"""The forms of errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.model.profile import Cause, Errors, Refusal, Shape

from .asking import PLAIN, chat, error, read

MESSAGE = "Missing required parameter: 'messages'."
FULL = {
    "message": MESSAGE,
    "type": "invalid_request_error",
    "param": "messages",
    "code": "missing_required_parameter",
}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Shape.OPENAI, {"error": FULL}),
        (Shape.UNKNOWN, {"error": FULL}),
        (Shape.FLAT, FULL),
        (Shape.STATUS_MESSAGE, {"status": "400", "message": MESSAGE}),
        (Shape.DETAIL, {"detail": MESSAGE}),
        (Shape.ERROR_STRING, {"error": MESSAGE}),
        (Shape.STRING, MESSAGE),
    ],
)
def test_errors_have_the_profile_s_shape(shape: Shape, expected: Any) -> None:
    """Each shape of the profile language can be answered."""
    reply = chat(replace(PLAIN, errors=Errors(shapes=(shape,))), messages=...)

    assert (400, expected) == (reply.status, read(reply))


def test_an_empty_error_has_neither_body_nor_type() -> None:
    """The empty shape is no body at all."""
    reply = chat(replace(PLAIN, errors=Errors(shapes=(Shape.EMPTY,))), messages=...)

    assert (b"", None, "0") == (
        reply.body,
        reply.header("content-type"),
        reply.header("content-length"),
    )


def test_a_cause_may_have_its_own_shape_and_a_status_too() -> None:
    """The shape of a cause wins over that of a status, that over the general one."""
    causes = {Cause.UNKNOWN_MODEL: Refusal((422,), shapes=(Shape.FLAT,))}
    errors = Errors(by_status={422: (Shape.DETAIL,), 400: (Shape.ERROR_STRING,)}, causes=causes)
    profile = replace(PLAIN, errors=errors)

    assert "message" in read(chat(profile, model="no-such-model"))
    assert isinstance(read(chat(profile, messages=...))["error"], str)


def test_a_cause_has_the_stated_status_code_and_type() -> None:
    """The first of what is stated is what is answered."""
    stated = Refusal((409, 400), ("no_model", "other"), ("model_error",))
    profile = replace(PLAIN, errors=Errors(causes={Cause.UNKNOWN_MODEL: stated}))
    reply = chat(profile, model="no-such-model")

    assert (409, "no_model", "model_error") == (
        reply.status,
        error(reply)["code"],
        error(reply)["type"],
    )


def test_members_that_the_profile_does_not_have_are_left_out() -> None:
    """Only stated members are there."""
    profile = replace(PLAIN, errors=Errors(members=("message", "type", "code")))

    assert {"message", "type", "code"} == set(error(chat(profile, messages=...)))


def test_the_message_is_always_there() -> None:
    """A profile that leaves the members open gets a message all the same."""
    profile = replace(PLAIN, errors=Errors(members=()))

    assert {"message"} == set(error(chat(profile, messages=...)))


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("string", "null"), None),
        (("string",), "400"),
        (("integer",), 400),
        (("null",), None),
    ],
)
def test_codes_are_of_the_stated_type(types: tuple[str, ...], expected: Any) -> None:
    """An error without a code of its own gets one of the type that the profile states."""
    profile = replace(PLAIN, errors=Errors(code_types=types))

    assert expected == error(chat(profile, model=...))["code"]


def test_a_mistake_may_be_none() -> None:
    """A profile that answers a mistake below 400 takes it for an ordinary request."""
    profile = replace(PLAIN, errors=Errors(causes={Cause.EMPTY_MESSAGES: Refusal((200,))}))

    assert 200 == chat(profile, messages=[]).status


def test_a_refused_stream_is_a_plain_error() -> None:
    """A stream that is refused is answered with JSON."""
    reply = chat(messages=[], stream=True)

    assert (400, "application/json") == (reply.status, reply.header("content-type"))
