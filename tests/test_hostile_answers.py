"""Answers that mean harm, judged where they are: what is told of them is true, and it takes no time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from conformance.checks.registry import all_checks
from conformance.model.exchange import Attempt, Chunk, Ended, Exchange
from conformance.model.finding import Finding, Outcome
from conformance.model.request import Operation, Request
from conformance.probes.registry import all_probes
from conformance.wire.reading import Reading
from tests.builders import (
    DONE,
    a_call,
    a_chunk,
    a_fragment,
    a_stream,
    an_exchange,
    calling,
    data,
    finding,
    findings,
    finish_chunk,
    role_chunk,
    text_chunks,
)

STREAM = "chat.stream.basic"
MANY = 5_000
MOST = 15_000
"""Events: fewer than are read of a stream."""
SECONDS = 20.0
"""For the whole catalogue, on a busy machine."""


def choices(index: Any) -> Exchange:
    """A stream that says all it says of one choice."""
    return an_exchange(STREAM, stream=[role_chunk(index), finish_chunk(index=index)])


def told(found: Finding) -> tuple[Outcome, str]:
    """The verdict, and what there was."""
    return found.outcome, found.problems[0].actual if found.problems else found.reason


@pytest.mark.parametrize("index", [10**9, -1], ids=["a thousand million", "minus one"])
def test_a_choice_index_is_only_a_number(index: int) -> None:
    """Nobody makes room for that many."""
    found = finding("chunk.choice-count", choices(index))

    assert (Outcome.FAIL, f"indexes [{index}]") == told(found)


@pytest.mark.parametrize(
    ("text", "outcome", "actual"),
    [
        ("[" * 100_001, Outcome.FAIL, f"nested too deep to be read: '{'[' * 120}'"),
        ("[" * 5000, Outcome.FAIL, f"nested too deep to be read: '{'[' * 120}'"),
        (f"[{'1,' * 100_000}1]", Outcome.INCONCLUSIVE, f"{STREAM}: event 1 has more than 100,000 values, which are not read"),
    ],
    ids=["very deep", "deep", "wide"],
)  # fmt: skip
def test_an_event_that_nobody_reads(text: str, outcome: Outcome, actual: str) -> None:
    """What is nested without end fails; of what is only large we know nothing, and say so."""
    stream = f"data: {text}\n\n".encode() + DONE

    assert (outcome, actual) == told(
        finding("stream.event-json", an_exchange(STREAM, stream=stream))
    )


@pytest.mark.parametrize("text", ["[" * 100_000, '{"city":' * 100_000], ids=["arrays", "objects"])
def test_arguments_nested_without_end(text: str) -> None:
    """They are text inside of JSON, and read for themselves."""
    call = a_call(function={"name": "get_weather", "arguments": text})
    found = finding(
        "chat.response.tool-call-arguments", an_exchange("tools.required", json=calling(call))
    )

    assert Outcome.WARN is found.outcome
    assert found.problems[0].actual.startswith("nested too deep to be read: ")


@pytest.mark.parametrize("status", [204, 304])
def test_a_body_where_there_is_none(status: int) -> None:
    """The head of such an answer is its end, whatever length it states."""
    attempt = Attempt(status, (("Content-Length", "2"),), excess=b"{}")
    request = Request("POST", "/v1/chat/completions", Operation.CHAT, body=b"{}")
    exchange = Exchange("chat.basic", request, (attempt,), probe="chat.basic")
    problem = finding("http.body-length", exchange).problems[0]

    ends = f"the answer ends with its head: {status} has no body"
    assert (ends, "more bytes: '{}'") == (problem.expected, problem.actual)


def many(chunk: Any, count: int = MANY) -> bytes:
    """A stream of very many such chunks, made for each number."""
    return b"".join(data(chunk(number)) for number in range(count)) + DONE


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(many(lambda n: a_chunk(index=n)), id="choices"),
        pytest.param(many(lambda n: a_chunk({"tool_calls": [{"index": n}]})), id="tool calls"),
        pytest.param(many(lambda n: {"choices": [{"index": 0, "delta": 1}]}), id="broken chunks"),
        pytest.param(
            a_stream(text_chunks(*["a" * 400] * MANY, "b", "a" * 400 * MANY + "b" + "c" * 2_000)),
            id="all text again",
        ),
        pytest.param(
            a_stream([a_chunk({"tool_calls": [a_fragment(index=n) for n in range(MANY)]})]),
            id="tool calls of one chunk",
        ),
    ],
)
def test_very_many_parts_are_judged_in_time(stream: bytes) -> None:
    """By the whole catalogue, without an error of ours."""
    began = time.perf_counter()
    found = findings(an_exchange(STREAM, stream=stream))

    assert time.perf_counter() - began < SECONDS
    assert Outcome.ERROR not in {f.outcome for f in found.values()}


def test_a_check_does_not_go_through_all_chunks_for_each_choice() -> None:
    """Time in proportion to the number of both, not to their product."""
    exchange = an_exchange(STREAM, stream=many(lambda n: a_chunk(index=n), MOST))
    began = time.perf_counter()
    finding("chunk.logprobs-unasked", exchange)

    assert time.perf_counter() - began < 6


ODD = ["\0", "\ud800", "\udfff\ud800", "\x1b[31m", "\u202e", "a" * 100_000]


@pytest.mark.parametrize("odd", ODD, ids=["NUL", "half", "halves", "escape", "override", "long"])
@pytest.mark.parametrize("probe", ["chat.basic", STREAM, "models.list", "tools.required"])
def test_odd_text_everywhere(odd: str, probe: str) -> None:
    """In every name and every value: no error of ours, whatever is found."""
    body = json.dumps(_replaced(_right(probe), odd)).encode()
    stream = b"data: " + body + b"\n\n" + DONE if probe == STREAM else None
    exchange = an_exchange(probe, stream=stream) if stream else an_exchange(probe, body=body)

    found = findings(exchange)

    assert {} == {i: f.reason for i, f in found.items() if f.outcome is Outcome.ERROR}
    assert len(found) == len(all_checks())


def _right(probe: str) -> Any:
    exchange = an_exchange(probe)
    return a_chunk() if probe == STREAM else Reading(exchange).object


def _replaced(value: Any, odd: str) -> Any:
    """A value with an odd member beside each, and odd text in place of all text."""
    if isinstance(value, dict):
        return {**{name: _replaced(v, odd) for name, v in value.items()}, odd: odd}
    if isinstance(value, list):
        return [_replaced(v, odd) for v in value]
    return odd if isinstance(value, str) else value


def test_nobody_asks_for_a_model_whose_id_has_megabytes() -> None:
    """What is listed becomes part of a path."""
    probes = all_probes()
    pick = probes["models.retrieve.listed"].pick
    assert pick is not None

    def picked(*ids: str) -> str | None:
        body = json.dumps({"object": "list", "data": [{"id": i} for i in ids]}).encode()
        attempt = Attempt(200, (("Content-Type", "application/json"),), (Chunk(0.1, body),))
        request = Request("GET", "/v1/models", Operation.MODELS)
        return pick(Reading(Exchange("models.list", request, (attempt,))), "tiny")

    assert (None, "x" * 500) == (picked("x" * 501, "tiny"), picked("x" * 501, "x" * 500))


def test_an_answer_we_stopped_reading_is_no_fault() -> None:
    """Others took the room: neither cut nor too large."""
    why = "we read no more than 65536 bytes, after 12 MB of other answers"
    cut = an_exchange("chat.basic", body=b'{"id":', ended=Ended.INTERRUPTED, detail=why)

    assert (Outcome.INCONCLUSIVE, f"chat.basic: {why}") == told(finding("http.body-complete", cut))
