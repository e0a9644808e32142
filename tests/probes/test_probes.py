"""What is sent: each probe's request, and the requests built from earlier answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.model.exchange import Exchange
from conformance.model.plan import Stage, Suite
from conformance.model.profile import Parameter, Support
from conformance.model.request import Credentials, Operation, Request
from conformance.model.target import Target
from conformance.probes import registry
from conformance.probes.registry import Probe, all_probes, continued, probe, steps_of, with_limit
from tests.builders import (
    BASE,
    TARGET,
    Value,
    a_call,
    a_completion,
    a_message,
    a_profile,
    an_error,
    an_exchange,
    calling,
    not_sent,
    request_of,
    shipped,
    step,
    text_chunks,
    tool_stream,
    unanswered,
    with_paths,
)


def body_of(id: str) -> Value:
    """The body that a probe sends."""
    return json.loads(request_of(id).body or b"null")


def test_the_smallest_request() -> None:
    """Method, path, headers and body of the plainest probe, byte by byte."""
    assert Request(
        "POST",
        "/v1/chat/completions",
        Operation.CHAT,
        (("Accept", "application/json"), ("Content-Type", "application/json")),
        b'{"model":"tiny","messages":[{"role":"user","content":"Say OK."}],"max_tokens":16}',
        Credentials.KEY,
    ) == request_of("chat.basic")


@pytest.mark.parametrize(
    ("plain", "stream", "more"),
    [
        ("chat.basic", "chat.stream.basic", {"stream": True}),
        ("chat.basic", "chat.stream.usage", {"stream": True, "stream_options": {"include_usage": True}}),
        ("chat.long", "chat.stream.long", {"stream": True, "stream_options": {"include_usage": True}}),
        ("tools.required", "tools.stream.required", {"stream": True}),
        ("tools.named", "tools.stream.named", {"stream": True}),
        ("errors.unknown-model", "errors.stream.unknown-model", {"stream": True}),
        ("errors.messages-type", "errors.stream.messages-type", {"stream": True}),
        ("auth.no-key", "auth.stream.no-key", {"stream": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_stream_asks_for_the_same(plain: str, stream: str, more: dict[str, Value]) -> None:
    """A probe that streams sends what its plain twin sends, and asks for a stream."""
    assert {**body_of(plain), **more} == body_of(stream)


def test_a_call_is_asked_for() -> None:
    """Tools are declared alike; only the choice differs."""
    required, named, auto = (body_of(f"tools.{name}") for name in ("required", "named", "auto"))

    assert required["tools"] == named["tools"] == auto["tools"]
    assert {"city"} == set(required["tools"][0]["function"]["parameters"]["properties"])
    assert ("required", "auto") == (required["tool_choice"], auto["tool_choice"])
    assert {"type": "function", "function": {"name": "get_weather"}} == named["tool_choice"]


@pytest.mark.parametrize(
    ("id", "body"),
    [
        ("errors.malformed-json", b'{"model": "tiny", "max_tokens": 1, "messages": [{"role": "user", "content": "Say OK."}'),
        ("errors.empty-body", b""),
        ("errors.not-an-object", b'["hello"]'),
        ("errors.missing-model", b'{"messages":[{"role":"user","content":"Say OK."}],"max_tokens":1}'),
        ("errors.missing-messages", b'{"model":"tiny","max_tokens":1}'),
        ("errors.empty-messages", b'{"model":"tiny","messages":[],"max_tokens":1}'),
        ("errors.messages-type", b'{"model":"tiny","messages":"hello","max_tokens":1}'),
        ("errors.message-item-type", b'{"model":"tiny","messages":["hello"],"max_tokens":1}'),
        ("errors.unknown-model", b'{"model":"conformance-no-such-model","messages":[{"role":"user","content":"Say OK."}],"max_tokens":1}'),
        ("errors.unknown-path", b"{}"),
        ("errors.wrong-method", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_one_mistake_in_each_request(id: str, body: bytes | None) -> None:
    """A request that is wrong on purpose is wrong in one way."""
    assert body == request_of(id).body


@pytest.mark.parametrize(
    ("id", "method", "path"),
    [
        ("models.list", "GET", "/v1/models"),
        ("models.retrieve", "GET", "/v1/models/tiny"),
        ("models.retrieve.unknown", "GET", "/v1/models/conformance-no-such-model"),
        ("errors.unknown-path", "POST", "/v1/conformance/no-such-path"),
        ("errors.wrong-method", "DELETE", "/v1/chat/completions"),
        ("auth.models.no-key", "GET", "/v1/models"),
    ],
    ids=lambda value: value if "." in value else "",
)
def test_method_and_path(id: str, method: str, path: str) -> None:
    """Where a request goes is told by the target."""
    assert (method, path) == (request_of(id).method, request_of(id).path)


@pytest.mark.parametrize(
    ("id", "credentials", "authorization"),
    [
        ("auth.no-key", Credentials.NONE, None),
        ("auth.stream.no-key", Credentials.NONE, None),
        ("auth.models.no-key", Credentials.NONE, None),
        ("auth.wrong-key", Credentials.MADE_UP, "Bearer sk-conformance-wrong-key-0000000000"),
        ("auth.models.wrong-key", Credentials.MADE_UP, "Bearer sk-conformance-wrong-key-0000000000"),
        ("auth.wrong-scheme", Credentials.MADE_UP, "Basic Y29uZm9ybWFuY2U6d3JvbmctcGFzc3dvcmQ="),
        ("auth.empty-key", Credentials.MADE_UP, "Bearer"),
        ("chat.basic", Credentials.KEY, None),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)  # fmt: skip
def test_keys(id: str, credentials: Credentials, authorization: str | None) -> None:
    """The user's key goes where it belongs, and a made-up one is written out."""
    request = request_of(id)

    assert (credentials, authorization) == (
        request.credentials,
        dict(request.headers).get("Authorization"),
    )


