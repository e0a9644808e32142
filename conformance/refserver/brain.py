"""A tiny deterministic model: the same conversation always gets the same answer."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from conformance.model.profile import Profile, Sends
from conformance.refserver.chat_request import ChatRequest, Tool
from conformance.refserver.exchange import Obj
from conformance.refserver.instance import instance
from conformance.refserver.tokens import pieces, prompt_tokens
from conformance.refserver.writing import json_text

_SUBJECTS = ("Rain", "The river", "A heron", "Café music", "The old clock", "Morning light")
_VERBS = ("drifts over", "waits beside", "crosses", "remembers", "follows", "hums along")
_OBJECTS = ("the harbour", "a quiet street", "the stone bridge", "two sleepy cats", "the hill")
_ENDS = ("slowly", "again", "at noon", "without hurry", "as ever")
_ONES = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TOOL_TALK = re.compile(r"\b(call|calling|calls|tool|tools|function|weather)\b", re.IGNORECASE)
_REPEAT = re.compile(r"\bRepeat exactly: (.+)", re.DOTALL)
_QUOTED = re.compile(r'"([^"]+)"')
_FORCED = 64
"""How often a forced token is said without a limit."""
_TWICE = re.compile(r"\b(both|two|twice|parallel)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call, its arguments already cut into tokens."""

    tool: Tool
    fragments: tuple[str, ...]

    @property
    def arguments(self) -> str:
        """The arguments (or a custom tool's input) as one text."""
        return "".join(self.fragments)


@dataclass(frozen=True, slots=True)
class Said:
    """One choice: a text in tokens, or calls, and why it ended."""

    tokens: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    finish: str = "stop"

    @property
    def text(self) -> str:
        """The text as one."""
        return "".join(self.tokens)

    @property
    def cost(self) -> int:
        """Completion tokens; a call costs one for its name."""
        return len(self.tokens) + sum(1 + len(call.fragments) for call in self.calls)


@dataclass(frozen=True, slots=True)
class Thought:
    """All choices, and what the prompt cost."""

    choices: tuple[Said, ...]
    prompt_tokens: int


def think(request: ChatRequest, profile: Profile) -> Thought:
    """What the model answers."""
    choices = tuple(_said(request, number, profile) for number in range(request.n))
    return Thought(choices, prompt_tokens(request))


def _said(request: ChatRequest, number: int, profile: Profile) -> Said:
    if _calls(request, profile.responses.tool_calls):
        return _called(request, number)
    text, finish = _text(request, number), "stop"
    for stop in request.stop:
        text = text.split(stop, 1)[0]
    tokens = pieces(text)
    if request.limit is not None and len(tokens) > request.limit:
        tokens, finish = tokens[: request.limit], "length"
    return Said(tokens, finish=finish)


def _calls(request: ChatRequest, habit: Sends) -> bool:
    if not request.tools or request.tool_choice == "none" or habit is Sends.NEVER:
        return False
    if request.tool_choice in ("required", "named"):
        return True
    asked = habit is Sends.ALWAYS or _TOOL_TALK.search(request.last_user_text) is not None
    return asked and not request.answers_tool


def _called(request: ChatRequest, number: int) -> Said:
    twice = request.parallel and _TWICE.search(request.last_user_text) is not None
    tools = [request.tools[(number + turn) % len(request.tools)] for turn in range(1 + twice)]
    left = request.limit
    calls: list[Call] = []
    for tool in tools if tools[0].kind != "legacy" else tools[:1]:
        if left is not None and left < 1:
            return Said(calls=tuple(calls), finish="length")
        whole = pieces(_arguments(tool, request))
        kept = whole if left is None else whole[: max(0, left - 1)]
        calls.append(Call(tool, kept))
        if len(kept) < len(whole):
            return Said(calls=tuple(calls), finish="length")
        left = None if left is None else left - 1 - len(kept)
    # A call that was named by the request ends like a text, as OpenAI has it.
    ordinary = "function_call" if tools[0].kind == "legacy" else "tool_calls"
    return Said(calls=tuple(calls), finish="stop" if request.tool_choice == "named" else ordinary)


def _arguments(tool: Tool, request: ChatRequest) -> str:
    if tool.kind == "custom":
        return "a small input"
    made = instance({} if tool.schema is None else tool.schema)
    return json_text(_quoting(made, tool, request) if isinstance(made, dict) else {})


def _quoting(made: Obj, tool: Tool, request: ChatRequest) -> Obj:
    """The arguments, where the user quotes something with that in place of every plain text."""
    quoted = _QUOTED.search(request.last_user_text)
    members = tool.schema.get("properties") if isinstance(tool.schema, dict) else None
    if quoted is None or not isinstance(members, dict):
        return made
    plain = [name for name, schema in members.items() if schema == {"type": "string"}]
    return {name: quoted[1] if name in plain else value for name, value in made.items()}


def _text(request: ChatRequest, number: int) -> str:
    if request.format == "json_schema":
        return json_text(instance({} if request.schema is None else request.schema))
    if request.format == "json_object":
        return json_text({"answer": _sentence(request, number), "count": number + 1})
    if request.forced is not None:
        return f" t{request.forced}" * (request.limit or _FORCED)
    if repeated := _REPEAT.search(request.last_user_text):
        return repeated[1]
    if re.search(r"\bcount\b", request.last_user_text, re.IGNORECASE):
        return ", ".join(map(_in_words, range(1, 101))) + "."
    return _sentence(request, number)


def _sentence(request: ChatRequest, number: int) -> str:
    told = json_text([*map(_told, request.messages), number])
    seed = int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big")
    words = []
    for choices in (_SUBJECTS, _VERBS, _OBJECTS, _ENDS):
        seed, at = divmod(seed, len(choices))
        words.append(choices[at])
    return "{} {} {} — {}.".format(*words)


def _told(message: Obj) -> list[str]:
    return [str(message.get("role")), str(message.get("content"))]


def _in_words(number: int) -> str:
    if number < 20:
        return _ONES[number - 1]
    if number == 100:
        return "one hundred"
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + ("-" + _ONES[ones - 1] if ones else "")
