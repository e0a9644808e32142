"""Requests with mistakes, by OpenAI's rules and by a profile's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.model.profile import (
    Cause,
    Errors,
    Messages,
    Models,
    Parameter,
    Policy,
    Profile,
    Reaction,
    Refusal,
    Streaming,
    Support,
    Variant,
)

from .asking import PLAIN, WEATHER, ask, chat, chunks, error, read, request

DROP = Policy((Reaction.IGNORE,))
STRIP = Policy((Reaction.STRIP,))
CLAMP = Policy((Reaction.CLAMP,))
TRUNCATE = Policy((Reaction.TRUNCATE,))
REFUSE_422 = Policy((Reaction.REJECT,), statuses=(422,), code="nope", type="bad")


def profile(*parameters: Parameter, **more: Any) -> Profile:
    """A profile with these claims."""
    return replace(PLAIN, parameters={one.name: one for one in parameters}, **more)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", Cause.MALFORMED_JSON),
        (b'{"model": ', Cause.MALFORMED_JSON),
        (b'{"model": NaN}', Cause.MALFORMED_JSON),
        (b"\xff\xfe", Cause.MALFORMED_JSON),
        (b"[" * 5000 + b"]" * 5000, Cause.MALFORMED_JSON),
        (b"[" * 100_000, Cause.MALFORMED_JSON),
        (b'["hello"]', Cause.NOT_AN_OBJECT),
        (b"null", Cause.NOT_AN_OBJECT),
        (b"{}", Cause.MISSING_MODEL),
        (b'{"model": null, "messages": []}', Cause.MISSING_MODEL),
        (b'{"model": "nope", "messages": []}', Cause.UNKNOWN_MODEL),
        (b'{"model": "reference-1"}', Cause.MISSING_MESSAGES),
        (b'{"model": "reference-1", "messages": []}', Cause.EMPTY_MESSAGES),
        (b'{"model": "reference-1", "messages": "hello"}', Cause.WRONG_TYPE_MESSAGES),
        (b'{"model": "reference-1", "messages": ["hello"]}', Cause.WRONG_TYPE_MESSAGES),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_a_broken_body_is_refused_for_its_cause(body: bytes, cause: Cause) -> None:
    """Each cause that a profile can state is recognised: the status is that of the cause."""
    told = replace(PLAIN, errors=Errors(causes={cause: Refusal((418,))}))
    incoming = request("POST", "/v1/chat/completions", body)

    assert 418 == ask(incoming, told).status


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"temperature": 200}, "temperature", "decimal_above_max_value"),
        ({"temperature": -1}, "temperature", "decimal_below_min_value"),
        ({"temperature": True}, "temperature", "invalid_type"),
        ({"top_p": 5}, "top_p", "decimal_above_max_value"),
        ({"n": 130}, "n", "integer_above_max_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": "2"}, "n", "invalid_type"),
        ({"no_such_field": 1}, "no_such_field", "unknown_parameter"),
        ({"messages": [{"role": "bogus", "content": "a"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": "a"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", None),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content", "empty_array"),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"stream": True, "stream_options": {"x": 1}}, "stream_options.x", "unknown_parameter"),
        ({"top_logprobs": 2}, "top_logprobs", None),
        ({"tool_choice": "auto"}, "tool_choice", None),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            "tools[0].function.name",
            "invalid_value",
        ),
        ({"tools": [WEATHER] * 129}, "tools", "array_above_max_length"),
        ({"tools": [WEATHER], "tool_choice": "bogus"}, "tool_choice", "invalid_value"),
        ({"response_format": {}}, "response_format.type", "missing_required_parameter"),
        ({"response_format": {"type": "bogus"}}, "response_format.type", "invalid_value"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {}}},
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        ({"metadata": {str(n): "v" for n in range(17)}}, "metadata", "object_above_max_properties"),
        ({"metadata": {"k": 1}}, "metadata.k", "invalid_type"),
        ({"frequency_penalty": 3}, "frequency_penalty", "decimal_above_max_value"),
        ({"seed": 1.5}, "seed", "invalid_type"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "integer_below_min_value"),
        ({"stop": ["a"] * 5}, "stop", "array_above_max_length"),
        ({"stop": ["a", 1]}, "stop[1]", "invalid_type"),
        ({"logit_bias": {"1": 101}}, "logit_bias.1", "integer_above_max_value"),
        (
            {"max_tokens": 5, "max_completion_tokens": 5},
            "max_tokens",
            "invalid_parameter_combination",
        ),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages.[0].role", None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_where_a_profile_is_silent_openai_s_rules_hold(
    body: dict[str, Any], param: str, code: str | None
) -> None:
    """A profile that says nothing gets OpenAI's answers, the parameter and code among them."""
    reply = chat(**body)

    assert (400, param, code) == (reply.status, error(reply)["param"], error(reply)["code"])


