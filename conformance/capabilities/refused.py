"""What became of a request that was not answered as asked: lost, or refused, and for what."""

from __future__ import annotations

import json
import re
from enum import StrEnum

from conformance.checks.errors.status import error_with_success
from conformance.checks.parameters.departing import refused
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.names import NAMES, top_of
from conformance.spec.phrase import cut
from conformance.wire.envelope import envelope_of
from conformance.wire.reading import Reading

MESSAGE = 80
"""Characters of a refusal's message that a row shows."""
_CODE = 40
_OF_THE_REQUEST = (400, 413, 415, 422, 500, 501)
"""Statuses that speak of what the request says; others need the parameter's name to be put down to it."""


class Blame(StrEnum):
    """What a refusal is about."""

    ROW = "row"
    """It names the parameter, or its status speaks of what the request says."""
    OTHER = "other"
    """It names another parameter of the request."""
    OPEN = "open"
    """It may be about anything, the prompt included."""


def lost(x: Reading) -> str | None:
    """Why nothing can be said of a request: it was not sent or not answered, or the account or server gave out."""
    if x.attempt is None:
        return x.exchange.not_sent or "not sent"
    status = x.status
    if status is None:
        return f"no answer ({x.ended})"
    if status in (401, 402, 408, 429, 502, 503, 504, 529) or 300 <= status < 400:
        return f"status {status}"
    return None


def turned_down(x: Reading, profile: Profile) -> bool:
    """Whether a request was refused, or answered with nothing but an error whatever the status."""
    if refused(x, profile) or (x.status or 0) >= 500:
        return True
    if x.asked.streams and x.looks_like_events:
        return bool(x.error_events) and not any(chunk.get("choices") for _, chunk in x.chunks)
    return error_with_success(x)


def members_of_error(x: Reading) -> dict[str, JSON]:
    """The members of an error, which may have come inside a stream."""
    in_stream = x.asked.streams and x.looks_like_events and x.error_events
    return (envelope_of(x.error_events[0][1]) if in_stream else x.envelope).members


def refusal(x: Reading) -> str:
    """A refusal in words: status, code (or type), and the beginning of its message."""
    members = members_of_error(x)
    code = next((members[n] for n in ("code", "type") if isinstance(members.get(n), str)), "")
    message = members.get("message")
    text = message if isinstance(message, str) else (compact(message) if message else "")
    text = " ".join(text[: 10 * MESSAGE].split())
    short = cut(text, MESSAGE)
    named = f" {str(code)[:_CODE]}" if code and str(code) != str(x.status) else ""
    return f"{x.status}{named}{f': {short}' if short else ''}"


def blame_of(row: str, x: Reading) -> Blame:
    """What a refusal is about, as far as it concerns a row."""
    members = members_of_error(x)
    named = members.get("param")
    top = top_of(named) if isinstance(named, str) else ""
    if top_of(row) in NAMES and top in NAMES and top in x.asked.body and top != top_of(row):
        return Blame.OTHER
    text = f"{named} {members.get('message')}"[:2_000].lower()
    stem = re.escape(top_of(row).lower().rstrip("s")).replace("_", "[_ ]")
    clear = x.status in _OF_THE_REQUEST or (x.status or 0) < 300
    spoken = re.search(rf"(?<![a-z0-9_]){stem}s?(?![a-z0-9_])", text) is not None
    return Blame.ROW if clear or spoken else Blame.OPEN


def compact(value: JSON) -> str:
    """A value as JSON text."""
    return json.dumps(value, ensure_ascii=False)