@pytest.mark.parametrize("id", all_probes(), ids=str)
def test_a_request_holds_no_blank(id: str) -> None:
    """What stands for the model or the limit is filled in everywhere, in each case of a family as well."""
    family = all_probes()[id] if all_probes()[id].cases else None
    cases = (
        [s for one in shipped() for s in steps_of(family, TARGET, one, Suite.FULL)]
        if family
        else []
    )
    for request in [s.request for s in cases if s.request] or [request_of(id)]:
        filled_in(request)


def filled_in(request: Request) -> None:
    """Nothing in it stands for something else."""
    said = (request.body or b"").decode("latin-1") + request.path

    assert not {"{model}", "{limit}"} & {said[i : i + 7] for i in range(len(said))}
    assert "Accept" in dict(request.headers)
    assert ("Content-Type" in dict(request.headers)) is (request.body is not None)


def test_a_model_name_of_any_kind_is_sent() -> None:
    """Quotes and backslashes in a model's name break no request."""
    target = Target(TARGET.origin, TARGET.prefix, 'a"b\\c/d e')
    made = {
        id: steps_of(all_probes()[id], target, BASE)[0].request
        for id in ("chat.basic", "models.retrieve", "errors.malformed-json")
    }

    assert 'a"b\\c/d e' == json.loads(made["chat.basic"].body or b"")["model"]  # type: ignore[union-attr]
    assert "/v1/models/a%22b%5Cc/d%20e" == made["models.retrieve"].path  # type: ignore[union-attr]
    cut = (made["errors.malformed-json"].body or b"") + b"]}"  # type: ignore[union-attr]
    assert 'a"b\\c/d e' == json.loads(cut)["model"]


def test_the_limit_may_have_another_name() -> None:
    """Newer models want max_completion_tokens."""
    target = with_limit(TARGET, "max_completion_tokens")
    made = steps_of(all_probes()["chat.basic"], target, BASE)[0].request

    assert made is not None
    assert 16 == json.loads(made.body or b"")["max_completion_tokens"]
    assert b"max_tokens" not in (made.body or b"")


