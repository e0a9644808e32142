"""Paths and methods."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.profile import Endpoint
from conformance.model.request import Operation
from conformance.refserver.routing import Route, route

from .asking import PLAIN, ask, error, read, request

ELSEWHERE = replace(
    PLAIN,
    endpoint=Endpoint(
        paths={
            Operation.CHAT: ("chat/completions", "/openai/chat"),
            Operation.MODELS: ("/list/models", "models"),
            Operation.MODEL: (),
        }
    ),
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/chat/completions", Route(Operation.CHAT)),
        ("/v1/chat/completions?api-version=1", Route(Operation.CHAT)),
        ("/v1/models", Route(Operation.MODELS)),
        ("/v1/models/reference-1", Route(Operation.MODEL, "reference-1")),
        ("/v1/models/vendor/big-1", Route(Operation.MODEL, "vendor/big-1")),
        ("/v1/models/vendor%2Fbig%201", Route(Operation.MODEL, "vendor/big 1")),
        ("/v1/models/", Route(Operation.OTHER)),
        ("/chat/completions", Route(Operation.OTHER)),
        ("/v1/chat/completions/more", Route(Operation.OTHER)),
    ],
)
def test_a_path_means_an_operation(path: str, expected: Route) -> None:
    """Usual paths count from the prefix; a model's id may hold slashes and escapes."""
    assert expected == route(path, PLAIN, "/v1")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/openai/chat", Operation.CHAT),
        ("/base/chat/completions", Operation.CHAT),
        ("/list/models", Operation.MODELS),
        ("/base/models", Operation.MODELS),
        ("/base/models/x", Operation.OTHER),
    ],
)
def test_a_profile_puts_operations_elsewhere(path: str, expected: Operation) -> None:
    """Absolute paths count from the origin, several may lead to one operation, and none may be stated."""
    assert expected is route(path, ELSEWHERE, "/base/").operation


def test_an_unknown_path_is_refused() -> None:
    """A path that is no operation gets OpenAI's 404."""
    reply = ask(request("POST", "/v1/nope", {}))

    assert (404, "Invalid URL (POST /v1/nope)") == (reply.status, error(reply)["message"])


def test_a_wrong_method_is_refused_and_the_right_one_named() -> None:
    """A wrong method gets 405 and the method that is allowed."""
    reply = ask(request("DELETE", "/v1/chat/completions"))

    assert (405, "POST") == (reply.status, reply.header("allow"))


def test_every_answer_has_a_request_id() -> None:
    """Successes and refusals carry x-request-id."""
    ids = {ask(request("GET", path)).header("x-request-id") for path in ("/v1/models", "/nope")}

    assert None not in ids


def test_prefixes_may_be_empty() -> None:
    """A base URL without a path is served at the origin."""
    reply = ask(request("GET", "/models"), prefix="")

    assert "list" == read(reply)["object"]
