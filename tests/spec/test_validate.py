"""Violations: where they are, what they say, and that remembering them changes nothing."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.spec import catalog, validate
from conformance.spec.validate import Violation, violations

COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
CHUNK: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1700000000,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}],
    "usage": None,
}
CALL: dict[str, Any] = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
}
MESSAGE = ("choices", 0, "message")
Path_ = tuple[str | int, ...]


def changed(value: Any, path: Path_, new: Any = ...) -> Any:
    """A copy with another value at a path, or without what is there."""
    made = copy.deepcopy(value)
    place = made
    for step in path[:-1]:
        place = place[step]
    if new is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return made


def fresh(schema: str, value: Any) -> tuple[Violation, ...]:
    """The violations, found without a memory."""
    return tuple(
        breach.violation(value)
        for breach in validate._found(validate._judge(schema).validator, value)
    )


def test_a_good_answer_has_no_violations() -> None:
    """The answers the other tests spoil are right."""
    assert violations("chat.completion", COMPLETION) == ()
    assert violations("chat.completion.chunk", CHUNK) == ()


@pytest.mark.parametrize(
    ("path", "new", "expected", "actual", "keyword"),
    [
        pytest.param(("id",), ..., "required", "absent", "required", id="missing"),
        pytest.param((*MESSAGE, "role"), ..., "required", "absent", "required", id="nested missing"),
        pytest.param(("id",), None, "string", "null", "type", id="null"),
        pytest.param(("id",), 7, "string", "7 (integer)", "type", id="wrong type"),
        pytest.param(("created",), 1.5, "integer", "1.5 (number)", "type", id="fraction"),
        pytest.param(("created",), 1.0, "integer", "1.0 (number)", "type", id="float for integer"),
        pytest.param(("created",), True, "integer", "true (boolean)", "type", id="boolean for integer"),
        pytest.param(("created",), "1", "integer", '"1" (string)', "type", id="text for integer"),
        pytest.param(("object",), "x", 'the constant "chat.completion"', '"x"', "const", id="constant"),
        pytest.param(
            ("choices", 0, "finish_reason"),
            "eos",
            "one of stop, length, tool_calls, content_filter, function_call",
            '"eos"',
            "enum",
            id="listed value",
        ),
        pytest.param(("service_tier",), 5, "string or null", "5 (integer)", "type", id="type before list"),
        pytest.param(("usage", "total_tokens"), -1, "at least 0", "-1", "minimum", id="negative"),
        pytest.param(("choices",), {"a": 1}, "array of objects", '{"a": 1} (object)', "type", id="object for array"),
        pytest.param((*MESSAGE, "content"), ["x"], "string or null", '["x"] (array)', "type", id="list for text"),
        pytest.param((*MESSAGE, "tool_calls"), None, "array of objects", "null", "type", id="null for array"),
        pytest.param((*MESSAGE, "tool_calls"), [{**CALL, "type": "x"}], "one of function, custom", '"x"', "enum", id="kind of call"),
    ],
)  # fmt: skip
def test_a_violation_says_where_what_and_what_came(
    path: Path_, new: Any, expected: str, actual: str, keyword: str
) -> None:
    """One spoilt field gives one violation at its path."""
    at = (*path, 0, "type") if keyword == "enum" and path[-1] == "tool_calls" else path
    pointer = "".join(f"/{step}" for step in at)

    assert (Violation(at, pointer, expected, actual, keyword),) == violations(
        "chat.completion", changed(COMPLETION, path, new)
    )


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        pytest.param({"id": "1", "type": "custom"}, "custom", id="custom call"),
        pytest.param({"id": "1", "type": "function"}, "function", id="function call"),
    ],
)
def test_the_type_of_a_call_says_which_member_it_needs(call: dict[str, Any], missing: str) -> None:
    """A custom call needs custom, any other needs function."""
    found = violations("chat.completion", changed(COMPLETION, (*MESSAGE, "tool_calls"), [call]))

    assert [f"/choices/0/message/tool_calls/0/{missing}"] == [one.pointer for one in found]


@pytest.mark.parametrize("value", [None, [], "x", 1, 1.5, True], ids=repr)
@pytest.mark.parametrize("schema", ["chat.completion", "chat.completion.chunk", "error", "model"])
def test_a_value_that_is_no_object_is_one_violation(schema: str, value: Any) -> None:
    """The whole value has the empty pointer."""
    found = violations(schema, value)

    assert [(one.pointer, one.expected) for one in found] == [("", "object")]


def test_violations_come_in_a_fixed_order() -> None:
    """All broken places are told, each once, the same on every call."""
    value = changed(changed(COMPLETION, ("created",), None), ("choices", 0, "index"), "0")
    value = changed(value, ("id",))

    assert [one.pointer for one in violations("chat.completion", value)] == [
        "/id",
        "/created",
        "/choices/0/index",
    ]
    assert violations("chat.completion", value) == violations("chat.completion", value)


def test_two_values_of_one_shape_show_each_their_own_value() -> None:
    """What is remembered is the rule that broke, not the value that broke it."""
    shown = [
        violations("model", {"id": text, "object": text, "created": 1, "owned_by": "x"})[0].actual
        for text in ("first", "second")
    ]

    assert shown == ['"first"', '"second"']


PLACES: tuple[Path_, ...] = (
    ("id",),
    ("object",),
    ("created",),
    ("choices",),
    ("choices", 0),
    ("choices", 0, "index"),
    ("choices", 0, "delta"),
    ("choices", 0, "delta", "content"),
    ("choices", 0, "delta", "tool_calls"),
    ("choices", 0, "finish_reason"),
    ("choices", 0, "logprobs"),
    ("usage",),
    ("service_tier",),
)
WORDS = st.sampled_from(
    ["stop", "function", "custom", "assistant", "chat.completion.chunk", "x", ""]
)
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([-0.5, 0.0, 1.0]) | WORDS
KEYS = st.sampled_from(["index", "id", "type", "function", "name", "prompt_tokens", "content", "x"])
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=4)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), max_size=3))
def test_remembering_changes_nothing(edits: list[tuple[Path_, Any]]) -> None:
    """For any chunk the remembered result is the one that validation gives."""
    value: Any = copy.deepcopy(CHUNK)
    for path, new in edits:
        try:
            value = changed(value, path, new)
        except (KeyError, IndexError, TypeError):
            continue

    value = json.loads(json.dumps(value))  # an index into an object made a key that is no text

    assert fresh("chat.completion.chunk", value) == violations("chat.completion.chunk", value)


def test_chunks_that_differ_in_text_are_validated_once() -> None:
    """Ten thousand ordinary chunks are one shape."""
    judge = validate._judge("chat.completion.chunk")
    judge.known.clear()
    for number in range(10_000):
        violations(
            "chat.completion.chunk",
            changed(CHUNK, ("choices", 0, "delta"), {"content": f"{number}"}),
        )

    assert len(judge.known) == 1


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never sends one shape twice does not fill the memory."""
    monkeypatch.setattr(validate, "_REMEMBERED", 4)
    judge = validate._judge("model.list")
    judge.known.clear()
    for number in range(20):
        violations("model.list", {"object": "list", "data": [{}] * number})

    assert len(judge.known) <= 4


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    made: Any = []
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        pytest.param(lambda: changed(COMPLETION, ("id",), nested(100_000)), "/id", id="deep"),
        pytest.param(lambda: changed(COMPLETION, ("id",), ["x" * 10_000_000]), "/id", id="long text"),
        pytest.param(lambda: changed(COMPLETION, ("created",), "9" * 10_000_000), "/created", id="long number"),
        pytest.param(lambda: changed(COMPLETION, ("id",), 10**5000), "/id", id="many digits"),
        pytest.param(lambda: changed(COMPLETION, ("id",), {str(n): n for n in range(100_000)}), "/id", id="many keys"),
        pytest.param(lambda: changed(COMPLETION, ("id",), ["\ud800"]), "/id", id="lone surrogate"),
    ],
)  # fmt: skip
def test_monstrous_values_give_an_ordinary_violation(
    value: Callable[[], Any], pointer: str
) -> None:
    """Depth, size and odd characters end in one short violation that can be printed."""
    (found,) = violations("chat.completion", value())

    assert pointer == found.pointer
    assert len(found.actual) <= 200
    found.actual.encode("utf-8")