def test_a_profile_says_where_things_are() -> None:
    """A path from the origin leaves the base URL's prefix out; only the list is asked for twice."""
    profile = with_paths(
        chat=("/openai/v1/chat/completions", "other"), models=("models", "/api/models")
    )
    chat = steps_of(all_probes()["chat.basic"], TARGET, profile)
    listed = steps_of(all_probes()["models.list"], TARGET, profile)

    assert ["/openai/v1/chat/completions"] == [s.request.path for s in chat if s.request]
    assert [("models.list", "/v1/models"), ("models.list#2", "/api/models")] == [
        (s.id, s.request.path) for s in listed if s.request
    ]


# The next turn ------------------------------------------------------------------------------------


def next_body(id: str, *earlier: Exchange) -> Value:
    """The body of a next turn, or why there is none."""
    made = continued(step(id), {x.id: x for x in earlier}, TARGET, BASE)
    return json.loads(made.body or b"") if isinstance(made, Request) else made


def test_the_servers_own_message_is_sent_back() -> None:
    """The assistant's message goes back as it came, with whatever it holds."""
    message = a_message("OK.", reasoning="Hm.", annotations=[])
    body = next_body(
        "turn.own-message", an_exchange(json=a_completion(choices=[{"message": message}]))
    )

    assert ["user", "assistant", "user"] == [m["role"] for m in body["messages"]]
    assert message == body["messages"][1]
    assert ("tiny", 16) == (body["model"], body["max_tokens"])


def test_every_call_gets_a_result() -> None:
    """Each call of the answer is answered under its id, and the tools stay declared."""
    answer = an_exchange("tools.required", json=calling(a_call(7), a_call(3)))
    body = next_body("turn.tool-result", answer)

    assert ["user", "assistant", "tool", "tool"] == [m["role"] for m in body["messages"]]
    assert ["call_7", "call_3"] == [m["tool_call_id"] for m in body["messages"][2:]]
    assert body_of("tools.required")["tools"] == body["tools"]
    assert "tool_choice" not in body


def test_a_dumped_message_has_null_for_what_did_not_come() -> None:
    """What the answer has goes back as it came, and what the documentation lets be null is null."""
    message = a_message("OK.", audio={"id": "audio_1"}, annotations=[])
    answer = an_exchange(json=a_completion(choices=[{"message": message}]))
    body = next_body("turn.dumped-message", answer)

    assert {**message, "function_call": None} == body["messages"][1]


@pytest.mark.parametrize(
    ("support", "options"),
    [(Support.FULL, {"include_usage": True}), (Support.UNKNOWN, None), (Support.NONE, None)],
    ids=str,
)
def test_the_result_of_a_streamed_call_is_asked_about_as_a_stream(
    support: Support, options: Value
) -> None:
    """The next request of an agent that streams is a stream, with usage where that is claimed."""
    profile = a_profile(parameters={"stream_options": Parameter("stream_options", support)})
    earlier = an_exchange("tools.stream.required")
    made = continued(step("turn.stream-tool-result"), {earlier.id: earlier}, TARGET, profile)

    assert isinstance(made, Request)
    body = json.loads(made.body or b"")
    assert ["user", "assistant", "tool"] == [m["role"] for m in body["messages"]]
    assert True is body["stream"]
    assert options == body.get("stream_options")


def test_parallel_calls_are_answered_in_their_order() -> None:
    """Two calls that a stream adds up to go back beside null, with a result for each."""
    body = next_body("turn.parallel-results", an_exchange("text.stream.tool"))
    calls = body["messages"][1]["tool_calls"]

    assert ["user", "assistant", "tool", "tool"] == [m["role"] for m in body["messages"]]
    assert [c["id"] for c in calls] == [m["tool_call_id"] for m in body["messages"][2:]]


def test_text_is_sent_plain_and_escaped() -> None:
    """The same phrase goes out as UTF-8 in one mode and as JSON escapes in the other."""
    plain, streamed = (step(f"text.{mode}").request for mode in ("unicode", "stream.unicode"))
    assert plain is not None
    assert streamed is not None

    assert "ü".encode() in (plain.body or b"")
    assert b"\\u00fc" in (streamed.body or b"")
    assert (streamed.body or b"").isascii()
    assert body_of("text.unicode")["messages"] == body_of("text.stream.unicode")["messages"]


