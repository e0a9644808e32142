"""Builders of requests and readers of replies, with a parser of their own."""

from __future__ import annotations

import json
from typing import Any

from conformance.model.profile import Auth, Endpoint, Profile
from conformance.refserver.exchange import IncomingRequest, Reply
from conformance.refserver.faults.registry import Fault
from conformance.refserver.respond import answer

MODEL = "reference-1"
KEY = "sk-test-right-key"
SAY_OK = [{"role": "user", "content": "Say OK."}]
COUNT = [{"role": "user", "content": "Count from 1 to 100 in words."}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
PLAIN = Profile("plain", "Says nothing")
LOCKED = Profile("locked", "Wants a key", endpoint=Endpoint(auth=Auth(required=True)))


def request(
    method: str, path: str, body: Any = None, key: str | None = KEY, **headers: str
) -> IncomingRequest:
    """A request with a JSON body, or with bytes as they are."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    credentials = () if key is None else (("Authorization", f"Bearer {key}"),)
    return IncomingRequest(method, path, (*credentials, *headers.items()), raw)


def chat_request(key: str | None = KEY, **body: Any) -> IncomingRequest:
    """A chat request: the model and one message unless told otherwise; a member that is ``...`` is left out."""
    whole = {"model": MODEL, "messages": SAY_OK, **body}
    kept = {name: value for name, value in whole.items() if value is not ...}
    return request("POST", "/v1/chat/completions", kept, key)


def ask(incoming: IncomingRequest, profile: Profile = PLAIN, **options: Any) -> Reply:
    """The reply, always at the same time and with the same number."""
    return answer(incoming, profile, now=1_700_000_000, serial=1, **options)


def chat(profile: Profile = PLAIN, fault: Fault | None = None, **body: Any) -> Reply:
    """The reply to a chat request."""
    return ask(chat_request(**body), profile, fault=fault)


def read(reply: Reply) -> Any:
    """The body as JSON."""
    return json.loads(reply.body)


def error(reply: Reply) -> dict[str, Any]:
    """The error object."""
    found: dict[str, Any] = read(reply)["error"]
    return found


def events(reply: Reply) -> list[str]:
    """The data of all events; comments are left out."""
    blocks = reply.body.decode().split("\n\n")
    return [block.removeprefix("data: ") for block in blocks if block.startswith("data: ")]


def chunks(reply: Reply) -> list[dict[str, Any]]:
    """The chunks of a stream."""
    return [json.loads(data) for data in events(reply) if data != "[DONE]"]


def text(reply: Reply, index: int = 0) -> str:
    """The text of a streamed choice."""
    choices = [choice for chunk in chunks(reply) for choice in chunk["choices"]]
    return "".join(c["delta"].get("content") or "" for c in choices if c["index"] == index)


def battery() -> dict[str, IncomingRequest]:
    """Requests of every kind that the probes send."""
    stream, usage = {"stream": True}, {"stream_options": {"include_usage": True}}
    forms = {"whole": {}, "stream": stream, "usage": {**stream, **usage}}
    found = {
        "list": request("GET", "/v1/models"),
        "list-no-key": request("GET", "/v1/models", key=None),
        "retrieve": request("GET", f"/v1/models/{MODEL}"),
        "retrieve-unknown": request("GET", "/v1/models/no-such-model"),
        "malformed": request("POST", "/v1/chat/completions", b'{"model": "x", "messages": ['),
        "array": request("POST", "/v1/chat/completions", ["hello"]),
        "no-body": request("POST", "/v1/chat/completions"),
        "unknown-path": request("POST", "/v1/conformance/no-such-path", {}),
        "wrong-method": request("DELETE", "/v1/chat/completions"),
        "no-model": chat_request(model=...),
        "no-messages": chat_request(messages=...),
        "empty-messages": chat_request(messages=[]),
        "message-item": chat_request(messages=["hello"]),
        "own-message": chat_request(messages=[*SAY_OK, {"role": "assistant", "content": "Hi."}]),
        "tool-result": chat_request(messages=tool_history(), tools=[WEATHER]),
        "two": chat_request(n=2),
    }
    for name, form in forms.items():
        found |= {
            f"basic-{name}": chat_request(max_tokens=16, **form),
            f"long-{name}": chat_request(messages=COUNT, max_tokens=64, **form),
            f"required-{name}": chat_request(tools=[WEATHER], tool_choice="required", **form),
            f"named-{name}": chat_request(tools=[WEATHER], tool_choice=NAMED, **form),
            f"unknown-model-{name}": chat_request(model="no-such-model", **form),
            f"messages-type-{name}": chat_request(messages="hello", **form),
            f"no-key-{name}": chat_request(key=None, **form),
            f"wrong-key-{name}": chat_request(key="sk-wrong", **form),
            f"empty-key-{name}": chat_request(key="", **form),
        }
    return found


def tool_history() -> list[dict[str, Any]]:
    """A conversation that ends with a tool's result."""
    call = {"id": "call_1", "type": "function"}
    call |= {"function": {"name": "get_weather", "arguments": "{}"}}
    return [
        *SAY_OK,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
    ]
