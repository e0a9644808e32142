"""JSON lines of exchanges, one ``{"id", "request": {…}, "response": {…}, "fidelity", …}`` a line.

``fidelity`` says what was kept: ``bytes`` all of the body, ``json`` its values but not its white space,
``scrubbed`` neither bytes nor values nor headers.
``response.headers_removed`` and ``response.placeholders`` weaken that further.
``response.complete: false`` says that the recording breaks off, not that the server did.
"""

from __future__ import annotations

import base64
import binascii
import json

from conformance.model.errors import RecordingError
from conformance.model.exchange import Attempt, Chunk, Ended, Exchange, Kept
from conformance.model.json import JSON
from conformance.model.request import Credentials, Operation, Request
from conformance.recording.fields import Fields, parse
from conformance.recording.imported import (
    operation_of,
    safe_path,
    safe_request_headers,
    safe_response_headers,
    unique,
)

BREAKS_OFF = "the recording breaks off"

_STATED_OPERATIONS = {
    "chat": Operation.CHAT,
    "models": Operation.MODELS,
}
_FIDELITIES = ("bytes", "json", "scrubbed")


def is_exchange_line(value: JSON) -> bool:
    """Whether a JSON value has the outline of one exchange."""
    match value:
        case {"request": dict(), "response": {"status": _}}:
            return True
    return False


def read_line(line: bytes, place: str, taken: set[str]) -> Exchange:
    """The exchange of one line; ids that are taken already get a number."""
    try:
        value = parse(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordingError(f"{place}: byte {error.start + 1} is not UTF-8 text") from None
    except ValueError as error:
        raise RecordingError(f"{place}: not a JSON line: {error}") from None
    fields = Fields.of(value, place)
    if not is_exchange_line(value):
        raise RecordingError(
            f"{place}: a line must hold an exchange with 'request' and 'response' (with its 'status')"
        )
    return _exchange(fields, unique(fields.text("id", place.rpartition("/")[2]), taken))


def _exchange(fields: Fields, identifier: str) -> Exchange:
    response = fields.object("response")
    return Exchange(
        id=identifier,
        request=_request(fields.object("request"), fields.text_or_none("endpoint")),
        attempts=(_attempt(response),),
        kept=_kept(fields, response),
    )


def _request(fields: Fields, stated: str | None) -> Request:
    method, path = fields.text("method").upper(), fields.text("path")
    operation = operation_of(method, path)
    if operation is Operation.OTHER and stated in _STATED_OPERATIONS:
        # Some services put chat completions at a path of their own; the recorder knew.
        operation = _STATED_OPERATIONS[stated]
    return Request(
        method=method,
        path=safe_path(path),
        operation=operation,
        headers=safe_request_headers(fields.pairs("headers")),
        body=_request_body(fields.members.get("body")),
        credentials=Credentials.UNKNOWN,
    )


def _request_body(value: JSON) -> bytes | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _attempt(response: Fields) -> Attempt:
    body = _body(response)
    complete = response.truth("complete", default=True)
    return Attempt(
        status=response.whole("status"),
        headers=safe_response_headers(response.pairs("headers")),
        chunks=(Chunk(0.0, body),) if body else (),
        ended=Ended.COMPLETE if complete else Ended.INTERRUPTED,
        detail="" if complete else BREAKS_OFF,
    )


def _body(response: Fields) -> bytes:
    text = response.text_or_none("body_text")
    if text is not None:
        return text.encode("utf-8", "surrogatepass")
    encoded = response.text_or_none("body_b64") or ""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise RecordingError(f"{response.place}: 'body_b64' is not base64") from None


def _kept(fields: Fields, response: Fields) -> Kept:
    fidelity = fields.text("fidelity", "bytes")
    if fidelity not in _FIDELITIES:
        raise fields.wrong("fidelity", f"one of {', '.join(_FIDELITIES)}")
    scrubbed = fidelity == "scrubbed"
    return Kept(
        bytes=fidelity == "bytes" and not response.members.get("placeholders"),
        values=not scrubbed,
        headers=not scrubbed and not response.truth("headers_removed", default=False),
        arrival=False,
        date=fields.text_or_none("recorded"),
    )