def test_a_large_body_costs_nothing() -> None:
    """The body of more than a megabyte names a model that does not exist, and is white space otherwise."""
    sent = step("errors.large-body").request
    assert sent is not None
    assert sent.body is not None

    assert 1_100_000 < len(sent.body) < 1_200_000
    assert 200 > len(sent.body.replace(b" ", b""))
    assert "conformance-no-such-model" == json.loads(sent.body)["model"]


@pytest.mark.parametrize(
    ("id", "earlier", "reason"),
    [
        ("turn.dumped-message", (an_exchange(json=a_completion(choices=[])),), "after chat.basic: it brought no message to send back"),
        ("turn.parallel-results", (an_exchange("text.stream.tool", stream=tool_stream()),), "after text.stream.tool: it brought no two whole calls"),
        ("turn.parallel-results", (an_exchange("text.stream.tool", stream=text_chunks()),), "after text.stream.tool: it brought no two whole calls"),
        ("turn.own-message", (), "chat.basic: not answered"),
        ("turn.own-message", (not_sent(why="budget"),), "budget"),
        ("turn.own-message", (unanswered(),), "after chat.basic: it brought no message to send back"),
        ("turn.own-message", (an_exchange(status=500, json=an_error()),), "after chat.basic: it brought no message to send back"),
        ("turn.own-message", (an_exchange(body=b"["),), "after chat.basic: it brought no message to send back"),
        ("turn.own-message", (an_exchange(json=a_completion(choices=[])),), "after chat.basic: it brought no message to send back"),
        ("turn.own-message", (an_exchange(json=a_completion(choices=["x"])),), "after chat.basic: it brought no message to send back"),
        ("turn.tool-result", (an_exchange("tools.required", json=a_completion()),), "after tools.required: it brought no tool call to answer"),
        ("turn.tool-result", (an_exchange("tools.required", json=calling(a_call(id=None))),), "after tools.required: it brought no tool call to answer"),
        ("turn.tool-result", (an_exchange("tools.required", json=calling(a_call(id=""))),), "after tools.required: it brought no tool call to answer"),
        ("turn.tool-result", (an_exchange("tools.required", json=[]),), "after tools.required: it brought no tool call to answer"),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value,
)  # fmt: skip
def test_a_turn_may_have_nothing_to_follow(
    id: str, earlier: tuple[Exchange, ...], reason: str
) -> None:
    """Where the earlier answer cannot be continued, a sentence says why."""
    assert reason == next_body(id, *earlier)


def test_only_some_probes_go_on() -> None:
    """A probe without a continuation says so."""
    plain = replace(step("chat.basic"), after=("models.list",))
    earlier = {"models.list": an_exchange("models.list")}

    assert "chat.basic has no continuation" == continued(plain, earlier, TARGET, BASE)


# Declaring ----------------------------------------------------------------------------------------


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No probes, for the time of a test."""
    all_probes()  # the real ones declare themselves before, once
    monkeypatch.setattr(registry, "_PROBES", {})


def test_an_id_is_declared_once(empty: None) -> None:
    """Two probes of one id would overwrite one another's exchange."""
    made = Probe("chat.one", "One.", "POST", Operation.CHAT)
    probe(made)

    with pytest.raises(ValueError, match=r"'chat.one' is declared twice"):
        probe(made)


def test_choices_multiply_the_tokens(empty: None) -> None:
    """A request for several answers may cost their number times the limit."""
    made = probe(Probe("chat.two", "Two.", "POST", Operation.CHAT, {"{limit}": 16, "n": 2}))

    assert 32 == steps_of(made, TARGET, BASE)[0].max_output_tokens


def test_what_is_free_counts_no_tokens() -> None:
    """What is refused before it generates costs nothing."""
    assert {0} == {
        step(p.id).max_output_tokens for p in all_probes().values() if p.stage < Stage.CHAT
    }


def test_titles_are_sentences() -> None:
    """What `list` prints of each probe is one sentence."""
    titles = [p.title for p in all_probes().values()]

    assert [] == [t for t in titles if not t.endswith(".")]
    assert len(titles) == len(set(titles))
