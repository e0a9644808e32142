"""What a chat request asks for, read so tolerantly that it never fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.refserver.exchange import Obj

_CHOICES = 128


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that may be called: a function, a custom tool, or a function of the old kind."""

    name: str
    kind: str
    """``function``, ``custom`` or ``legacy``."""
    schema: Any = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The wishes that have an effect on the answer."""

    model: str
    messages: tuple[Obj, ...]
    stream: bool = False
    include_usage: bool = False
    n: int = 1
    limit: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: bool = False
    top_logprobs: int = 0
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """``none``, ``auto``, ``required`` or ``named``."""
    parallel: bool = True
    format: str = "text"
    """``text``, ``json_object`` or ``json_schema``."""
    schema: Any = None
    service_tier: str = "default"
    forced: str | None = None
    """The id of the one token that the biases leave."""

    @property
    def answers_tool(self) -> bool:
        """Whether the last message brings a tool's result."""
        return bool(self.messages) and self.messages[-1].get("role") in ("tool", "function")

    @property
    def last_user_text(self) -> str:
        """What the user said last."""
        users = [message for message in self.messages if message.get("role") == "user"]
        return message_text(users[-1]) if users else ""


def message_text(message: Obj) -> str:
    """All text of a message, parts joined."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return " ".join(text for text in texts if isinstance(text, str))


def understood(body: Obj, default_model: str) -> ChatRequest:
    """What a body asks for; whatever cannot be made sense of counts as not sent."""
    messages = body.get("messages")
    choice, tools = _choice(body, _tools(body))
    form = _dict(body.get("response_format"))
    limits = (body.get("max_completion_tokens"), body.get("max_tokens"))
    return ChatRequest(
        model=_text(body.get("model")) or default_model,
        messages=tuple(message for message in _list(messages) if isinstance(message, dict)),
        stream=body.get("stream") is True,
        include_usage=_dict(body.get("stream_options")).get("include_usage") is True,
        n=min(max(_number(body.get("n")) or 1, 1), _CHOICES),
        limit=next((n for n in map(_number, limits) if n is not None), None),
        stop=_stops(body.get("stop")),
        logprobs=body.get("logprobs") is True,
        top_logprobs=_number(body.get("top_logprobs")) or 0,
        tools=tools,
        tool_choice=choice,
        parallel=body.get("parallel_tool_calls") is not False,
        format=_text(form.get("type")) or "text",
        schema=_dict(form.get("json_schema")).get("schema"),
        service_tier=_tier(body.get("service_tier")),
        forced=_forced(_dict(body.get("logit_bias"))),
    )


def _tools(body: Obj) -> tuple[Tool, ...]:
    found = []
    for tool in _list(body.get("tools")):
        kind = "custom" if _dict(tool).get("type") == "custom" else "function"
        given = _dict(_dict(tool).get(kind))
        found.append(Tool(_text(given.get("name")), kind, given.get("parameters")))
    for old in map(_dict, _list(body.get("functions"))):
        found.append(Tool(_text(old.get("name")), "legacy", old.get("parameters")))
    return tuple(tool for tool in found if tool.name)


def _choice(body: Obj, tools: tuple[Tool, ...]) -> tuple[str, tuple[Tool, ...]]:
    """The choice, and the tools it leaves."""
    wish = body.get("tool_choice", body.get("function_call"))
    if isinstance(wish, str):
        return wish if wish in ("none", "auto", "required") else "auto", tools
    wish = _dict(wish)
    if isinstance(allowed := wish.get("allowed_tools"), dict):
        listed = [
            _dict(_dict(one).get("function")).get("name") for one in _list(allowed.get("tools"))
        ]
        left = tuple(tool for tool in tools if tool.name in listed)
        return "required" if allowed.get("mode") == "required" else "auto", left
    given = _dict(wish.get("function")) or _dict(wish.get("custom")) or wish
    left = tuple(tool for tool in tools if tool.name == given.get("name"))
    return ("named", left) if left else ("auto", tools)


def _stops(value: Any) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else _list(value)
    return tuple(stop for stop in stops if isinstance(stop, str) and stop)


def _forced(biases: Obj) -> str | None:
    return next((token for token, bias in biases.items() if bias == 100), None)


def _tier(value: Any) -> str:
    used = {"fast": "priority", "auto": "default"}.get(value, value) if value else "default"
    return used if used in ("default", "flex", "priority") else "default"


def _number(value: Any) -> int | None:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if numeric and abs(value) < 1e9 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> Obj:
    return value if isinstance(value, dict) else {}
