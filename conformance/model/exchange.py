"""What happened: raw facts, nothing parsed.

Exchange                    one request and what came of it
├── request: Request
├── attempts: Attempt …     the last one counts; earlier ones were answered 429 or 503 and retried
│   ├── status, headers
│   ├── chunks: Chunk …     the body as it arrived, with times
│   └── ended: Ended        how the body stopped
└── kept: Kept              what the recording preserves, so that nothing else is judged
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from conformance.model.request import Headers, Request


class Ended(StrEnum):
    """How an attempt came to its end."""

    COMPLETE = "complete"
    """The body ended as its framing (Content-Length, chunked, close) says."""
    CUT = "cut"
    """The connection closed before the framing said so."""
    RESET = "reset"
    """The connection was reset."""
    TIMEOUT = "timeout"
    """Nothing, or not all, came within the time allowed."""
    LEFT = "left"
    """We closed the connection after the first event, as the request says."""
    HELD_OPEN = "held-open"
    """A stream said [DONE] but the connection stayed open; we closed it."""
    TOO_LARGE = "too-large"
    """We stopped reading at our size limit."""
    NOT_HTTP = "not-http"
    """What came back was not HTTP."""
    REFUSED = "refused"
    """No connection was made."""
    INTERRUPTED = "interrupted"
    """We were told to stop, or had read so much of other answers that there was no room for all of this one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of a body as one read delivered them; ``at`` is in seconds since the request was begun."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a request. ``status`` is None if no response head arrived."""

    status: int | None
    headers: Headers = ()
    chunks: tuple[Chunk, ...] = ()
    ended: Ended = Ended.COMPLETE
    detail: str = ""
    http_version: str = ""
    started: float = 0.0
    """Seconds since the recording began."""
    head_at: float | None = None
    """Seconds from the start of this attempt to the response head."""
    seconds: float = 0.0
    """Seconds from the start of this attempt to its end."""
    redactions: int = 0
    """How often the user's key stood in what came back (each was blotted out)."""
    connection: int = 0
    """Which connection of the run carried it, from 1; 0 where that is not known."""
    earlier: int = 0
    """How many requests the connection had carried before."""
    excess: bytes = b""
    """What came after the end of the answer although nothing more was asked; its beginning."""
    leftover: bytes = b""
    """What a kept connection brought in place of an answer, before a new one brought this; its beginning."""

    @property
    def body(self) -> bytes:
        """The body's bytes as they came."""
        return b"".join(chunk.data for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a recording preserves; what it does not preserve is not judged."""

    bytes: bool = True
    """The body's bytes are as sent (false: JSON was parsed and written again)."""
    values: bool = True
    """Ids, times and names are as sent (false: they were replaced)."""
    headers: bool = True
    """Response headers are complete (false: dropped, or only some kept)."""
    arrival: bool = True
    """Chunk borders and arrival times are those of the wire."""
    date: str | None = None
    """The day of the exchange (YYYY-MM-DD), where known."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it; ``not_sent`` says why nothing did."""

    id: str
    request: Request
    attempts: tuple[Attempt, ...] = ()
    probe: str | None = None
    """The probe that asked for it; None for traffic recorded elsewhere."""
    not_sent: str | None = None
    kept: Kept = field(default_factory=Kept)

    @property
    def last(self) -> Attempt | None:
        """The attempt that counts."""
        return self.attempts[-1] if self.attempts else None
