"""The checks of schemas: every kind of shape, as the form of an answer and as the parameters of a function."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.checks.effects.form import strict_answer
from conformance.checks.effects.seen import Effect
from conformance.checks.obedience import of_answer, of_arguments, strict_arguments
from conformance.checks.registry import all_checks
from conformance.model.exchange import Exchange
from conformance.model.finding import Level
from conformance.model.profile import Parameter, Profile, Support
from conformance.wire.reading import Reading
from tests.builders import (
    FAIL,
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    Value,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_fragment,
    a_message,
    a_profile,
    a_request,
    an_error,
    an_exchange,
    breaks,
    calling,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    tool_chunks,
    verify,
)

SCHEMA: Value = {
    "type": "object",
    "properties": {"mark": {"type": "integer", "maximum": 10}},
    "required": ["mark"],
    "additionalProperties": False,
}
ALL = (
    *("model", "messages", "max_tokens", "stream", "tools", "tool_choice", "response_format"),
    *("response_format.json_schema.strict", "tools[].function.strict"),
)


def claiming(**support: Support) -> Profile:
    """A profile that claims tools and response formats in full, strictness included, except where told."""
    claims = {name: Parameter(name, support.get(name.split(".")[-1], Support.FULL)) for name in ALL}
    return a_profile(parameters=claims)


CLAIMED = claiming()


def asked(kind: str, *, strict: bool = True, schema: Value = SCHEMA, **more: Value) -> Value:
    """A request that carries a schema."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": "Give a mark."}], **more}
    if kind == "output":
        form = {"name": "answer", "strict": strict, "schema": schema}
        return {**body, "response_format": {"type": "json_schema", "json_schema": form}}
    function = {"name": "submit", "parameters": schema, "strict": strict}
    chosen = {"type": "function", "function": {"name": "submit"}}
    return {**body, "tools": [{"type": "function", "function": function}], "tool_choice": chosen}


def answer(kind: str, text: str, finish: str | None = None) -> Value:
    """A whole answer with this text for content or arguments."""
    if kind == "output":
        return a_completion(choices=[a_choice(a_message(text), finish=finish or "stop")])
    call = a_call(function={"name": "submit", "arguments": text})
    return calling(call, finish=finish or "tool_calls")


def streamed(kind: str, text: str) -> list[Value]:
    """The chunks of the same answer."""
    middle = len(text) // 2
    if kind == "output":
        said = [a_chunk({"content": part}) for part in (text[:middle], text[middle:])]
        return [role_chunk(), *said, finish_chunk()]
    opening = a_fragment(opens=True, function={"name": "submit", "arguments": ""})
    return tool_chunks(opening, a_fragment(text[:middle]), a_fragment(text[middle:]))


def sent(check: str, text: str = '{"mark":3}', **how: Any) -> Exchange:
    """What came of such a request, sent for the family of a check."""
    kind = "tool" if check.split(".")[1] == "tool" else "output"
    whole = {"json": answer(kind, text, how.pop("finish", None))} if "status" not in how else {}
    request = a_request(asked(kind, **how.pop("asks", {})))
    return an_exchange(check, id=f"{check}:case", request=request, **whole, **how)


def streaming(check: str, text: str) -> Exchange:
    """The same as a stream."""
    kind = check.split(".")[1]
    request = a_request(asked(kind, stream=True))
    return an_exchange(
        check, id=f"{check}:stream-case", request=request, stream=streamed(kind, text)
    )


def refused(check: str, status: int = 400) -> Exchange:
    """A refusal."""
    return sent(check, status=status, json=an_error())


CHECKS = [i for i in all_checks() if i.startswith("schema.")]
CASES: list[Case] = []
for check in CHECKS:
    kind = check.split(".")[1]
    weakest = all_checks()[check].level is Level.MAY
    where = {"output": "/choices/0/message/content", "tool": "/choices/0/message/tool_calls/0"}[
        kind
    ]
    CASES += [
        holds(check, "obeyed", sent(check), profile=CLAIMED),
        holds(check, "obeyed in a stream", streaming(check, '{"mark":3}'), profile=CLAIMED),
        breaks(
            check,
            "a bound passed over",
            sent(check, '{"mark":11}'),
            profile=CLAIMED,
            at=where,
            outcome=NOTE if weakest else FAIL,
        ),
        breaks(
            check,
            "a schema that is not strict",
            sent(check, '{"mark":11}', asks={"strict": False}),
            profile=CLAIMED,
            at=where,
            outcome=NOTE,
        ),
        idle(
            check,
            "500, which another check is about",
            refused(check, 500),
            profile=CLAIMED,
            outcome=INCONCLUSIVE,
            also=("http.no-server-error",),
        ),
    ]

