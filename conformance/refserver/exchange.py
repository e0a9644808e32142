"""What comes in and what goes out, without a socket: IncomingRequest, Frame, End and Reply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]
Obj: TypeAlias = dict[str, Any]
"""A JSON object that is being read or built."""


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request as it arrived; ``path`` is still percent-encoded and may end in a query."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""
    before: tuple[int, ...] = ()
    """The statuses that were answered on this connection before; 0 where there was none."""

    def header(self, name: str) -> str | None:
        """The first header of that name, in any letter case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that leave together, ``delay`` seconds after what came before them."""

    data: bytes
    delay: float = 0.0


class End(StrEnum):
    """What happens after the last frame."""

    COMPLETE = "complete"
    """The body ends as its framing says."""
    CUT = "cut"
    """The connection closes before the framing says so."""
    RESET = "reset"
    """The connection is reset."""
    HOLD = "hold"
    """The connection stays open and silent until the client leaves."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; without a status no head is sent and the frames are the raw bytes of the connection.

    A reply without a ``Content-Length`` header is sent in chunks.
    """

    status: int | None
    headers: Headers = ()
    frames: tuple[Frame, ...] = ()
    end: End = End.COMPLETE
    latency: float = 0.0
    """Seconds before the head is sent."""

    @property
    def body(self) -> bytes:
        """The bytes of all frames."""
        return b"".join(frame.data for frame in self.frames)

    def header(self, name: str) -> str | None:
        """The first header of that name, in any letter case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
