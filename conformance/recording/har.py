"""HAR 1.2, as browsers and proxies save it.

What such a file preserves: headers (whole), the body after its content coding was undone, no chunk borders.
``content.text`` is text in the browser's reading of the charset; it counts as the bytes that were sent only
where it is base64, or where its length in UTF-8 is ``content.size`` and nothing was replaced by U+FFFD.
Content-Encoding and Content-Length stay among the headers, as the facts they are: ``kept.arrival`` is false
for all of this traffic, which tells checks that the body's framing was not kept.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import urlsplit

from conformance.model.errors import RecordingError
from conformance.model.exchange import Attempt, Chunk, Ended, Exchange, Kept
from conformance.model.json import JSON
from conformance.model.request import Credentials, Headers, Operation, Request
from conformance.recording.fields import Fields
from conformance.recording.imported import (
    operation_of,
    safe_path,
    safe_request_headers,
    safe_response_headers,
    secrets_of,
)
from conformance.recording.redact import Redactor

Loaded = tuple[tuple[Exchange, ...], tuple[str, ...]]


def is_har(document: JSON) -> bool:
    """Whether a JSON value has the outline of a HAR file."""
    match document:
        case {"log": {"entries": list()}}:
            return True
    return False


def read_har(document: JSON, path: str) -> Loaded:
    """The exchanges with a chat-completion API in a HAR file, and notes on what was left out."""
    log = Fields.of(document, path).object("log")
    exchanges, left_out = [], Counter[str]()
    for n, item in enumerate(log.items("entries")):
        entry = Fields.of(item, f"{path}: entry {n}")
        exchange = _exchange(entry, f"{path.rpartition('/')[2]}#{n}")
        if isinstance(exchange, str):
            left_out[exchange] += 1
        else:
            exchanges.append(exchange)
    notes = tuple(f"{count} {_entries(count)} left out: {why}" for why, count in left_out.items())
    return tuple(exchanges), notes


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"


def _exchange(entry: Fields, identifier: str) -> Exchange | str:
    """The exchange of an entry, or why it is left out."""
    request, response = entry.object("request"), entry.object("response")
    url = request.text("url", "")
    if not url.startswith(("http://", "https://")):
        return "not HTTP"
    parts = _split(url)
    path = (parts[0] or "/") + (f"?{parts[1]}" if parts[1] else "")
    method = request.text("method", "").upper()
    operation = operation_of(method, path)
    if operation is Operation.OTHER:
        return "not a request to chat completions or models"
    if method == "OPTIONS":
        return "a browser's preflight, which is not sent by API clients"
    status = response.whole("status", 0)
    if not 100 <= status <= 999:
        return "no answer was recorded"
    content = response.object("content")
    body = _content(content)
    if body is None:
        return "the file does not hold the body of the answer"
    sent = _headers(request)
    redactor = Redactor(secrets_of(sent, path))
    chunks, found = redactor.chunks((Chunk(0.0, body),) if body else ())
    return Exchange(
        id=identifier,
        request=Request(
            method=method,
            path=safe_path(path),
            operation=operation,
            headers=safe_request_headers(sent),
            body=_post_data(request),
            credentials=Credentials.UNKNOWN,
        ),
        attempts=(
            Attempt(
                status=status,
                headers=tuple(
                    (name, redactor.text(value))
                    for name, value in safe_response_headers(_headers(response))
                ),
                chunks=chunks,
                ended=Ended.COMPLETE,
                http_version=response.text_or_none("httpVersion") or "",
                seconds=max(0.0, entry.number("time", 0.0)) / 1000,
                redactions=found,
            ),
        ),
        kept=Kept(bytes=_exact(content, body), arrival=False, date=_day(entry)),
    )


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.path, parts.query


def _headers(message: Fields) -> Headers:
    fields = [Fields.of(item, f"{message.place}: a header") for item in message.items("headers")]
    return tuple((field.text("name"), field.text("value", "")) for field in fields)


def _post_data(request: Fields) -> bytes | None:
    data = request.object("postData") if request.members.get("postData") is not None else None
    text = data.text_or_none("text") if data is not None else None
    if data is None or text is None:
        return None
    return _decoded(data, text)


def _content(content: Fields) -> bytes | None:
    """The body; None if there was one but the file does not hold it."""
    text = content.text_or_none("text")
    if text is None:
        return b"" if content.members.get("size", 0) == 0 else None
    return _decoded(content, text)


def _decoded(holder: Fields, text: str) -> bytes:
    if holder.members.get("encoding") != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        raise RecordingError(f"{holder.place}: 'text' is not the base64 it says it is") from None


def _exact(content: Fields, body: bytes) -> bool:
    if content.members.get("encoding") == "base64":
        return True
    return (
        content.members.get("size") == len(body)
        and "\N{REPLACEMENT CHARACTER}".encode() not in body
    )


def _day(entry: Fields) -> str | None:
    try:
        at = datetime.fromisoformat(entry.text("startedDateTime", ""))
    except ValueError:
        return None
    return (at.astimezone(UTC) if at.tzinfo else at).date().isoformat()
