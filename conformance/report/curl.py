"""A recorded request as one line of shell that sends the same bytes again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote

from conformance.model.exchange import Exchange
from conformance.model.finding import Finding
from conformance.model.request import Credentials, Headers, Request
from conformance.report.escaping import visible

LONGEST_BODY = 32_768
"""Bytes of a body that a line repeats; longer ones are left in the recording."""

_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110 §5.6.2
_NO_KEY_NEEDED = (Credentials.NONE, Credentials.MADE_UP)
_KEY = "Bearer ${}"
_KEYS = {
    Credentials.KEY_LOWER: "bearer ${}",
    Credentials.KEY_LONGER: "Bearer ${{{}}}x",
    Credentials.KEY_SHORTER: "Bearer ${{{}%?}}",
}
_CURLS_OWN = {"host", "content-length", "transfer-encoding", "connection", "expect"}
# What a URL may hold as it is (RFC 3986), "%" included: recorded paths are encoded already.
_IN_PATH = "/?:@!$&'()*+,;=-._~%[]"


def curl(request: Request, origin: str, key_env: str | None, headers: Headers = ()) -> str:
    """The line; the key is named by its environment variable, never written.

    ``headers`` are those added to every request (a profile's); no ``key_env``: no key was given.
    """
    words = ["curl", "-sS", "-i"]
    if _streams(request.body):
        words.append("-N")
    words += _method(request) + _headers(request, headers)
    if request.credentials not in _NO_KEY_NEEDED and key_env:
        name = key_env if _ENV.match(key_env) else "API_KEY"
        words += ["-H", f'"Authorization: {_KEYS.get(request.credentials, _KEY).format(name)}"']
    feed, data = _data(request.body)
    return feed + " ".join([*words, *data, *_address(origin, request.path)])


def with_curl(
    findings: Iterable[Finding],
    exchanges: Iterable[Exchange],
    origin: str,
    key_env: str | None,
    headers: Headers = (),
) -> list[Finding]:
    """The findings, each with problems repeated by a line for its first problem's exchange."""
    by_id: Mapping[str, Exchange] = {exchange.id: exchange for exchange in exchanges}
    made = []
    for finding in findings:
        first = finding.problems[0].exchange if finding.problems else ""
        if origin and not finding.curl and first in by_id:
            line = curl(by_id[first].request, origin, key_env, headers)
            finding = replace(finding, curl=line)
        made.append(finding)
    return made


def _streams(body: bytes | None) -> bool:
    try:
        asked = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return False
    return isinstance(asked, dict) and asked.get("stream") is True


def _method(request: Request) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]  # with -X HEAD, curl waits for a body that never comes
    usual = "GET" if request.body is None else "POST"
    return [] if request.method == usual else ["-X", _quoted(request.method)]


def _headers(request: Request, more: Headers) -> list[str]:
    said = {name.lower() for name, _ in request.headers}
    sent = [*request.headers, *((n, v) for n, v in more if n.lower() not in said)]
    words: list[str] = []
    for name, value in sent:
        if _repeatable(name, value, request.credentials):
            words += ["-H", _quoted(f"{name}: {value}" if value else f"{name};")]
    if request.body is not None and all(name.lower() != "content-type" for name, _ in sent):
        words += ["-H", "Content-Type:"]  # else curl adds that of an HTML form
    return words


def _repeatable(name: str, value: str, credentials: Credentials) -> bool:
    """Whether curl should be given this header; it reads a file where one begins with "@"."""
    lower = name.lower()
    if not _TOKEN.match(name) or visible(value, len(value)) != value or lower in _CURLS_OWN:
        return False
    return lower != "authorization" or credentials in _NO_KEY_NEEDED


def _data(body: bytes | None) -> tuple[str, list[str]]:
    """What is piped into curl, and curl's own words."""
    if body is None:
        return "", []
    if len(body) > LONGEST_BODY:
        return "", ["--data-binary", f"@request-body-of-{len(body)}-bytes"]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _printf(body), ["--data-binary", "@-"]
    # One line, safe to print; and "@" at the beginning would name a file.
    if visible(text, len(text)) != text or text.startswith("@"):
        return _printf(body), ["--data-binary", "@-"]
    return "", ["--data-binary", _quoted(text)]


def _printf(body: bytes) -> str:
    form = "".join(_in_format(n, byte) for n, byte in enumerate(body))
    return f"printf {shlex.quote(form)} | "


def _in_format(n: int, byte: int) -> str:
    sign = chr(byte)
    if sign in "\\%":
        return sign * 2
    plain = 0x20 <= byte < 0x7F and not (n == 0 and sign == "-")  # "-" would begin an option
    return sign if plain else f"\\{byte:03o}"


def _address(origin: str, path: str) -> list[str]:
    url = origin + quote(path, safe=_IN_PATH, errors="surrogatepass")
    return (
        (["--globoff"] if re.search(r"[\[\]{}]", url) else [])
        + (["--path-as-is"] if "/." in url.partition("://")[2] else [])
        + [_quoted(url)]
    )


def _quoted(text: str) -> str:
    return shlex.quote(visible(text, len(text)))
