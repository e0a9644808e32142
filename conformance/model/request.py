"""What is sent: a request without its secrets."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

Headers = tuple[tuple[str, str], ...]


class Operation(StrEnum):
    """Which endpoint of the API a request is for."""

    CHAT = "chat"
    MODELS = "models"
    MODEL = "model"
    OTHER = "other"


class Credentials(StrEnum):
    """Which key a request carries; the key itself never enters a request."""

    KEY = "key"
    """The user's key (or none, where the user gave none), added where the bytes leave."""
    KEY_LOWER = "key-lower"
    """The user's key under the scheme ``bearer``, in lower-case letters."""
    KEY_LONGER = "key-longer"
    """The user's key with a letter added at its end: a wrong key."""
    KEY_SHORTER = "key-shorter"
    """The user's key without its last letter: a wrong key."""
    NONE = "none"
    """No ``Authorization`` header at all."""
    MADE_UP = "made-up"
    """A header that the probe wrote itself, kept in ``Request.headers``."""
    UNKNOWN = "unknown"
    """Traffic recorded elsewhere, whose credentials were removed."""


ALTERED = (Credentials.KEY_LONGER, Credentials.KEY_SHORTER)
"""Those that are nearly the user's key, and must be refused."""


def authorization(credentials: Credentials, key: str) -> str | None:
    """The Authorization header that goes with a key where the bytes leave; None where none is added."""
    match credentials:
        case Credentials.KEY:
            return f"Bearer {key}"
        case Credentials.KEY_LOWER:
            return f"bearer {key}"
        case Credentials.KEY_LONGER:
            return f"Bearer {key}x"
        case Credentials.KEY_SHORTER:
            return f"Bearer {key[:-1]}"
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: ``path`` is absolute on the target, with its query; ``headers`` hold no secret."""

    method: str
    path: str
    operation: Operation
    headers: Headers = ()
    body: bytes | None = None
    credentials: Credentials = Credentials.KEY
    leaves: bool = False
    """Whether the client closes the connection once the first event of a stream has come."""

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that are equal for requests that say the same, wherever they are sent."""
        said = [
            self.method,
            self.path,
            self.credentials.value,
            sorted(self.headers),
            _canonical(self.body),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _canonical(body: bytes | None) -> str:
    if body is None:
        return ""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return body.hex()
