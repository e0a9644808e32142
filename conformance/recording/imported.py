"""What all traffic recorded elsewhere has in common: operations by path, and secrets taken out."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from conformance.model.request import Headers, Operation

COVERED = "REDACTED"

_SECRET_REQUEST_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key"}
)
_SECRET_RESPONSE_HEADERS = frozenset({"set-cookie", "set-cookie2"})
_SECRET_QUERY = frozenset(
    {"key", "api_key", "apikey", "api-key", "token", "access_token", "sig", "signature"}
)


def operation_of(method: str, path: str) -> Operation:
    """Which endpoint a request is for, told by its path alone (``/v1/chat/completions?…``)."""
    bare = path.partition("?")[0].rstrip("/")
    if bare.endswith("/chat/completions"):
        return Operation.CHAT
    if method != "GET":
        return Operation.OTHER
    if bare.endswith("/models"):
        return Operation.MODELS
    return Operation.MODEL if "/models/" in bare else Operation.OTHER


def safe_request_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The request's headers without those that carry credentials, and without HTTP/2's pseudo headers."""
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() not in _SECRET_REQUEST_HEADERS and not name.startswith(":")
    )


def safe_response_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The response's headers, the values of cookies covered."""
    return tuple(
        (name, COVERED if name.lower() in _SECRET_RESPONSE_HEADERS else value)
        for name, value in headers
        if not name.startswith(":")
    )


def safe_path(path: str) -> str:
    """The path with its query, keys in the query covered."""
    bare, mark, query = path.partition("?")
    return bare + mark + "&".join(_safe_parameter(item) for item in query.split("&"))


def secrets_of(headers: Iterable[tuple[str, str]], path: str) -> set[str]:
    """The credentials that a recorded request carried, to look for their echo in the answer."""
    found = set()
    for name, value in headers:
        if name.lower() in _SECRET_REQUEST_HEADERS:
            found |= {value, value.rpartition(" ")[2]}
    for item in path.partition("?")[2].split("&"):
        name, _, value = item.partition("=")
        if name.lower() in _SECRET_QUERY:
            found |= {value, unquote(value)}
    return {secret for secret in found if secret and secret != COVERED}


def unique(identifier: str, taken: set[str]) -> str:
    """The id, with ``~2``, ``~3`` … where it is taken already; adds it to those taken."""
    number, candidate = 1, identifier
    while candidate in taken:
        number += 1
        candidate = f"{identifier}~{number}"
    taken.add(candidate)
    return candidate


def _safe_parameter(item: str) -> str:
    name, mark, _ = item.partition("=")
    return f"{name}={COVERED}" if mark and name.lower() in _SECRET_QUERY else item