def test_many_bad_items_are_told_in_part() -> None:
    """A hostile array gives some violations, and what stands beside it is still judged."""
    found = violations("model.list", {"data": [{}] * 100_000})

    assert len(found) < 200
    assert found[0].pointer == "/object"


def test_too_deep_a_descent_is_one_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A RecursionError on the way becomes a violation of the whole."""

    def explode(*_: object) -> tuple[()]:
        raise RecursionError

    monkeypatch.setattr(validate, "_breaches", explode)

    assert [one.keyword for one in violations("error", {})] == ["depth"]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], str]:
    """Make a schema of one's own available under the name ``scratch``."""
    monkeypatch.setattr(catalog, "data_dir", lambda _: tmp_path)

    def put(document: dict[str, Any]) -> str:
        (tmp_path / "scratch.schema.json").write_text(json.dumps(document), encoding="utf-8")
        for remembered in (catalog.schema, catalog._document, validate._judge):
            remembered.cache_clear()
        return "scratch"

    return put


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> Any:
    """Schemas of one test's own are not remembered for the next."""
    yield
    if "scratch" in request.fixturenames:
        for remembered in (catalog.schema, catalog._document, validate._judge):
            remembered.cache_clear()


ALTERNATIVES = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {"kind": {"const": "a"}, "n": {"type": "integer"}}, "required": ["kind", "n"]},
        {"type": "object", "properties": {"kind": {"const": "b"}, "m": {"properties": {"k": {"type": "null"}}}}, "required": ["kind"]},
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "pointer", "expected"),
    [
        pytest.param(5, "", "string or object", id="no alternative of this type"),
        pytest.param({"kind": "a", "n": "x"}, "/n", "integer", id="first object meant"),
        pytest.param({"kind": "b", "m": {"k": 1}}, "/m/k", "null", id="second object meant"),
        pytest.param({"kind": "a"}, "/n", "required", id="something missing"),
    ],
)
def test_of_several_alternatives_the_closest_is_told(
    scratch: Callable[[dict[str, Any]], str], value: Any, pointer: str, expected: str
) -> None:
    """Not "does not match any of", but what keeps the value from being what it seems to be."""
    found = violations(scratch(ALTERNATIVES), value)

    assert [(pointer, expected)] == [(one.pointer, one.expected) for one in found]


