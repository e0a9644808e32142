"""Streams that carry more, and next turns built from what a stream added up to."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.wire.deltas import ChoiceParts
from conformance.wire.reading import Reading

from .registry import LIMIT, MODEL, chat, minimal, user
from .samples import WORDS


def _conversation(answer: Reading) -> list[JSON]:
    messages = answer.asked.body.get("messages")
    return list(messages) if isinstance(messages, list) else []


def streamed_reply(answer: Reading) -> dict[str, JSON] | str:
    """The conversation so far, the text that the stream added up to, and another question."""
    text = answer.choices[0].text if 0 in answer.choices else ""
    if not text:
        return "it brought no text to send back"
    message: JSON = {"role": "assistant", "content": text}
    return {
        "model": answer.asked.body["model"],
        "messages": [*_conversation(answer), message, user("Say it again.")],
        LIMIT: 16,
    }


def _calls(choice: ChoiceParts) -> list[dict[str, JSON]]:
    """The calls as a client puts them together; what lacks an id or a name cannot be sent back."""
    made: list[dict[str, JSON]] = []
    for index in choice.tool_order:
        call = choice.tools[index]
        given = call.first.entry.get("id")
        if isinstance(given, str) and given and call.name:
            function: JSON = {"name": call.name, "arguments": call.arguments}
            made.append({"id": given, "type": "function", "function": function})
    return made


def streamed_tool_result(answer: Reading) -> dict[str, JSON] | str:
    """The conversation so far, the calls that the stream added up to, and a result for each: again as a stream."""
    calls = _calls(answer.choices[0]) if 0 in answer.choices else []
    return _answered(answer, calls) if calls else "it brought no tool call to answer"


def parallel_results(answer: Reading) -> dict[str, JSON] | str:
    """Several calls of one stream, where no limit cut them, and a result for each."""
    choice = answer.choices.get(0)
    calls = _calls(choice) if choice and choice.finish != "length" else []
    return _answered(answer, calls) if len(calls) > 1 else "it brought no two whole calls"


def _answered(answer: Reading, calls: list[dict[str, JSON]]) -> dict[str, JSON]:
    """A result for each call, and the next stream asked for, as every agent that streams does."""
    message: JSON = {"role": "assistant", "content": None, "tool_calls": [*calls]}
    results: list[JSON] = [
        {"role": "tool", "tool_call_id": c["id"], "content": '{"temperature": 21}'} for c in calls
    ]
    return {
        "model": answer.asked.body["model"],
        "messages": [*_conversation(answer), message, *results],
        "tools": answer.asked.body["tools"],
        LIMIT: 16,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


chat(
    "turn.parallel-results",
    "Two tool calls of one stream, both answered, and the next stream asked for.",
    {},
    stage=Stage.NEXT_TURN,
    after="text.stream.tool",
    continuation=parallel_results,
)
chat(
    "chat.stream.logprobs",
    "A phrase to be repeated, as a stream with log probabilities.",
    {
        "model": MODEL,
        "messages": WORDS,
        LIMIT: 16,
        "logprobs": True,
        "top_logprobs": 2,
        "stream": True,
    },
)
chat(
    "chat.stream.n2", "The smallest request, as a stream of two choices.", minimal(n=2, stream=True)
)
chat(
    "turn.stream-message",
    "The text of a stream, sent back as a message.",
    {},
    stage=Stage.NEXT_TURN,
    after="chat.stream.basic",
    continuation=streamed_reply,
)
chat(
    "turn.stream-tool-result",
    "The tool call of a stream, answered, and the next stream asked for.",
    {},
    stage=Stage.NEXT_TURN,
    after="tools.stream.required",
    continuation=streamed_tool_result,
)
