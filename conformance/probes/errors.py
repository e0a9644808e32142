"""A client's mistakes, one in each request."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.model.request import Operation

from .registry import LIMIT, MODEL, UNKNOWN_MODEL, Probe, minimal, probe, user


def _mistake(name: str, title: str, body: dict[str, JSON] | bytes, smoke: bool = False) -> None:
    probe(
        Probe(f"errors.{name}", title, "POST", Operation.CHAT, body, stage=Stage.FREE, smoke=smoke)
    )


_CUT = b'{"model": "{model}", "max_tokens": 1, "messages": [{"role": "user", "content": "Say OK."}'

_mistake("malformed-json", "A body whose JSON breaks off.", _CUT, smoke=True)
_mistake("empty-body", "No body at all.", b"")
_mistake("not-an-object", "A JSON array in place of an object.", b'["hello"]')
_mistake("missing-model", "No model.", {"messages": [user("Say OK.")], LIMIT: 1})
_mistake(
    "unknown-model",
    "A model that does not exist.",
    {**minimal(), "model": UNKNOWN_MODEL, LIMIT: 1},
    smoke=True,
)
_mistake(
    "stream.unknown-model",
    "A model that does not exist, as a stream.",
    {**minimal(stream=True), "model": UNKNOWN_MODEL, LIMIT: 1},
)
_mistake("missing-messages", "No messages.", {"model": MODEL, LIMIT: 1}, smoke=True)
_mistake(
    "empty-messages",
    "Messages that are an empty array.",
    {"model": MODEL, "messages": [], LIMIT: 1},
)
_mistake(
    "messages-type", "Messages that are a string.", {"model": MODEL, "messages": "hello", LIMIT: 1}
)
_mistake(
    "stream.messages-type",
    "Messages that are a string, as a stream.",
    {"model": MODEL, "messages": "hello", LIMIT: 1, "stream": True},
)
_mistake(
    "message-item-type",
    "A message that is a string.",
    {"model": MODEL, "messages": ["hello"], LIMIT: 1},
)
probe(
    Probe(
        "errors.unknown-path",
        "A path that does not exist.",
        "POST",
        Operation.OTHER,
        {},
        path="conformance/no-such-path",
        stage=Stage.FREE,
    )
)
probe(
    Probe(
        "errors.wrong-method",
        "DELETE on chat completions.",
        "DELETE",
        Operation.CHAT,
        stage=Stage.FREE,
    )
)