def test_a_value_that_fits_too_many_alternatives_is_told(
    scratch: Callable[[dict[str, Any]], str],
) -> None:
    """oneOf breaks without any alternative being wrong."""
    name = scratch({"oneOf": [{"type": "integer"}, {"minimum": 0}]})

    assert [one.expected for one in violations(name, 1)] == ["exactly one of several forms"]


def test_one_is_not_true(scratch: Callable[[dict[str, Any]], str]) -> None:
    """Listed values are compared as JSON, not as Python."""
    name = scratch({"enum": [1, "a"]})

    assert violations(name, 1) == ()
    assert [one.expected for one in violations(name, True)] == ["one of 1, a"]


def test_fixed_first_items_are_not_judged_as_the_rest(
    scratch: Callable[[dict[str, Any]], str],
) -> None:
    """``items`` begins where ``prefixItems`` ends."""
    name = scratch({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}})

    assert violations(name, ["a", 1]) == ()
    assert [one.pointer for one in violations(name, ["a", "b"])] == ["/1"]


def test_importing_is_cheap() -> None:
    """jsonschema and yaml are loaded when first needed, not at start."""
    program = (
        "import sys, conformance.spec.validate, conformance.spec.clauses; "
        "print([m for m in ('jsonschema', 'yaml') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
