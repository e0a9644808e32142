"""Replies as a whole."""

from __future__ import annotations

import time

import pytest

from conformance.refserver.exchange import End
from conformance.refserver.respond import answer

from .asking import LOCKED, PLAIN, ask, battery, chat, chat_request, read, request


@pytest.mark.parametrize("name", battery())
def test_replies_are_deterministic(name: str) -> None:
    """At the same time, with the same number, the same request gets the same bytes."""
    assert ask(battery()[name]) == ask(battery()[name])


def test_ids_differ_from_answer_to_answer() -> None:
    """Two equal requests get two ids, of OpenAI's form, and the present time."""
    before = int(time.time())
    first, second = (read(answer(chat_request(), PLAIN)) for _ in range(2))

    assert first["id"] != second["id"]
    assert (len("chatcmpl-") + 24, "chatcmpl-") == (len(first["id"]), first["id"][:9])
    assert before <= first["created"] <= time.time()


def test_a_whole_answer_has_openai_s_members() -> None:
    """With null and empty members where OpenAI has them."""
    found = read(chat())

    assert {
        *("id", "object", "created", "model", "choices", "usage"),
        *("service_tier", "system_fingerprint"),
    } == set(found)
    assert {"role", "content", "refusal", "annotations"} == set(found["choices"][0]["message"])
    assert ("reference-1", "default") == (found["model"], found["service_tier"])


def test_a_model_given_to_the_server_is_known() -> None:
    """It is answered and echoed."""
    reply = ask(chat_request(model="mine/7b"), model="mine/7b")

    assert "mine/7b" == read(reply)["model"]


def test_pace_and_latency_are_delays() -> None:
    """Before the head, and before each event."""
    reply = ask(chat_request(stream=True), latency=0.5, pace=0.25)

    assert 0.5 == reply.latency
    assert {0.25} == {frame.delay for frame in reply.frames}
    assert End.COMPLETE is reply.end


def test_strange_text_does_no_harm() -> None:
    """A lone surrogate in a request comes back as an escape."""
    reply = ask(request("POST", "/v1/chat/completions", b'{"model": "\\ud800"}'), LOCKED)

    assert 404 == reply.status
    assert "\ud800" in read(reply)["error"]["message"]


def test_json_bodies_have_their_length() -> None:
    """Bodies that are one JSON value say how long they are; streams do not."""
    assert str(len(chat().body)) == chat().header("content-length")
    assert chat(stream=True).header("content-length") is None
