"""Requests as other clients write them: their headers, media types, methods and encodings."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.model.request import Credentials, Headers, Operation

from .registry import LIMIT, MODEL, Probe, chat, probe, user

_STAINLESS: Headers = (
    ("Accept-Encoding", "gzip, deflate"),
    ("X-Stainless-OS", "Linux"),
    ("X-Stainless-Arch", "x64"),
    ("X-Stainless-Retry-Count", "0"),
)
_PYTHON: Headers = (
    ("User-Agent", "OpenAI/Python 2.30.0"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "2.30.0"),
    ("X-Stainless-Runtime", "CPython"),
    ("X-Stainless-Runtime-Version", "3.12.3"),
    ("X-Stainless-Async", "false"),
    ("X-Stainless-Read-Timeout", "600"),
    *_STAINLESS,
)
_NODE: Headers = (
    ("User-Agent", "OpenAI/JS 6.49.0"),
    ("X-Stainless-Lang", "js"),
    ("X-Stainless-Package-Version", "6.49.0"),
    ("X-Stainless-Runtime", "node"),
    ("X-Stainless-Runtime-Version", "v22.11.0"),
    *_STAINLESS,
)


def _asking(text: str, **more: JSON) -> dict[str, JSON]:
    # A text of its own for each: equal requests would be compared as two forms of one.
    return {"model": MODEL, "messages": [user(text)], LIMIT: 16, **more}


chat(
    "chat.sdk-headers",
    "The headers that the official Python client sends.",
    _asking("Say yes."),
    headers=_PYTHON,
)
chat(
    "chat.stream.sdk-headers",
    "The headers that the official Node client sends with a stream.",
    _asking("Say no.", stream=True),
    headers=_NODE,
)
chat(
    "chat.charset",
    "Content-Type with charset=utf-8.",
    _asking("Say hello."),
    headers=(("Content-Type", "application/json; charset=utf-8"),),
)
chat(
    "chat.any-headers",
    "Accept: */* and headers that nobody knows.",
    _asking("Say please."),
    headers=(
        ("Accept", "*/*"),
        ("X-Conformance-Unknown", "anything"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ),
)
chat(
    "chat.stream.accept-events",
    "A stream with Accept: text/event-stream.",
    _asking("Say thanks.", stream=True),
    headers=(("Accept", "text/event-stream"),),
)
chat(
    "chat.lower-case-scheme",
    "The key under the scheme bearer in lower case.",
    _asking("Say good."),
    credentials=Credentials.KEY_LOWER,
)


def _other_method(
    method: str,
    title: str,
    headers: Headers = (),
    credentials: Credentials = Credentials.KEY,
) -> None:
    probe(
        Probe(
            f"http.{method.lower()}",
            title,
            method,
            Operation.CHAT,
            headers=headers,
            credentials=credentials,
            stage=Stage.FREE,
        )
    )


_SITE: Headers = (("Origin", "https://conformance.example"),)

_other_method("GET", "GET on chat completions, by a page of another site.", _SITE)
_other_method("HEAD", "HEAD on chat completions.")
_other_method(
    "OPTIONS",
    "OPTIONS on chat completions, as a browser asks before a request of another site: without the key.",
    (
        ("Accept", "*/*"),
        *_SITE,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ),
    Credentials.NONE,
)