@pytest.mark.parametrize(
    "body",
    [
        {"temperature": 0},
        {"temperature": 2},
        {"temperature": None, "n": None, "stop": None, "stream": None, "seed": None},
        {"stop": "x"},
        {"stop": ["a", "b"]},
        {"logprobs": True, "top_logprobs": 20},
        {"metadata": {"k": "v"}, "store": False, "user": "u", "verbosity": "low"},
        {"reasoning_effort": "high", "service_tier": "flex", "seed": -(2**63)},
        {"tools": [WEATHER], "tool_choice": "none", "parallel_tool_calls": False},
        {"tools": []},
        {"functions": [{"name": "f"}], "function_call": {"name": "f"}},
        {"response_format": {"type": "text"}},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}], "name": "A"}]},
        {"messages": [{"role": "developer", "content": "a"}, {"role": "system", "content": "b"}]},
    ],
    ids=lambda body: ",".join(body),
)
def test_what_openai_takes_is_taken(body: dict[str, Any]) -> None:
    """Ordinary requests, and null for whatever may be left out."""
    assert 200 == chat(**body).status


def test_an_unsupported_parameter_is_refused_and_named() -> None:
    """Without a policy, and with the policy to reject, an unsupported parameter is a 400 that names it."""
    claim = Parameter("seed", support=Support.NONE)
    reply = chat(profile(claim), seed=1)

    assert (400, "seed", "unsupported_parameter") == (
        reply.status,
        error(reply)["param"],
        error(reply)["code"],
    )


def test_a_refusal_is_worded_as_its_policy_says() -> None:
    """A policy's status, code and type are answered; a parameter it does not name is not named."""
    policy = replace(REFUSE_422, names_parameter=False)
    reply = chat(profile(Parameter("seed", support=Support.NONE), unsupported=policy), seed=1)

    assert 422 == reply.status
    assert ("nope", "bad", None) == tuple(error(reply)[name] for name in ("code", "type", "param"))


@pytest.mark.parametrize("policy", [DROP, STRIP, Policy((Reaction.IGNORE, Reaction.REJECT))])
def test_an_unsupported_parameter_may_be_ignored(policy: Policy) -> None:
    """Ignored and stripped parameters have no effect; of several outcomes the first is taken."""
    claim = Parameter("n", support=Support.NONE, unsupported=policy)

    assert 1 == len(read(chat(profile(claim), n=3))["choices"])


def test_a_nested_parameter_may_be_unsupported() -> None:
    """A dotted name reaches members, also those of messages."""
    claims = (
        Parameter("stream_options.include_usage", support=Support.NONE, unsupported=DROP),
        Parameter("messages[].name", support=Support.NONE),
    )
    usage = {"include_usage": True}
    streamed = chat(profile(*claims), stream=True, stream_options=usage)
    named = chat(profile(*claims), messages=[{"role": "user", "content": "a", "name": "b"}])

    assert not any("usage" in chunk for chunk in chunks(streamed))
    assert "messages[0].name" == error(named)["param"]


def test_support_may_depend_on_the_model() -> None:
    """A variant's claim wins for the models it matches."""
    claims = {"temperature": Parameter("temperature", support=Support.NONE)}
    models = Models(variants=(Variant("vendor/*", claims), Variant("o*", {}, ("user",))))
    told = replace(PLAIN, models=models)
    body = {"messages": [{"role": "user", "content": "a"}], "temperature": 1}

    assert 400 == ask_model(told, "vendor/big", body)
    assert 200 == ask_model(told, "other", body)
    assert 400 == ask_model(told, "o1", {"messages": [{"role": "system", "content": "a"}]})


