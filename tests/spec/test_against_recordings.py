"""What api.openai.com really sent has no violations."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.spec.validate import Violation, violations

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "corpus" / "openai.jsonl.gz"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.exists(), reason="the recorded exchanges are not beside this checkout"
)


@cache
def exchanges() -> tuple[dict[str, Any], ...]:
    """All recorded exchanges with api.openai.com."""
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def bodies(operation: str) -> Iterator[tuple[str, str]]:
    """Source and text of each successful answer of an operation."""
    for exchange in exchanges():
        if exchange["operation"] == operation and exchange["response"]["status"] == 200:
            yield exchange["source"], exchange["response"]["body_text"]


def completions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Plain answers, but for one of 2023 that says finish_details in place of finish_reason."""
    for source, text in bodies("chat"):
        body = json.loads(text)
        if not any("finish_details" in choice for choice in body["choices"]):
            yield source, body


def chunks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Chunks of streams without audio output, which is different in many ways."""
    for source, text in bodies("chat.stream"):
        data = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
        read = [json.loads(line) for line in data]
        if not any("gpt-audio" in chunk.get("model", "") for chunk in read):
            yield from ((source, chunk) for chunk in read)


def broken(schema: str, values: Iterator[tuple[str, Any]]) -> tuple[int, dict[str, Any]]:
    """How many values there were, and the violations of those that have some."""
    count, found = 0, {}
    for source, value in values:
        count += 1
        known: tuple[Violation, ...] = violations(schema, value)
        if known:
            found[source] = known
    return count, found


def test_recorded_completions_have_no_violations() -> None:
    """Every recorded completion obeys the schema."""
    count, found = broken("chat.completion", completions())

    assert found == {}
    assert count > 100


def test_recorded_chunks_have_no_violations() -> None:
    """Every recorded chunk obeys the schema."""
    count, found = broken("chat.completion.chunk", chunks())

    assert found == {}
    assert count > 1000


def test_recorded_errors_have_no_violations() -> None:
    """Every recorded error body obeys the schema."""
    errors = (
        (exchange["source"], json.loads(exchange["response"]["body_text"]))
        for exchange in exchanges()
        if exchange["operation"] == "error"
    )
    count, found = broken("error", errors)

    assert found == {}
    assert count > 20


def test_recorded_models_have_no_violations() -> None:
    """Every recorded model obeys the schema."""
    models = ((source, json.loads(text)) for source, text in bodies("models"))

    assert broken("model", models)[1] == {}
