"""Whatever is sent, the answer is one of ours: never a crash, never a 5xx."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model.profile import Policy, Reaction
from conformance.refserver.instance import instance
from conformance.refserver.parameters import TOP_LEVEL

from .asking import MODEL, PLAIN, WEATHER, ask, request

TOLERANT = replace(
    PLAIN,
    wrong_type=Policy((Reaction.IGNORE,)),
    out_of_range=Policy((Reaction.CLAMP,)),
    unknown_field=Policy((Reaction.STRIP,)),
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
WORDS = st.sampled_from(
    [
        "type",
        "function",
        "name",
        "role",
        "content",
        "text",
        "tool_calls",
        "id",
        "user",
        "assistant",
        "tool",
        "required",
        "properties",
        "items",
        "enum",
        "$ref",
        "#",
        "json_schema",
        "schema",
    ]
)
VALUES = st.recursive(
    LEAVES | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
        optional={"content": VALUES, "tool_calls": VALUES, "tool_call_id": VALUES},
    )
    | VALUES,
    max_size=3,
)
BODIES = st.fixed_dictionaries(
    {"model": st.just(MODEL), "messages": MESSAGES},
    optional={name: VALUES for name in TOP_LEVEL if name not in ("model", "messages", "tools")},
)


@settings(max_examples=400, deadline=None)
@given(
    body=BODIES, tools=st.sampled_from([None, [WEATHER]]) | VALUES, stream=st.booleans() | st.none()
)
def test_any_json_is_answered(body: dict[str, Any], tools: Any, stream: Any) -> None:
    """By a profile that refuses, and by one that ignores, clamps and strips."""
    sent = {**body, "stream": stream} | ({} if tools is None else {"tools": tools})
    incoming = request("POST", "/v1/chat/completions", sent)

    for profile in (PLAIN, TOLERANT):
        status = ask(incoming, profile).status
        assert status is not None
        assert 200 <= status < 500


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=200), path=st.text(max_size=30), method=st.sampled_from(["GET", "PUT"])
)
def test_any_bytes_are_answered(body: bytes, path: str, method: str) -> None:
    """Bodies that are no JSON, and paths that are none."""
    incoming = request("POST", "/v1/chat/completions", body)

    assert 400 == ask(incoming).status
    assert (ask(request(method, "/v1/" + path)).status or 0) in (200, 404, 405)


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.dictionaries(
        st.sampled_from(
            [
                "type",
                "properties",
                "required",
                "items",
                "enum",
                "anyOf",
                "allOf",
                "minItems",
                "minLength",
                "minimum",
                "maximum",
                "multipleOf",
                "pattern",
                "$ref",
                "const",
            ]
        ),
        inner | st.lists(inner, max_size=3) | st.sampled_from(["object", "array", "string", "#"]),
        max_size=4,
    ),
    max_leaves=15,
)


@settings(max_examples=400, deadline=None)
@given(schema=SCHEMAS)
def test_any_schema_gets_some_value(schema: Any) -> None:
    """What is no schema gets a value as well."""
    instance(schema)