def ask_model(told: Profile, model: str, body: dict[str, Any]) -> int | None:
    """The status for a model that the server was told to have."""
    incoming = request("POST", "/v1/chat/completions", {"model": model, **body})
    return ask(incoming, told, model=model).status


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(Policy(), 400), (REFUSE_422, 422), (DROP, 200), (STRIP, 200)],
    ids=["unknown", "reject", "ignore", "strip"],
)
def test_unknown_fields_meet_their_policy(policy: Policy, expected: int) -> None:
    """A field that is nobody's is refused as by OpenAI unless the profile says otherwise."""
    assert expected == chat(replace(PLAIN, unknown_field=policy), x_field=1).status


def test_a_field_of_the_vendor_is_known() -> None:
    """A parameter beyond OpenAI's is taken, and checked, if the profile has it."""
    claim = Parameter("top_k", types=("integer",), minimum=1)

    assert 200 == chat(profile(claim), top_k=5).status
    assert "top_k" == error(chat(profile(claim), top_k=0))["param"]


@pytest.mark.parametrize(
    ("policy", "value", "status"),
    [
        pytest.param(Policy((Reaction.REJECT,)), 101, 400, id="out of range and rejected"),
        pytest.param(REFUSE_422, "5", 422, id="of another type, with the stated status"),
        pytest.param(DROP, 101, 200, id="ignored"),
        pytest.param(DROP, "5", 200, id="of another type and ignored"),
        pytest.param(CLAMP, 101, 200, id="cut"),
        pytest.param(REFUSE_422, 100, 200, id="inside"),
    ],
)
def test_a_field_of_the_vendor_is_as_claimed(policy: Policy, value: Any, status: int) -> None:
    """What only one vendor has is dealt with outside its claim as the profile says."""
    bounds: dict[str, Any] = {"types": ("integer",), "minimum": 1, "maximum": 100}
    claim = Parameter("top_k", **bounds, vendor_only=True, out_of_range=policy, wrong_type=policy)

    assert status == chat(profile(claim), top_k=value).status


def test_a_field_of_the_vendor_goes_with_what_the_profile_says() -> None:
    """An alias of the vendor's own does not exclude what OpenAI's parameter excludes, unless the profile says so."""
    claim = Parameter("max_output", Support.FULL, alias_of="max_tokens", vendor_only=True)
    both = {"max_output": 5, "max_completion_tokens": 5}
    apart = replace(claim, excludes=("max_completion_tokens",))

    assert 200 == chat(profile(claim), **both).status
    assert 400 == chat(profile(apart), **both).status


@pytest.mark.parametrize(
    ("policy", "n", "expected"),
    [(CLAMP, 9, 4), (CLAMP, -3, 1), (TRUNCATE, 9, 4), (DROP, 9, 1), (STRIP, 0, 1)],
)
def test_values_outside_the_range_meet_their_policy(policy: Policy, n: int, expected: int) -> None:
    """They are clamped to the range or dropped, and it shows."""
    claim = Parameter("n", maximum=4, out_of_range=policy)

    assert expected == len(read(chat(profile(claim), n=n))["choices"])


def test_ranges_may_be_exclusive_and_other_than_openai_s() -> None:
    """A profile's own bounds replace OpenAI's."""
    told = profile(Parameter("temperature", maximum=1, exclusive_maximum=True))

    assert [200, 400] == [chat(told, temperature=t).status for t in (0.99, 1)]


def test_a_single_value_may_be_all_that_is_allowed() -> None:
    """An enumeration refuses every other value, true for one included."""
    told = profile(Parameter("n", values=(1,)), Parameter("temperature", values=(1, None)))

    assert [200, 400] == [chat(told, n=n).status for n in (1, 2)]
    assert [200, 200, 400] == [chat(told, temperature=t).status for t in (1, None, 0.5)]


def test_stop_may_be_cut_to_size() -> None:
    """Truncated arrays keep their first items."""
    told = profile(Parameter("stop", max_items=1, out_of_range=TRUNCATE))
    whole = read(chat(told))["choices"][0]["message"]["content"]
    words = whole.split()

    cut = read(chat(told, stop=[words[-1], words[0]]))["choices"][0]["message"]["content"]

    assert whole.removesuffix(words[-1]) == cut


