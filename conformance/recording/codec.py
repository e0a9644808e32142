"""An exchange as a JSON object and back; decoding is the inverse of encoding.

Members that have their default value are left out, so that lines stay short.
"""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum

from conformance.model.errors import RecordingError
from conformance.model.exchange import Attempt, Chunk, Ended, Exchange, Kept
from conformance.model.json import JSON
from conformance.model.request import Credentials, Headers, Operation, Request
from conformance.recording.fields import Fields, finite, shown

_LONG = 1 << 12
"""Bytes that are not written as text at any cost."""
_ESCAPED = bytes(range(0x20)) + b'"\\'


def encode_exchange(exchange: Exchange) -> dict[str, JSON]:
    """The JSON object of one exchange; times are rounded to a tenth of a millisecond."""
    line: dict[str, JSON] = {
        "id": exchange.id,
        "probe": exchange.probe,
        "request": _encode_request(exchange.request),
        "attempts": [_encode_attempt(attempt) for attempt in exchange.attempts],
    }
    if exchange.not_sent is not None:
        line["not_sent"] = exchange.not_sent
    if exchange.kept != Kept():
        line["kept"] = _encode_kept(exchange.kept)
    return line


def decode_exchange(fields: Fields) -> Exchange:
    """The exchange of a JSON object; a RecordingError says which member is wrong."""
    if "request" not in fields.members:
        raise fields.wrong("request", "an object")
    attempts = [
        _decode_attempt(Fields.of(item, f"{fields.place}: attempt {n}"))
        for n, item in enumerate(fields.items("attempts"), 1)
    ]
    return Exchange(
        id=fields.text("id"),
        request=_decode_request(fields.object("request")),
        attempts=tuple(attempts),
        probe=fields.text_or_none("probe"),
        not_sent=fields.text_or_none("not_sent"),
        kept=_decode_kept(fields.object("kept")),
    )


def _encode_request(request: Request) -> dict[str, JSON]:
    return {
        "method": request.method,
        "path": request.path,
        "operation": request.operation.value,
        "headers": _encode_headers(request.headers),
        "body": None if request.body is None else encode_bytes(request.body),
        "credentials": request.credentials.value,
        **({"leaves": True} if request.leaves else {}),
    }


def _decode_request(fields: Fields) -> Request:
    body = fields.members.get("body")
    return Request(
        method=fields.text("method"),
        path=fields.text("path"),
        operation=fields.word("operation", Operation, _words(Operation)),
        headers=fields.pairs("headers"),
        body=None if body is None else decode_bytes(body, f"{fields.place}: 'body'"),
        credentials=fields.word("credentials", Credentials, _words(Credentials)),
        leaves=fields.truth("leaves", default=False),
    )


def _encode_attempt(attempt: Attempt) -> dict[str, JSON]:
    line: dict[str, JSON] = {
        "status": attempt.status,
        "headers": _encode_headers(attempt.headers),
        "chunks": [[_ticks(chunk.at), encode_bytes(chunk.data)] for chunk in attempt.chunks],
        "ended": attempt.ended.value,
        "started": _ticks(attempt.started),
        "seconds": _ticks(attempt.seconds),
    }
    if attempt.detail:
        line["detail"] = attempt.detail
    if attempt.http_version:
        line["http_version"] = attempt.http_version
    if attempt.head_at is not None:
        line["head_at"] = _ticks(attempt.head_at)
    if attempt.redactions:
        line["redactions"] = attempt.redactions
    if attempt.connection:
        line["connection"] = attempt.connection
    if attempt.earlier:
        line["earlier"] = attempt.earlier
    if attempt.excess:
        line["excess"] = encode_bytes(attempt.excess)
    if attempt.leftover:
        line["leftover"] = encode_bytes(attempt.leftover)
    return line


def _decode_attempt(fields: Fields) -> Attempt:
    if "status" not in fields.members:
        raise fields.wrong("status", "a whole number or null")
    return Attempt(
        status=fields.whole_or_none("status"),
        headers=fields.pairs("headers"),
        chunks=tuple(_decode_chunk(item, fields.place) for item in fields.items("chunks")),
        ended=fields.word("ended", Ended, _words(Ended)),
        detail=fields.text("detail", ""),
        http_version=fields.text("http_version", ""),
        started=fields.number("started", 0.0),
        head_at=fields.number_or_none("head_at"),
        seconds=fields.number("seconds", 0.0),
        redactions=fields.whole("redactions", 0),
        connection=fields.whole("connection", 0),
        earlier=fields.whole("earlier", 0),
        excess=decode_bytes(fields.members.get("excess", ""), f"{fields.place}: 'excess'"),
        leftover=decode_bytes(fields.members.get("leftover", ""), f"{fields.place}: 'leftover'"),
    )


def _decode_chunk(item: JSON, place: str) -> Chunk:
    match item:
        case [int() | float() as at, data] if not isinstance(at, bool):
            return Chunk(finite(at, place), decode_bytes(data, f"{place}: chunk"))
    raise RecordingError(f"{place}: a chunk must be [seconds, bytes], not {shown(item)}")


def _encode_kept(kept: Kept) -> dict[str, JSON]:
    return {
        "bytes": kept.bytes,
        "values": kept.values,
        "headers": kept.headers,
        "arrival": kept.arrival,
        "date": kept.date,
    }


def _decode_kept(fields: Fields) -> Kept:
    return Kept(
        bytes=fields.truth("bytes", default=True),
        values=fields.truth("values", default=True),
        headers=fields.truth("headers", default=True),
        arrival=fields.truth("arrival", default=True),
        date=fields.text_or_none("date"),
    )


def encode_bytes(data: bytes) -> JSON:
    """Text where the bytes are UTF-8, else ``{"b64": …}``."""
    try:
        if not _bloated_as_text(data):
            return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    return {"b64": base64.b64encode(data).decode("ascii")}


def _bloated_as_text(data: bytes) -> bool:
    """Whether JSON would escape most of it."""
    return len(data) >= _LONG and len(data.translate(None, _ESCAPED)) < len(data) // 2


def decode_bytes(value: JSON, place: str) -> bytes:
    """The bytes of either form."""
    try:
        match value:
            case str():
                return value.encode("utf-8")
            case {"b64": str(text)}:
                return base64.b64decode(text, validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        pass
    raise RecordingError(f'{place} must be text or {{"b64": base64}}, not {shown(value)}')


def _encode_headers(headers: Headers) -> list[JSON]:
    return [[name, value] for name, value in headers]


def _ticks(seconds: float) -> float:
    return round(seconds, 4)


def _words(of: type[StrEnum]) -> str:
    return ", ".join(of)
