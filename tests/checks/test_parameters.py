"""The checks of the parameter matrix, for every parameter alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from conformance.checks.registry import all_checks
from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import Parameter, Policy, Profile, Reaction, Support
from conformance.spec.names import NAMES, slug
from tests.builders import (
    FAIL,
    INCONCLUSIVE,
    NOTE,
    SKIP,
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
    calling,
    changed,
    finding,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    text_chunks,
    tool_chunks,
    verify,
)

REJECT = Policy((Reaction.REJECT,))
IGNORE = Policy((Reaction.IGNORE,))
OPENAI_LIKE: dict[str, Policy] = dict.fromkeys(
    ("unsupported", "unknown_field", "out_of_range", "wrong_type", "combination"), REJECT
)


def claiming(*claims: Parameter, **more: Any) -> Profile:
    """A profile with these claims, that refuses everything else."""
    usual = (Parameter("model", Support.FULL), Parameter("messages", Support.FULL))
    streams = Parameter("stream", Support.FULL)
    every = {c.name: c for c in (*usual, streams, *claims)}
    return a_profile(parameters=every, **{**OPENAI_LIKE, **more})


def full(name: str, **limits: Any) -> Parameter:
    """A parameter claimed in full."""
    return Parameter(name, Support.FULL, **limits)


def sent(probe: str, fields: Mapping[str, Value], **how: Any) -> Exchange:
    """What came of a request with these members, sent for a family."""
    usual = {"model": "tiny", "messages": [{"role": "user", "content": "Say OK."}]}
    return an_exchange(probe, id=f"{probe}:case", request=a_request({**usual, **fields}), **how)


def refused(probe: str, fields: Mapping[str, Value], status: int = 400, **error: Value) -> Exchange:
    """A refusal of such a request."""
    return sent(probe, fields, status=status, json=an_error(**error))


CASES: list[Case] = []
for name in NAMES:
    base = f"param.{slug(name)}"
    one: dict[str, Value] = {name: True if name == "stream" else 7}
    value = "true" if name == "stream" else "7"
    whole = {"json": a_completion()}
    seven = {"json": a_completion(choices=[a_choice(index=i) for i in range(7)])}
    given: dict[str, Any] = {"stream": {}, "n": seven}.get(name, whole)
    family = f"{base}.value"
    CASES += [
        holds(f"{base}.accepted", "200", sent(family, one, **given), profile=claiming(full(name))),
        breaks(
            f"{base}.accepted",
            "400",
            refused(family, one),
            profile=claiming(full(name)),
            at=f"status, for {name} = {value}",
        ),
        breaks(
            f"{base}.accepted",
            "400 where support is left open",
            refused(family, one),
            profile=claiming(Parameter(name, Support.UNKNOWN)),
            at=f"status, for {name} = {value}",
            outcome=NOTE,
        ),
    ]
    bounded = claiming(full(name, types=("integer",), maximum=3))
    outside, mistyped = f"{base}.range", f"{base}.type"
    if outside in all_checks():  # flags have no range
        accepted = sent(outside, {name: 4}, **whole)
        otherwise = refused(outside, {name: 4}, 422)
        CASES += [
            holds(outside, "400", refused(outside, {name: 4}), profile=bounded),
            breaks(outside, "200", accepted, profile=bounded, at=name),
            breaks(outside, "another status than stated", otherwise, profile=bounded, at=name),
        ]
    CASES += [
        holds(mistyped, "400", refused(mistyped, {name: "x"}), profile=bounded),
        breaks(mistyped, "200", sent(mistyped, {name: "x"}, **whole), profile=bounded, at=name),
    ]
    none = claiming(Parameter(name, Support.NONE))
    passing = claiming(Parameter(name, Support.NONE), unsupported=IGNORE)
    gone = f"{base}.unsupported"
    if gone in all_checks():  # whether there are streams at all is told elsewhere
        CASES += [
            holds(gone, "refused", refused(gone, one), profile=none),
            breaks(gone, "taken", sent(gone, one, **given), profile=none, at=name),
            holds(gone, "ignored", sent(gone, one, **whole), profile=passing),
            breaks(gone, "refused, not ignored", refused(gone, one), profile=passing, at=name),
        ]
    if f"{base}.combination" in all_checks():
        alone = f"{base}.combination"
        paired = claiming(full(name, requires={"zz": None}))
        CASES += [
            holds(alone, "400", refused(alone, one), profile=paired),
            breaks(alone, "200", sent(alone, one, **given), profile=paired, at=name),
        ]
    if f"{base}.missing" in all_checks():
        short = f"{base}.missing"
        needing = claiming(full(name), full(f"{name}.zz", required=True))
        object_: dict[str, Value] = {name: {"other": 1}}
        typed = claiming(full(name), full(f"{name}.zz", required_where={"other": 1}))
        passed = claiming(full(name), full(f"{name}.zz", required=True), missing=IGNORE)
        CASES += [
            holds(short, "400", refused(short, object_), profile=needing),
            holds(short, "taken where that is stated", sent(short, object_, **whole), profile=passed),
            breaks(short, "refused where it is to be taken", refused(short, object_), profile=passed, at=f"{name}.zz"),
            breaks(short, "200", sent(short, object_, **whole), profile=needing, at=f"{name}.zz"),
            breaks(short, "200, required with this type", sent(short, object_, **whole), profile=typed, at=f"{name}.zz"),
            idle(short, "nothing missing", sent(short, {name: {"zz": 1}}, **whole), profile=needing),
            idle(short, "another type", sent(short, {name: {"other": 2}}, **whole), profile=typed),
        ]  # fmt: skip
MODEL_TYPE = claiming(full("model", types=("string",)))
CASES += [
    holds("param.model.type", "400", refused("param.model.type", {"model": 5}), profile=MODEL_TYPE),
    breaks(
        "param.model.type", "200", sent("param.model.type", {"model": 5}), profile=MODEL_TYPE, at="model"
    ),
]  # fmt: skip


# Effects


def texts(*contents: str, finish: str = "stop", **more: Value) -> dict[str, Value]:
    """A plain answer with these choices."""
    made = [a_choice(a_message(text), index=i, finish=finish) for i, text in enumerate(contents)]
    return a_completion(choices=made, **more)


def spending(tokens: int, text: str = "one two", finish: str = "length") -> dict[str, Value]:
    """A plain answer that counts so many tokens."""
    return texts(text, finish=finish, usage=a_usage(9, tokens))


def calls(count: int, name: str = "get_weather") -> dict[str, Value]:
    """A plain answer with so many calls."""
    function = {"name": name, "arguments": '{"city": "Paris"}'}
    made = [{"id": f"call_{i}", "type": "function", "function": function} for i in range(count)]
    return calling(*made)


def legacy_call(name: str) -> dict[str, Value]:
    """A plain answer with a call of the old kind."""
    message = a_message(None, function_call={"name": name, "arguments": "{}"})
    return a_completion(choices=[a_choice(message, finish="function_call")])


def scored(top: int) -> dict[str, Value]:
    """A plain answer with log probabilities and so many alternatives."""
    token = {"token": "OK.", "logprob": -0.1, "bytes": [79, 75, 46]}
    content = [{**token, "top_logprobs": [token] * min(top, 1)}]
    choice = a_choice(logprobs={"content": content, "refusal": None})
    return a_completion(choices=[choice])


TOOLS = [{"type": "function", "function": {"name": n}} for n in ("get_weather", "get_time")]
NAMED = {"type": "function", "function": {"name": "get_time"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [NAMED]}}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "s",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
WORDS = [{"role": "user", "content": "Repeat exactly: alpha beta gamma delta"}]
TWO = {"n": 2, "stream": True}
TWO_CHUNKS = [role_chunk(0), role_chunk(1), finish_chunk(index=0), finish_chunk(index=1)]
PADDED = [{**chunk, "obfuscation": "x"} for chunk in text_chunks()]
QUIET = {"stream": True, "stream_options": {"include_obfuscation": False}}
LINES = [{"role": "user", "content": "Repeat exactly: alpha beta\ngamma delta"}]
SPANNING = {"stop": "ta gam", "messages": WORDS}

EFFECTS: list[tuple[str, str, dict[str, Value], dict[str, Any], dict[str, Any], str]] = [
    ("n", "plain", {"n": 2}, {"json": texts("a", "b")}, {"json": texts("a")}, "/choices"),
    ("n", "stream", TWO, {"stream": TWO_CHUNKS}, {"stream": text_chunks()}, "/choices"),
    (
        "stop", "word", {"stop": "gamma", "messages": WORDS},
        {"json": texts("alpha beta ")}, {"json": texts("alpha beta gamma delta")}, "/choices/0",
    ),
    (
        "stop", "in a stream", {"stop": ["x", "ta g"], "messages": WORDS, "stream": True},
        {"stream": text_chunks("alpha ", "be")}, {"stream": text_chunks("alpha beta", " gamma delta")}, "choice 0",
    ),
    (
        "stop", "at the end of a line", {"stop": ["omega", "\n"], "messages": LINES},
        {"json": texts("alpha beta")}, {"json": texts("alpha beta\ngamma delta")}, "/choices/0",
    ),
    ("max_tokens", "counted", {"max_tokens": 5}, {"json": spending(5)}, {"json": spending(60)}, "max_tokens = 5"),
    (
        "max_tokens", "words", {"max_tokens": 5}, {"json": spending(5)},
        {"json": spending(5, "one two three four five six seven eight")}, "max_tokens = 5",
    ),
    (
        "max_completion_tokens", "counted", {"max_completion_tokens": 5},
        {"json": spending(5)}, {"json": spending(60)}, "max_completion_tokens = 5",
    ),
    ("logprobs", "plain", {"logprobs": True}, {"json": scored(0)}, {"json": texts("OK.")}, "/choices/0/logprobs"),
    ("top_logprobs", "plain", {"logprobs": True, "top_logprobs": 2}, {"json": scored(1)}, {"json": scored(0)},
     "/choices/0/logprobs/content/0/top_logprobs"),
    ("response_format", "schema", {"response_format": SCHEMA}, {"json": texts('{"city": "Paris"}')},
     {"json": texts('{"town": "Paris"}')}, "/choices/0/message/content"),
    ("response_format", "fenced", {"response_format": {"type": "json_object"}}, {"json": texts("{}")},
     {"json": texts("```json\n{}\n```")}, "/choices/0/message/content"),
    ("response_format", "no object", {"response_format": {"type": "json_object"}}, {"json": texts("{}")},
     {"json": texts("[1]")}, "/choices/0/message/content"),
    ("tool_choice", "none", {"tools": TOOLS, "tool_choice": "none"}, {"json": texts("OK.")},
     {"json": calls(1)}, "tool_choice = none"),
    ("tool_choice", "required", {"tools": TOOLS, "tool_choice": "required"}, {"json": calls(1)},
     {"json": texts("OK.")}, "tool_choice = required"),
    ("tool_choice", "in a stream", {"tools": TOOLS, "tool_choice": "required", "stream": True},
     {"stream": tool_chunks()}, {"stream": text_chunks()}, "tool_choice = required"),
    ("tool_choice", "named", {"tools": TOOLS, "tool_choice": NAMED}, {"json": calls(1, "get_time")},
     {"json": calls(1)}, f"tool_choice = {NAMED!r}"),
    ("tool_choice", "allowed", {"tools": TOOLS, "tool_choice": ALLOWED}, {"json": calls(1, "get_time")},
     {"json": calls(1)}, ""),
    ("parallel_tool_calls", "plain", {"tools": TOOLS, "parallel_tool_calls": False}, {"json": calls(1)},
     {"json": calls(2)}, "parallel_tool_calls = false"),
    ("function_call", "named", {"functions": [{"name": "f"}], "function_call": {"name": "f"}},
     {"json": legacy_call("f")}, {"json": texts("OK.")}, "function_call = {'name': 'f'}"),
    ("function_call", "none", {"functions": [{"name": "f"}], "function_call": "none"},
     {"json": texts("OK.")}, {"json": legacy_call("f")}, "function_call = none"),
]  # fmt: skip


def served_by(tier: str | None) -> dict[str, Value]:
    """A plain answer of a tier."""
    return a_completion(service_tier=tier)


TIERED = {"service_tier": "flex", "stream": True}
LAST = finish_chunk()


def effect_of(name: str, fields: Mapping[str, Value], **how: Any) -> Exchange:
    """What came of a request that shows an effect."""
    return sent(f"param.{slug(name)}.value", fields, **how)


for name, label, fields, right, _wrong, _at in EFFECTS:
    check = f"param.{slug(name)}.effective"
    CASES.append(
        holds(check, label, effect_of(name, fields, **right), profile=claiming(full(name)))
    )


@pytest.mark.parametrize(
    ("name", "fields", "answer", "at"),
    [(name, fields, wrong, at) for name, _, fields, _, wrong, at in EFFECTS],
    ids=[f"{name}-{label}" for name, label, *_ in EFFECTS],
)
@pytest.mark.parametrize(
    ("support", "outcome"), [(Support.FULL, FAIL), (Support.UNKNOWN, NOTE), (Support.PARTIAL, NOTE)]
)
def test_accepted_and_ignored(
    name: str,
    fields: dict[str, Value],
    answer: dict[str, Any],
    at: str,
    support: Support,
    outcome: Outcome,
) -> None:
    """A claimed parameter without its effect fails; one that is left open is noted."""
    made = finding(
        f"param.{slug(name)}.effective",
        effect_of(name, fields, **answer),
        profile=claiming(Parameter(name, support)),
    )

    assert outcome == made.outcome
    cut = "cut with finish_reason length" in made.problems[0].actual
    assert f"accepted and {'kept in part' if cut else 'ignored'}: " in made.problems[0].actual
    assert not at or at == made.problems[0].at


CASES += [
    breaks(
        f"param.{slug(name)}.effective",
        label,
        effect_of(name, fields, **wrong),
        profile=claiming(full(name)),
        at=at,
    )
    for name, label, fields, _, wrong, at in EFFECTS
    if at
]
CASES += [
    holds(
        "param.stream-options.effective",
        "no padding",
        effect_of("stream_options", QUIET, stream=text_chunks()),
        profile=claiming(full("stream_options")),
    ),
    holds(
        "param.stream-options.effective",
        "padding that is null",
        effect_of(
            "stream_options", QUIET, stream=[{**c, "obfuscation": None} for c in text_chunks()]
        ),
        profile=claiming(full("stream_options")),
    ),
    breaks(
        "param.n.effective",
        "all pieces under one index",
        effect_of(
            "n",
            {**TWO, "messages": WORDS},
            stream=text_chunks(
                "alpha", "alpha", " beta", " beta", " gamma", " gamma", " delta", " delta"
            ),
        ),
        profile=claiming(full("n")),
        at="choice 0",
        actual="accepted and not kept: the pieces of 2 choices under one index",
        also=("chunk.choices-apart",),
    ),
    breaks(
        "param.max-tokens.effective",
        "calls that are null",
        effect_of(
            "max_tokens",
            {"max_tokens": 5},
            json=changed(spending(60), ("/choices/0/message/tool_calls", None)),
        ),
        profile=claiming(full("max_tokens")),
        at="max_tokens = 5",
    ),
    idle(
        "param.max-tokens.effective",
        "content that is no text",
        effect_of(
            "max_tokens",
            {"max_tokens": 5},
            json=changed(spending(60), ("/choices/0/message/content", 7)),
        ),
        profile=claiming(full("max_tokens")),
        outcome=INCONCLUSIVE,
        also=("chat.response.content",),
    ),
    breaks(
        "param.stream-options.effective",
        "padding",
        effect_of("stream_options", QUIET, stream=PADDED),
        profile=claiming(full("stream_options")),
        at="event 1",
        outcome=NOTE,
    ),
    holds(
        "param.logit-bias.effective",
        "one token",
        effect_of("logit_bias", {"logit_bias": {"7": 100}}, json=texts(" heron heron heron")),
        profile=claiming(full("logit_bias")),
    ),
    breaks(
        "param.logit-bias.effective",
        "prose",
        effect_of("logit_bias", {"logit_bias": {"7": 100}}, json=texts("A heron waits.")),
        profile=claiming(full("logit_bias")),
        at="logit_bias = {'7': 100}",
        outcome=WARN,
    ),
    holds(
        "param.service-tier.effective",
        "default",
        effect_of("service_tier", {"service_tier": "default"}, json=served_by("default")),
        profile=claiming(full("service_tier")),
    ),
    holds(
        "param.service-tier.effective",
        "another than asked for",
        effect_of("service_tier", {"service_tier": "flex"}, json=served_by("default")),
        profile=claiming(full("service_tier")),
    ),
    holds(
        "param.service-tier.effective",
        "in a chunk",
        effect_of(
            "service_tier", TIERED, stream=[*text_chunks(), {**LAST, "service_tier": "flex"}]
        ),
        profile=claiming(full("service_tier")),
    ),
    breaks(
        "param.service-tier.effective",
        "a dearer one",
        effect_of("service_tier", {"service_tier": "default"}, json=served_by("priority")),
        profile=claiming(full("service_tier")),
        at="service_tier",
        actual="accepted and not kept: served by 'priority'",
        outcome=WARN,
    ),
    breaks(
        "param.service-tier.effective",
        "one of a vendor's own",
        effect_of("service_tier", {"service_tier": "default"}, json=served_by("on_demand")),
        profile=claiming(full("service_tier")),
        at="service_tier",
        outcome=NOTE,
    ),
    idle(
        "param.service-tier.effective",
        "null",
        effect_of("service_tier", {"service_tier": "flex"}, json=served_by(None)),
        profile=claiming(full("service_tier")),
        outcome=INCONCLUSIVE,
    ),
    idle(
        "param.service-tier.effective",
        "in no chunk",
        effect_of("service_tier", TIERED, stream=text_chunks()),
        profile=claiming(full("service_tier")),
        outcome=INCONCLUSIVE,
    ),
    breaks(
        "param.stop.effective",
        "its beginning",
        effect_of("stop", SPANNING, json=texts("alpha beta ")),
        profile=claiming(full("stop")),
        at="/choices/0",
        actual="accepted and kept in part: the beginning of the stop sequence is left in the text"
        " ('ta' of 'ta gam'): 'alpha beta '",
        outcome=WARN,
    ),
    breaks(
        "param.stop.effective",
        "its beginning in a stream",
        effect_of(
            "stop",
            {"stop": ["omega", "gamma"], "messages": WORDS, "stream": True},
            stream=text_chunks("alpha beta", " gam"),
        ),
        profile=claiming(full("stop")),
        at="choice 0",
        outcome=WARN,
    ),
    breaks(
        "param.stop.effective",
        "the sequence, which is kept",
        effect_of("stop", {"stop": "gamma", "messages": WORDS}, json=texts("alpha beta gamma")),
        profile=claiming(full("stop")),
        at="/choices/0",
        actual="accepted and not kept: stops, but keeps the sequence 'gamma': 'alpha beta gamma'",
    ),
    breaks(
        "param.stop.effective",
        "the rest of the token that the sequence ends in",
        effect_of("stop", SPANNING, json=texts("alpha beta gamma")),
        profile=claiming(full("stop")),
        at="/choices/0",
        actual="accepted and not kept: stops, but keeps the sequence 'ta gam': 'alpha beta gamma'",
    ),
    breaks(
        "param.stop.effective",
        "the sequence at the end, where the text ends by itself",
        effect_of(
            "stop", {"stop": "delta", "messages": WORDS}, json=texts("alpha beta gamma delta")
        ),
        profile=claiming(full("stop")),
        at="/choices/0",
        actual="accepted and perhaps kept in part: the text ends with 'delta': 'alpha beta gamma delta'",
    ),
    breaks(
        "param.stop.effective",
        "the sequence, and as far as the limit",
        effect_of(
            "stop",
            {"stop": "gamma", "messages": WORDS},
            json=texts("alpha beta gamma", finish="length"),
        ),
        profile=claiming(full("stop")),
        at="/choices/0",
        actual="accepted and ignored: the text contains 'gamma': 'alpha beta gamma'",
    ),
    holds(
        "param.stop.effective",
        "one letter of it, which may be another word's",
        effect_of("stop", {"stop": "gamma", "messages": WORDS}, json=texts("alpha beta g")),
        profile=claiming(full("stop")),
    ),
    holds(
        "param.stop.effective",
        "the limit cut inside it",
        effect_of("stop", SPANNING, json=texts("alpha beta", finish="length")),
        profile=claiming(full("stop")),
    ),
    breaks(
        "param.max-tokens.effective",
        "one token too many",
        effect_of("max_tokens", {"max_tokens": 5}, json=spending(6)),
        profile=claiming(full("max_tokens")),
        at="max_tokens = 5",
        outcome=WARN,
    ),
    breaks(
        "param.max-tokens.effective",
        "counted with another tokenizer than the one that cuts",
        effect_of("max_tokens", {"max_tokens": 64}, json=spending(100)),
        profile=claiming(full("max_tokens")),
        at="max_tokens = 64",
        outcome=WARN,
    ),
    idle(
        "param.max-tokens.effective",
        "a call, counted with its wrapping",
        effect_of(
            "max_tokens",
            {"max_tokens": 5, "tools": TOOLS},
            json=calls(1) | {"usage": a_usage(9, 36)},
        ),
        profile=claiming(full("max_tokens"), full("tools")),
        outcome=Outcome.INCONCLUSIVE,
    ),
    idle(
        "param.max-tokens.effective",
        "a short answer",
        effect_of("max_tokens", {"max_tokens": 5}, json=spending(2, "OK.", "stop")),
        profile=claiming(full("max_tokens")),
        outcome=Outcome.INCONCLUSIVE,
    ),
    idle(
        "param.stop.effective",
        "the model said something else",
        effect_of("stop", {"stop": "gamma", "messages": WORDS}, json=texts("I cannot.")),
        profile=claiming(full("stop")),
        outcome=Outcome.INCONCLUSIVE,
    ),
    idle(
        "param.max-tokens.effective",
        "another parameter goes before it",
        effect_of("max_tokens", {"max_tokens": 5, "max_completion_tokens": 60}, json=spending(60)),
        profile=claiming(
            full("max_tokens", overridden_by=("max_completion_tokens",)),
            full("max_completion_tokens"),
        ),
    ),
]


@pytest.mark.parametrize(
    ("fields", "answer", "actual"),
    [
        pytest.param(
            {"max_tokens": 1},
            {"json": spending(16)},
            "accepted and kept in part: 16 completion tokens for a limit of 1, cut with finish_reason length",
            id="a least limit",
        ),
        pytest.param(
            {"max_tokens": 1},
            {"json": spending(16, "OK.", "stop")},
            "accepted and ignored: 16 completion tokens for a limit of 1",
            id="not cut",
        ),
        pytest.param(
            {"max_tokens": 32},
            {"json": spending(33, "OK.", "stop")},
            "accepted and not kept: 33 completion tokens for a limit of 32",
            id="one too many",
        ),
        pytest.param(
            {"max_tokens": 5},
            {"json": spending(5, "one two three four five six seven eight", "stop")},
            "accepted and ignored: 8 words for a limit of 5",
            id="more words than the usage counts",
        ),
        pytest.param(
            {"n": 3},
            {"json": texts("a", "b")},
            "accepted and not kept: 2 choices",
            id="some of the choices",
        ),
    ],
)
def test_what_is_kept_in_part_is_not_called_ignored(
    fields: dict[str, Value], answer: dict[str, Any], actual: str
) -> None:
    """The words of a finding are no stronger than what was seen."""
    (name,) = fields
    check = f"param.{slug(name)}.effective"
    made = finding(check, effect_of(name, fields, **answer), profile=claiming(full(name)))

    assert [actual] == [p.actual for p in made.problems]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("No fixture matched", Outcome.INCONCLUSIVE),
        ("The model does not exist.", Outcome.INCONCLUSIVE),
        ("No endpoints found that support stop sequences.", FAIL),
        ("No endpoints found that can handle the requested parameters.", FAIL),
    ],
)
def test_not_found_is_put_down_to_a_parameter_only_if_it_says_so(
    message: str, outcome: Outcome
) -> None:
    """404 may be about the model, the route or, with servers of canned answers, the prompt."""
    made = finding(
        "param.stop.accepted",
        refused("param.stop.value", {"stop": "x"}, 404, message=message, code="none", param=None),
        profile=claiming(full("stop")),
    )

    assert outcome == made.outcome


# Fields that nobody knows, and what refusals say

FIELD = "param.unknown-field.unsupported"
COARSE = Policy((Reaction.REJECT,), code="too_large", type="invalid", names_parameter=True)
COUNTED = claiming(full("n", types=("integer",), maximum=3), out_of_range=COARSE)
EITHER = claiming(
    full("n", types=("integer",), maximum=3),
    out_of_range=Policy((Reaction.REJECT,), code_or_type=("invalid",)),
)
RIGHT = {"code": "too_large", "type": "invalid", "param": "n"}
CASES += [
    holds(FIELD, "refused", refused(FIELD, {"foo": 1}), profile=claiming()),
    breaks(FIELD, "taken", sent(FIELD, {"foo": 1}), profile=claiming(), at="foo"),
    holds(FIELD, "ignored", sent(FIELD, {"foo": 1}), profile=claiming(unknown_field=IGNORE)),
    idle(FIELD, "nothing is said of it", sent(FIELD, {"foo": 1})),
    holds(
        "errors.parameter-code",
        "as stated",
        refused("param.n.range", {"n": 4}, **RIGHT),
        profile=COUNTED,
    ),
    breaks(
        "errors.parameter-code",
        "another",
        refused("param.n.range", {"n": 4}, **{**RIGHT, "code": "bad"}),
        profile=COUNTED,
        at="/error/code",
    ),
    holds(
        "errors.parameter-code",
        "in either member",
        refused("param.n.range", {"n": 4}, code="invalid", type="x"),
        profile=EITHER,
    ),
    holds(
        "errors.parameter-named",
        "named",
        refused("param.n.range", {"n": 4}, **RIGHT),
        profile=COUNTED,
    ),
    breaks(
        "errors.parameter-named",
        "another",
        refused("param.n.range", {"n": 4}, **{**RIGHT, "param": "model"}),
        profile=COUNTED,
        at="/error/param",
    ),
    breaks(
        "errors.parameter-named",
        "none",
        refused("param.n.range", {"n": 4}, **{**RIGHT, "param": None}),
        profile=COUNTED,
        at="/error/param",
    ),
]


SEEDED = {"seed": 7, "temperature": 0}
CASES += [
    holds(
        "param.seed.effective",
        "the same twice",
        effect_of("seed", SEEDED, json=texts("a")),
        replace(effect_of("seed", SEEDED, json=texts("a")), id="param.seed.value:again"),
        profile=claiming(full("seed"), full("temperature")),
    ),
    breaks(
        "param.seed.effective",
        "another answer",
        effect_of("seed", SEEDED, json=texts("a")),
        replace(effect_of("seed", SEEDED, json=texts("b")), id="param.seed.value:again"),
        profile=claiming(full("seed"), full("temperature")),
        at="/choices",
        outcome=NOTE,
    ),
    holds(
        "param.seed.effective",
        "another machinery",
        effect_of("seed", SEEDED, json=texts("a", system_fingerprint="fp_1")),
        replace(
            effect_of("seed", SEEDED, json=texts("b", system_fingerprint="fp_2")),
            id="param.seed.value:again",
        ),
        profile=claiming(full("seed"), full("temperature")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_parameters(case: Case) -> None:
    """Each parameter is taken, works, and is dealt with outside its claim as the profile says."""
    verify(case)


def test_what_was_inferred_weighs_less() -> None:
    """A claim that follows from a description only warns."""
    from conformance.model.profile import Confidence

    inferred = full("seed", source=("page",), confidence=Confidence.INFERRED)
    made = finding(
        "param.seed.accepted", refused("param.seed.value", {"seed": 1}), profile=claiming(inferred)
    )

    assert WARN == made.outcome


def test_an_answer_that_ends_at_its_limit_is_not_called_shorter() -> None:
    """What ends by itself with the last token of its limit leaves open whether the limit ended it."""
    exchange = effect_of("max_tokens", {"max_tokens": 5}, json=spending(5, "OK.", "stop"))
    made = finding("param.max-tokens.effective", exchange, profile=claiming(full("max_tokens")))

    assert Outcome.INCONCLUSIVE == made.outcome
    assert "it ended at its limit with finish_reason stop" in made.reason


OF_SOME_MODELS = Parameter("audio", Support.PARTIAL, types=("object",))
OF_ALL = full("audio", types=("object",))
BY_TYPE = Policy((Reaction.REJECT,), code="invalid_type", names_parameter=True)


@pytest.mark.parametrize("check", ["errors.parameter-code", "errors.parameter-named"])
@pytest.mark.parametrize(
    ("claim", "error", "outcome"),
    [
        pytest.param(
            OF_SOME_MODELS,
            {"code": "unknown_parameter", "param": "x"},
            Outcome.INCONCLUSIVE,
            id="by its code",
        ),
        pytest.param(
            OF_SOME_MODELS,
            {"message": "Audio is not supported with this model.", "code": None, "param": "x"},
            Outcome.INCONCLUSIVE,
            id="by its message",
        ),
        pytest.param(OF_SOME_MODELS, {"code": "bad", "param": "x"}, FAIL, id="for something else"),
        pytest.param(
            OF_ALL,
            {"code": "unknown_parameter", "param": "x"},
            FAIL,
            id="though all models take it",
        ),
    ],
)
def test_a_model_that_takes_nothing_of_a_parameter_may_say_so(
    check: str, claim: Parameter, error: dict[str, Any], outcome: Outcome
) -> None:
    """Where some models take a parameter, the others refuse it whole, whatever its value is."""
    exchange = refused("param.audio.type", {"audio": 5}, **error)
    made = finding(check, exchange, profile=claiming(claim, wrong_type=BY_TYPE))

    assert outcome == made.outcome


def test_a_server_error_is_told_elsewhere() -> None:
    """A 500 says nothing of what the endpoint thinks of the parameter."""
    made = finding(
        "param.n.range",
        refused("param.n.range", {"n": 4}, 500),
        profile=claiming(full("n", types=("integer",), maximum=3)),
    )

    assert Outcome.INCONCLUSIVE == made.outcome


def test_one_of_several_reactions() -> None:
    """Where several are allowed any will do, and an effect is no problem where a value is cut."""
    several = Policy((Reaction.REJECT, Reaction.CLAMP), statuses=())
    claims = claiming(full("n", types=("integer",), maximum=3, out_of_range=several))
    for exchange in (
        refused("param.n.range", {"n": 4}, 422),
        sent("param.n.range", {"n": 4}, json=texts("a", "b", "c")),
    ):
        assert Outcome.PASS == finding("param.n.range", exchange, profile=claims).outcome


def test_what_is_ignored_has_no_effect() -> None:
    """An effect of what the profile says is ignored contradicts it."""
    claims = claiming(Parameter("n", Support.NONE), unsupported=IGNORE)
    gone = "param.n.unsupported"

    assert FAIL == finding(gone, sent(gone, {"n": 2}, json=texts("a", "b")), profile=claims).outcome
    assert (
        Outcome.PASS == finding(gone, sent(gone, {"n": 2}, json=texts("a")), profile=claims).outcome
    )


def test_what_is_not_claimed_is_skipped() -> None:
    """No policy, no verdict: the reason says what the profile leaves out."""
    made = finding("param.seed.range", profile=a_profile())

    assert SKIP == made.outcome
    assert "does not say" in made.reason


@pytest.mark.parametrize(
    ("named", "outcome"), [("x", Outcome.PASS), ("y", Outcome.PASS), ("model", FAIL)]
)
def test_of_two_that_do_not_go_together_either_is_named(named: str, outcome: Outcome) -> None:
    """Another parameter of the request is not to blame."""
    naming = Policy((Reaction.REJECT,), names_parameter=True)
    claims = claiming(full("x", excludes=("y",)), full("y"), combination=naming)
    exchange = refused("param.x.combination", {"x": 1, "y": 1}, param=named)

    assert outcome == finding("errors.parameter-named", exchange, profile=claims).outcome


def test_a_redirection_of_everything_is_one_cause() -> None:
    """Where the smallest request is redirected, another that is says nothing of its parameter."""
    claims = claiming(full("n"))
    moved = refused("param.n.value", {"n": 2}, 307)
    smallest = an_exchange("chat.basic", status=307, json=an_error())

    assert FAIL == finding("param.n.accepted", moved, profile=claims).outcome
    assert (
        Outcome.INCONCLUSIVE == finding("param.n.accepted", smallest, moved, profile=claims).outcome
    )
