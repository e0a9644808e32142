"""Builders of requests and readers of replies, with a parser of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

from conformance.model.canary import CANARIES
from conformance.model.plan import Suite
from conformance.model.profile import Auth, Endpoint, Profile
from conformance.model.target import Target
from conformance.probes.registry import all_probes, steps_of
from conformance.profiles.load import load_profile
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
IMAGE_AND_TEXT = [
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    {"type": "text", "text": "Say OK."},
]
ODD = ("\x00", "\ud83d", "\u2028", "x" * 4000, "\U0001f680")
"""Texts that some servers do not bear."""
UNREAD = (b'{"messages": [[[[]]]]', b'{"temperature": NaN}', b'{"model": "\xe2\x82"}')
"""Bodies that are not JSON, each in its way."""
PROPER = json.dumps({"model": MODEL, "messages": SAY_OK}).encode()
HEADERS = {
    "X-Stainless-Lang": "python",
    "Content-Type": "application/json; charset=utf-8",
    "Accept": "*/*",
}
"""Headers of other clients."""
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


def _posted(raw: bytes, **headers: str) -> IncomingRequest:
    return request("POST", "/v1/chat/completions", raw, **headers)


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
        "retrieve-other": request("GET", "/v1/models/reference-2"),
        "retrieve-slash": request("GET", "/v1/models/reference%2Flarge-3"),
        "retrieve-raw-slash": request("GET", "/v1/models/reference/large-3"),
        "count-to-ten": chat_request(
            messages=user("Count from one to ten in words."), max_tokens=16
        ),
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
        "streamed-tool-result": chat_request(
            messages=tool_history(), tools=[WEATHER], **forms["usage"]
        ),
        "own-tool-result": chat_request(messages=as_it_came(tool_history()), tools=[WEATHER]),
        "nulls": chat_request(
            messages=[*SAY_OK, {"role": "assistant", "content": "Hi.", "audio": None}]
        ),
        "two-results": chat_request(messages=two_results(), tools=[WEATHER]),
        "number": chat_request(messages=[{"role": "user", "content": 7}]),
        "orphan": chat_request(messages=[*SAY_OK, {"role": "tool", "tool_call_id": "call_0"}]),
        "large": _posted(PROPER[:-1] + b" " * 1_100_000 + b"}"),
        "two": chat_request(n=2),
        "developer": chat_request(
            messages=[{"role": "developer", "content": "Be brief."}, *SAY_OK]
        ),
        "two-systems": chat_request(
            messages=[{"role": "system", "content": text} for text in ("Be brief.", "Be kind.")]
            + SAY_OK
        ),
        "image": chat_request(messages=[{"role": "user", "content": IMAGE_AND_TEXT}]),
        "short-call": chat_request(
            tools=[WEATHER], tool_choice="required", max_tokens=8, **forms["usage"]
        ),
        "no-role": chat_request(messages=[{"content": "Say OK."}]),
        "head": request("HEAD", "/v1/chat/completions"),
        "options": request("OPTIONS", "/v1/chat/completions", Origin="https://chat.example"),
        "list-after-error": replace(request("GET", "/v1/models"), before=(200, 404)),
        "list-gzip": request("GET", "/v1/models", **{"Accept-Encoding": "gzip"}),
        "longer-key": chat_request(key=f"{KEY}x"),
        "shorter-key": chat_request(key=KEY[:-1]),
        "no-key-unread": request("POST", "/v1/chat/completions", b"{", None),
        "no-key-unknown-model": chat_request(key=None, model="no-such-model"),
        "query-key": request("POST", "/v1/chat/completions?api_key=sk-wrong", key=None),
        "two-keys": request(
            "POST", "/v1/chat/completions", key="sk-wrong", authorization="Bearer x"
        ),
    }
    found |= {f"unread-{n}": _posted(raw) for n, raw in enumerate(UNREAD)}
    found |= {f"header-{n}": _posted(PROPER, **{n: v}) for n, v in HEADERS.items()}
    found["header-type"] = _posted(b"model=x", **{"Content-Type": "multipart/form-data"})
    found["header-gzip"] = _posted(
        PROPER, **{"X-Stainless-Lang": "python", "Accept-Encoding": "gzip, deflate"}
    )
    found["header-node"] = _posted(PROPER, **{"X-Stainless-Lang": "js"})
    found["header-events"] = _posted(PROPER, Accept="text/event-stream")
    found["header-scheme"] = replace(_posted(PROPER), headers=(("Authorization", f"bearer {KEY}"),))
    found |= {f"odd-{n}": chat_request(messages=user(text)) for n, text in enumerate(ODD)}
    found["system"] = chat_request(
        messages=[{"role": "system", "content": CANARIES["isolation.system"]}, *COUNT]
    )
    for name, form in forms.items():
        said = f"Repeat exactly: tea ü \U0001f680\n{' '.join(CANARIES.values())}"
        city = user('Weather in both "São Paulo" and "Zürich"?')
        found |= {
            f"repeat-{name}": chat_request(messages=user(said), **form),
            f"city-{name}": chat_request(
                messages=city, tools=[WEATHER], tool_choice="required", **form
            ),
            f"basic-{name}": chat_request(max_tokens=16, **form),
            f"long-{name}": chat_request(messages=COUNT, max_tokens=64, **form),
            f"two-{name}": chat_request(n=2, **form),
            f"scored-{name}": chat_request(logprobs=True, top_logprobs=2, **form),
            f"required-{name}": chat_request(tools=[WEATHER], tool_choice="required", **form),
            f"named-{name}": chat_request(tools=[WEATHER], tool_choice=NAMED, **form),
            f"unknown-model-{name}": chat_request(model="no-such-model", **form),
            f"messages-type-{name}": chat_request(messages="hello", **form),
            f"no-key-{name}": chat_request(key=None, **form),
            f"wrong-key-{name}": chat_request(key="sk-wrong", **form),
            f"empty-key-{name}": chat_request(key="", **form),
        }
    return found | made_up()


def made_up() -> dict[str, IncomingRequest]:
    """Requests of the kinds that a search makes up."""
    some: dict[str, Any] = {"temperature": 1, "top_p": 1, "seed": 7, "stop": "omega"}
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    return {
        "up-many": chat_request(**some, n=2, user="me", max_tokens=8),
        "up-spoilt": chat_request(**{**some, "top_p": 7}),
        "up-cut-escape": _posted(PROPER[:-6] + b"\\u00"),
        "up-cut-quote": _posted(b'{"model"'),
        "up-astral": chat_request(messages=user("\U00020000")),
        "up-joined": chat_request(messages=user("\u200d\U0001f469")),
        "up-choices": chat_request(n=2, user="me"),
        "up-penalty": chat_request(presence_penalty=-1, top_p=1),
        "up-metadata": chat_request(temperature=7, metadata={"a": "b"}),
        "up-seed": chat_request(seed=7, frequency_penalty=1, **usage),
    }


@cache
def of_families(area: str, profile: str) -> tuple[IncomingRequest, ...]:
    """All requests of the families of an area under a shipped profile."""
    claims = load_profile(profile)
    target = Target("http://127.0.0.1", "/v1", MODEL)
    families = [probe for name, probe in all_probes().items() if name.startswith(f"{area}.")]
    steps = [step for one in families for step in steps_of(one, target, claims, Suite.FULL)]
    bodies = [step.request.body for step in steps if step.request]
    return tuple(_posted(body) for body in bodies if body)


def as_it_came(history: list[Any]) -> list[Any]:
    """A conversation with the server's message as it was sent, with the members that say nothing."""
    asked, calling, *rest = history
    return [asked, {**calling, "refusal": None, "annotations": []}, *rest]


def two_results() -> list[Any]:
    """A conversation in which two calls are answered."""
    asked, calling, result = tool_history()
    call, other = calling["tool_calls"][0], {"id": "call_other"}
    calls = [call, {**call, **other}]
    return [
        asked,
        {**calling, "tool_calls": calls},
        *({**result, "tool_call_id": c["id"]} for c in calls),
    ]


def user(text: str) -> list[dict[str, str]]:
    """One user message."""
    return [{"role": "user", "content": text}]


def tool_history() -> list[dict[str, Any]]:
    """A conversation that ends with a tool's result."""
    call = {"id": "call_1", "type": "function"}
    call |= {"function": {"name": "get_weather", "arguments": "{}"}}
    return [
        *SAY_OK,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
    ]
