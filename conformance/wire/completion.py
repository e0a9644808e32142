"""The parts of a completion that came as one body, as far as they are what they should be."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.wire.reading import Reading


def choices_of(body: dict[str, JSON]) -> list[dict[str, JSON]]:
    """The choices that are objects."""
    choices = body.get("choices")
    return [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []


def messages_of(x: Reading) -> list[tuple[str, dict[str, JSON], dict[str, JSON]]]:
    """Pointer, choice and message of each choice that has one."""
    choices = (x.object or {}).get("choices")
    found = []
    for position, choice in enumerate(choices if isinstance(choices, list) else []):
        message = choice.get("message") if isinstance(choice, dict) else None
        if isinstance(choice, dict) and isinstance(message, dict):
            found.append((f"/choices/{position}", choice, message))
    return found


def calls_of(message: dict[str, JSON]) -> list[dict[str, JSON]]:
    """The tool calls that are objects."""
    calls = message.get("tool_calls")
    return [c for c in calls if isinstance(c, dict)] if isinstance(calls, list) else []


def function_of(call: dict[str, JSON]) -> dict[str, JSON]:
    """The function of a tool call, empty if it has none."""
    function = call.get("function")
    return function if isinstance(function, dict) else {}
