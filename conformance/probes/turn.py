"""The next turn: what the server sent is sent back."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.wire.reading import Reading

from .registry import LIMIT, chat, user


def _message(answer: Reading) -> dict[str, JSON] | None:
    choices = (answer.object or {}).get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, dict) else None


def _history(answer: Reading) -> list[JSON]:
    messages = answer.asked.body.get("messages")
    return list(messages) if isinstance(messages, list) else []


def reply(answer: Reading) -> dict[str, JSON] | str:
    """The conversation so far, the assistant's message as it came, and another question."""
    message = _message(answer)
    if message is None:
        return "it brought no message to send back"
    return {
        "model": answer.asked.body["model"],
        "messages": [*_history(answer), message, user("Say it again.")],
        LIMIT: 16,
    }


def tool_result(answer: Reading) -> dict[str, JSON] | str:
    """The conversation so far, the calls as they came, and a result for each."""
    message = _message(answer)
    calls = message.get("tool_calls") if message else None
    ids = [c.get("id") for c in calls if isinstance(c, dict)] if isinstance(calls, list) else []
    if message is None or not ids or not all(isinstance(i, str) and i for i in ids):
        return "it brought no tool call to answer"
    results: list[JSON] = [
        {"role": "tool", "tool_call_id": i, "content": '{"temperature": 21}'} for i in ids
    ]
    return {
        "model": answer.asked.body["model"],
        "messages": [*_history(answer), message, *results],
        "tools": answer.asked.body["tools"],
        LIMIT: 16,
    }


def dumped_reply(answer: Reading) -> dict[str, JSON] | str:
    """The same with null for what the documentation allows to be null, as typed clients write messages out."""
    made, message = reply(answer), _message(answer)
    if isinstance(made, str) or message is None:
        return "it brought no message to send back"
    nulls: dict[str, JSON] = {"refusal": None, "audio": None, "function_call": None}
    history = _history(answer)
    return {**made, "messages": [*history, {**nulls, **message}, user("Say it again.")]}


chat(
    "turn.own-message",
    "The server's own message, sent back.",
    {},
    stage=Stage.NEXT_TURN,
    after="chat.basic",
    continuation=reply,
)
chat(
    "turn.dumped-message",
    "The server's own message, sent back with null for what it left out.",
    {},
    stage=Stage.NEXT_TURN,
    after="chat.basic",
    continuation=dumped_reply,
)
chat(
    "turn.tool-result",
    "The server's own tool call, answered.",
    {},
    stage=Stage.NEXT_TURN,
    after="tools.required",
    continuation=tool_result,
)