@pytest.mark.parametrize(("policy", "expected"), [(Policy(), 400), (DROP, 200)])
def test_wrong_types_meet_their_policy(policy: Policy, expected: int) -> None:
    """A value of a wrong type is refused or ignored."""
    assert expected == chat(replace(PLAIN, wrong_type=policy), n="two").status


def test_types_may_differ_from_openai_s() -> None:
    """A parameter of another type brings none of OpenAI's limits along."""
    told = profile(Parameter("logprobs", types=("integer",)))

    assert [200, 400] == [chat(told, logprobs=value).status for value in (5, True)]


def test_companions_are_checked() -> None:
    """Required, excluded and stream-only companions are refused when they do not match."""
    told = profile(
        Parameter("seed", requires={"temperature": 0}),
        Parameter("top_p", excludes=("temperature",)),
        Parameter("logit_bias", only_with_stream=True),
    )

    assert [400, 200] == [chat(told, seed=1, **more).status for more in ({}, {"temperature": 0})]
    assert [200, 400] == [chat(told, top_p=1, **more).status for more in ({}, {"temperature": 0})]
    assert [400, 200] == [
        chat(told, logit_bias={}, **more).status for more in ({}, {"stream": True})
    ]


def test_a_parameter_may_give_way() -> None:
    """An overridden parameter, and one that is ignored in some company, has no effect."""
    told = profile(
        Parameter("max_tokens", overridden_by=("max_completion_tokens",)),
        Parameter("n", ignored_when={"temperature": 0}),
    )
    reply = read(chat(told, max_tokens=1, max_completion_tokens=3, n=2, temperature=0))

    assert (1, 3) == (len(reply["choices"]), reply["usage"]["completion_tokens"])


def test_parameters_may_have_other_names() -> None:
    """An alias and a new name have the effect of the old one, within its limits."""
    told = profile(
        Parameter("max_length", alias_of="max_tokens"),
        Parameter("n", support=Support.NONE, renamed_to="num_choices"),
    )
    reply = read(chat(told, max_length=2, num_choices=2))

    assert (2, 4) == (len(reply["choices"]), reply["usage"]["completion_tokens"])
    assert 400 == chat(told, num_choices=0).status
    assert "num_choices" in error(chat(told, n=2))["message"]


def test_streams_may_be_unsupported() -> None:
    """Without streams the wish for one is refused; the wish for none is fine."""
    told = replace(PLAIN, streaming=Streaming(supported=Support.NONE))

    assert [400, 200] == [chat(told, stream=wish).status for wish in (True, False)]


@pytest.mark.parametrize(
    ("told", "status"), [(Messages(), 400), (Messages(unmatched_calls=DROP), 200)]
)
def test_calls_without_results_are_refused_unless_the_profile_says_otherwise(
    told: Messages, status: int
) -> None:
    """As OpenAI does, or as stated."""
    function = {"name": "get_weather", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    turn = {"role": "assistant", "content": None, "tool_calls": [call]}
    user = {"role": "user", "content": "a"}

    assert status == chat(replace(PLAIN, messages=told), messages=[user, turn, user]).status


@pytest.mark.parametrize(
    ("messages", "content", "expected"),
    [
        (Messages(roles=("user",)), "a", 200),
        (Messages(roles=("assistant",)), "a", 400),
        (Messages(roles=("assistant",), other_roles=DROP), "a", 200),
        (Messages(content=("string",)), [{"type": "text", "text": "a"}], 400),
        (Messages(content=("parts",)), "a", 400),
        (Messages(content=("string", "null")), None, 200),
        (Messages(parts=("text",)), [{"type": "image_url", "image_url": {"url": "u"}}], 400),
    ],
)
def test_messages_keep_to_the_profile(messages: Messages, content: Any, expected: int) -> None:
    """Roles, contents and parts are those that the profile takes."""
    told = replace(PLAIN, messages=messages)

    assert expected == chat(told, messages=[{"role": "user", "content": content}]).status