OUT, TOOL = "schema.output.numbers", "schema.tool.numbers"
PLACE = {OUT: "/choices/0/message/content", TOOL: "/choices/0/message/tool_calls/0"}
for check, flag in ((OUT, "response_format"), (TOOL, "tools")):
    CASES += [
        breaks(
            check,
            "refused although it is claimed",
            refused(check),
            profile=CLAIMED,
            at="status",
            outcome=NOTE,
        ),
        idle(
            check,
            "refused where nothing is claimed",
            refused(check),
            profile=claiming(**{flag: Support.UNKNOWN}),
            outcome=INCONCLUSIVE,
        ),
        breaks(
            check,
            "broken where nothing is claimed",
            sent(check, '{"mark":11}'),
            profile=claiming(**{flag: Support.UNKNOWN}),
            at=PLACE[check],
            outcome=NOTE,
        ),
        breaks(
            check,
            "broken where strictness is not spoken of",
            sent(check, '{"mark":11}'),
            profile=claiming(strict=Support.UNKNOWN),
            at=PLACE[check],
            outcome=WARN,
        ),
        idle(check, "not supported", profile=claiming(**{flag: Support.NONE})),
        idle(
            check,
            "cut by the limit",
            sent(check, '{"mark', finish="length"),
            profile=CLAIMED,
            outcome=INCONCLUSIVE,
        ),
    ]
CASES += [
    breaks(
        OUT,
        "a bound passed over in a stream",
        streaming(OUT, '{"mark":11}'),
        profile=CLAIMED,
        at="choice 0/message/content",
    ),
    breaks(
        TOOL,
        "a bound passed over in a stream",
        streaming(TOOL, '{"mark":11}'),
        profile=CLAIMED,
        at="choice 0/message/tool_calls/0",
    ),
    idle(
        OUT,
        "nothing of the schema, which another check is about",
        sent(OUT, '{"answer":3}'),
        profile=CLAIMED,
        outcome=INCONCLUSIVE,
        also=("param.response-format.effective",),
    ),
    idle(
        OUT,
        "refused as the plainest schema is",
        refused("param.response-format.value"),
        refused(OUT),
        profile=CLAIMED,
        outcome=INCONCLUSIVE,
        also=("param.response-format.accepted",),
    ),
    idle(
        OUT,
        "a stream refused",
        an_exchange(
            OUT, request=a_request(asked("output", stream=True)), status=400, json=an_error()
        ),
        profile=CLAIMED,
        outcome=INCONCLUSIVE,
    ),
    idle(
        OUT,
        "a code fence, which another check is about",
        sent(OUT, '```json\n{"mark":3}\n```'),
        profile=CLAIMED,
        outcome=INCONCLUSIVE,
        also=("param.response-format.effective",),
    ),
    idle(
        TOOL,
        "arguments that are no JSON, which another check is about",
        sent(TOOL, "mark=3"),
        profile=CLAIMED,
        outcome=INCONCLUSIVE,
        also=("chat.response.tool-call-arguments",),
    ),
    idle(
        TOOL,
        "no call, which another check is about",
        an_exchange(TOOL, request=a_request(asked("tool")), json=a_completion()),
        profile=CLAIMED,
        outcome=INCONCLUSIVE,
        also=("param.tool-choice.effective",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_verdicts(case: Case) -> None:
    """Each check sees what it should, and no other speaks of it."""
    verify(case)


@pytest.mark.parametrize(
    ("kind", "text", "effect"),
    [
        ("output", '{"mark":10}', Effect.SEEN),
        ("output", '{"mark":"10"}', Effect.MISSING),
        ("output", '{"mark":3,"more":1}', Effect.MISSING),
        ("output", '{"answer":3}', Effect.UNCLEAR),
        ("output", "[]", Effect.UNCLEAR),
        ("output", "ten", Effect.UNCLEAR),
        ("tool", '{"mark":10}', Effect.SEEN),
        ("tool", "{}", Effect.MISSING),
        ("tool", "", Effect.UNCLEAR),
        ("tool", "[]", Effect.UNCLEAR),
    ],
)
def test_what_is_seen(kind: str, text: str, effect: Effect) -> None:
    """What is no JSON is unclear here; what breaks the schema is told with its place."""
    look = of_answer if kind == "output" else of_arguments
    seen = look(Reading(sent(f"schema.{kind}.numbers", text)))

    assert effect == seen.effect
    assert bool(seen.at) is (effect is Effect.MISSING)


def test_a_function_without_parameters_takes_any_object() -> None:
    """A schema that was not sent cannot be broken."""
    body = asked("tool", strict=False)
    del body["tools"][0]["function"]["parameters"]
    exchange = an_exchange(TOOL, request=a_request(body), json=answer("tool", "{}"))

    assert Effect.SEEN == of_arguments(Reading(exchange)).effect


def test_strictness_is_told_from_the_request() -> None:
    """Of several functions the one that is named counts, and all of them where none is."""
    body = asked("tool")
    loose = {"type": "function", "function": {"name": "other"}}
    both = {**body, "tools": [*body["tools"], loose]}

    assert strict_arguments(both)
    assert not strict_arguments({k: v for k, v in both.items() if k != "tool_choice"})
    assert not strict_arguments({"tools": "x"})
    assert strict_answer(asked("output"))
    assert not strict_answer(asked("output", strict=False))
    assert not strict_answer(json.loads("{}"))
