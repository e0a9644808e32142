"""A recorded request becomes a probe that sends the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.promote import probe_of
from conformance.model.errors import UsageError
from conformance.model.exchange import Attempt, Exchange
from conformance.model.plan import Stage
from conformance.model.request import Operation, Request
from conformance.model.target import Target
from conformance.probes.registry import LIMIT, MODEL, Probe, request_of
from conformance.recording.jsonl import End, Header, Writer
from tests.doors import cli

ID = "generated.valid:n:minimal"
TARGET = Target("http://127.0.0.1:8000", "/v1", "tiny")


def recorded(body: bytes, id: str = ID) -> Exchange:
    """A POST to chat completions that was refused."""
    request = Request("POST", "/v1/chat/completions", Operation.CHAT, (), body)
    return Exchange(id, request, (Attempt(400),), probe="generated.valid")


def declared(text: str) -> Probe:
    """What the printed declaration makes."""
    made: list[Probe] = []

    def chat(id: str, title: str, body: Any) -> None:
        made.append(Probe(id, title, "POST", Operation.CHAT, body))

    names = {"chat": chat, "probe": made.append, "Probe": Probe, "MODEL": MODEL, "LIMIT": LIMIT}
    exec(text, {**names, "Operation": Operation, "Stage": Stage})  # noqa: S102 - our own text
    return made[0]


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"tiny","messages":[{"role":"user","content":"Say OK."}],"max_tokens":1,"n":2}',
        '{"model":"tiny","messages":[{"role":"user","content":"ü\u200d\'\\""}],"stop":["a","b"]}'.encode(),
        b'{"model":"tiny","messages":[{"role":"us',
        b'{"model":"tiny","seed":NaN}',
        b'{"model":"tiny","model":"tiny"}',
        b"\xff\xfe{",
    ],
    ids=["small", "text", "cut", "NaN", "twice", "bytes"],
)
def test_the_probe_sends_the_same(body: bytes) -> None:
    """Model and limit are those of the next run's target, all else is as it was."""
    probe = declared(probe_of(recorded(body), "tiny", "max_tokens"))
    sent = request_of(probe, "/v1/chat/completions", TARGET)

    assert body == sent.body
    assert "found.valid-n-minimal" == probe.id


def test_what_is_no_chat_request_is_refused() -> None:
    """There is nothing to promote in a list of models."""
    listing = Exchange("models.list", Request("GET", "/v1/models", Operation.MODELS))

    with pytest.raises(UsageError, match="no POST to chat completions"):
        probe_of(listing, "tiny", "max_tokens")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording with one smallest request."""
    header = Header(
        "2026-11-21T12:00:00+00:00", {"version": "1"}, {"model": "tiny"}, {}, {}, None, {}
    )
    path = tmp_path / "recording.jsonl"
    with Writer(path, header) as writer:
        writer.append(recorded(json.dumps({"model": "tiny", "messages": [], "n": 2}).encode()))
        writer.finish(End.COMPLETE, 1.0)
    return path


def test_it_is_printed(recording: Path) -> None:
    """Ready to be pasted."""
    said = cli("promote", str(recording), ID)

    assert 0 == said.code
    assert 'chat(\n    "found.valid-n-minimal",' in said.out


def test_an_unknown_exchange_is_a_usage_error(recording: Path) -> None:
    """The smallest ones that are there are offered."""
    said = cli("promote", str(recording), "generated.valid:n#7")

    assert 2 == said.code
    assert f"its smallest failing ones are {ID}" in said.err
