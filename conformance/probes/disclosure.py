"""Bodies and keys that are wrong in ways which make servers stumble, or say too much."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.model.request import Credentials, Headers, Operation

from .auth import WRONG_KEY
from .registry import LIMIT, MODEL, UNKNOWN_MODEL, Probe, minimal, probe, user

MARKUP = "<img src=x onerror=conformance()>"
"""The name of a model that does not exist; a page must not show it as it is."""
DEPTH = 1000
"""Levels of nested arrays: far more than any request needs, far fewer than a parser's memory holds."""
LARGE = 1_100_000
"""Bytes: more than the megabyte at which common proxies stop, less than a picture sent as text."""
QUERY_KEY = "sk-conformance-query-key-0000000000"
_MESSAGES = b'"messages": [{"role": "user", "content": "Say OK."}], "max_tokens": 1'
_WHOLE = b'{"model": "{model}", ' + _MESSAGES + b"}"


def _mistake(
    name: str, title: str, body: dict[str, JSON] | bytes, *, headers: Headers = ()
) -> None:
    probe(
        Probe(
            f"errors.{name}",
            title,
            "POST",
            Operation.CHAT,
            body,
            headers=headers,
            stage=Stage.FREE,
        )
    )


_mistake("json.nan", "NaN, which JSON has no word for.", _WHOLE[:-1] + b', "temperature": NaN}')
_mistake("json.trailing", "Something after the end of the JSON object.", _WHOLE + b' {"model": 1}')
_mistake("json.utf8-cut", "Bytes that are not UTF-8.", _WHOLE.replace(b"OK.", b"OK \xe2\x82"))
_mistake(
    "json.utf16",
    "JSON in UTF-16, and a model that does not exist.",
    b"\xff\xfe" + _WHOLE.decode().replace(MODEL, UNKNOWN_MODEL).encode("utf-16-le"),
)
_mistake(
    "json.duplicate-keys",
    "The model named twice; the second does not exist.",
    b'{"model": "{model}", "model": "' + UNKNOWN_MODEL.encode() + b'", ' + _MESSAGES + b"}",
)
_mistake(
    "json.deep",
    "Messages that are arrays in arrays, a thousand levels deep.",
    b'{"model": "{model}", "max_tokens": 1, "messages": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
)
_mistake(
    "media-type.form",
    "An HTML form in place of JSON.",
    b"model={model}&messages=Say+OK.&max_tokens=1",
    headers=(("Content-Type", "application/x-www-form-urlencoded"),),
)
_mistake(
    "media-type.text",
    "JSON that is declared as plain text.",
    {**minimal(), LIMIT: 1},
    headers=(("Content-Type", "text/plain"),),
)
_mistake(
    "message.no-role",
    "A message without a role.",
    {"model": MODEL, "messages": [{"content": "Say OK."}], LIMIT: 1},
)
_mistake(
    "message.bad-role",
    "A message of a role that does not exist.",
    {"model": MODEL, "messages": [{"role": "conformance", "content": "Say OK."}], LIMIT: 1},
)
_mistake(
    "message.no-content",
    "A user message without content.",
    {"model": MODEL, "messages": [{"role": "user"}], LIMIT: 1},
)
_mistake(
    "message.content-type",
    "A user message whose content is a number.",
    {"model": MODEL, "messages": [{"role": "user", "content": 7}], LIMIT: 1},
)
_mistake(
    "message.orphan-result",
    "A tool's result that answers no call.",
    {
        "model": MODEL,
        "messages": [
            user("Say OK."),
            {"role": "tool", "tool_call_id": "call_conformance_0", "content": "21"},
        ],
        LIMIT: 1,
    },
)
_mistake(
    "large-body",
    "A body of more than a megabyte, nearly all of it white space, and a model that does not exist.",
    _WHOLE.replace(MODEL.encode(), UNKNOWN_MODEL.encode())[:-1] + b" " * LARGE + b"}",
)
_mistake(
    "temperature-type",
    "A temperature that is a word.",
    {"model": MODEL, "messages": [user("Say OK.")], LIMIT: 1, "temperature": "hot"},
)
_mistake(
    "markup",
    "A model that does not exist, with markup in its name.",
    {**minimal(), "model": MARKUP, LIMIT: 1},
)

_WRONG: Headers = (("Authorization", f"Bearer {WRONG_KEY}"),)


def _keyless(
    name: str,
    title: str,
    *,
    headers: Headers = (),
    body: dict[str, JSON] | bytes | None = None,
    query: str = "",
) -> None:
    probe(
        Probe(
            f"auth.{name}",
            title,
            "POST",
            Operation.CHAT,
            {**minimal(), LIMIT: 1} if body is None else body,
            headers=headers,
            query=query,
            credentials=Credentials.MADE_UP if headers else Credentials.NONE,
            stage=Stage.FREE,
        )
    )


_keyless(
    "query-key",
    "A key that does not exist, in the query and in the headers X-API-Key and api-key.",
    headers=(("X-API-Key", QUERY_KEY), ("api-key", QUERY_KEY)),
    query=f"?api_key={QUERY_KEY}",
)
_keyless(
    "spaced-key",
    "A key with spaces inside.",
    headers=(("Authorization", "Bearer sk-conformance spaced key 0000000000"),),
)
_keyless("two-keys", "Two Authorization headers, both wrong.", headers=_WRONG * 2)
_keyless(
    "non-ascii-key",
    "A key with letters beyond ASCII.",
    headers=(("Authorization", "Bearer sk-conformance-schlüssel-0000"),),
)
_keyless("malformed-body", "A wrong key and a body whose JSON breaks off.", headers=_WRONG, body=_WHOLE[:-1])  # fmt: skip
_keyless(
    "unknown-model",
    "No key, and a model that does not exist.",
    body={**minimal(), "model": UNKNOWN_MODEL, LIMIT: 1},
)
