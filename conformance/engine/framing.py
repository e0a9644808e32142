"""Follows the bytes of an answer to the end that its own framing gives it, to see what comes after.

HTTP libraries leave bytes beyond the end on the connection in silence, where they spoil the next answer.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_HEAD = 1 << 17
"""Bytes of a head, or of one line of chunk framing, that are followed."""
_PIECE = 4096
_MOST_DIGITS = 18
"""Of a Content-Length; of thousands of them Python makes no number."""
KEPT = 4096
"""Bytes beyond the end that are kept."""

_WITHOUT_BODY = (b"204", b"304")


class Follower:
    """One answer to a request; ``excess`` is what came after its end, as far as it is kept.

    What cannot be followed (a malformed head, a body that ends with the connection) has no end.
    """

    def __init__(self, method: str) -> None:
        self.excess = b""
        self.lengths: list[bytes] = []
        """The values of Content-Length, each as it stands in the head."""
        self._head_only = method == "HEAD"
        self._waiting = bytearray()
        self._left = 0
        self._step: Callable[[bytes], bytes | None] = self._head

    def feed(self, data: bytes) -> None:
        """Takes what one read brought."""
        # In small pieces: each step copies what is left of its piece, and a piece may hold thousands of steps.
        for at in range(0, len(data), _PIECE):
            self._follow(data[at : at + _PIECE])

    def _follow(self, data: bytes) -> None:
        if self._waiting:
            self._waiting += data
            if len(self._waiting) > MOST_HEAD:
                self._step = _lost
            elif b"\n" not in data:
                return  # both a head and a line of chunk framing end with one
            data = bytes(self._waiting)
            self._waiting.clear()
        rest: bytes | None = data
        while rest:
            rest = self._step(rest)

    def _head(self, data: bytes) -> bytes | None:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._waiting += data
            return None
        status = head[9:12]
        if status[:1] == b"1" and status != b"101":
            return rest  # an interim answer; the head of the real one follows
        fields = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
        self.lengths = [value.strip() for name, _, value in fields if name == b"content-length"]
        self._step = self._body(status, {name: value.strip() for name, _, value in fields})
        return rest

    def _body(self, status: bytes, fields: dict[bytes, bytes]) -> Callable[[bytes], bytes | None]:
        if self._head_only or status in _WITHOUT_BODY:
            return self._after
        if b"transfer-encoding" in fields:
            return self._size if fields[b"transfer-encoding"] == b"chunked" else _lost
        length = fields.get(b"content-length", b"")
        if not length.isdigit() or len(length) > _MOST_DIGITS:
            return _lost
        self._left = int(length)
        return self._counted(self._after) if self._left else self._after

    def _counted(self, then: Callable[[bytes], bytes | None]) -> Callable[[bytes], bytes | None]:
        """So many bytes as are left, then another step."""

        def count(data: bytes) -> bytes | None:
            taken = min(len(data), self._left)
            self._left -= taken
            if not self._left:
                self._step = then
            return data[taken:]

        return count

    def _size(self, data: bytes) -> bytes | None:
        line, end, rest = data.partition(b"\n")
        if not end:
            self._waiting += data
            return None
        try:
            size = int(line.partition(b";")[0].strip(), 16)
        except ValueError:
            size = -1
        if size < 0:
            self._step = _lost
        elif size == 0:
            self._step = self._trailer
        else:
            self._left = size + 2  # with the line end after it
            self._step = self._counted(self._size)
        return rest

    def _trailer(self, data: bytes) -> bytes | None:
        line, end, rest = data.partition(b"\n")
        if not end:
            self._waiting += data
            return None
        if not line.strip():
            self._step = self._after
        return rest

    def _after(self, data: bytes) -> bytes | None:
        self.excess = (self.excess + data)[:KEPT]
        return None


def _lost(data: bytes) -> bytes | None:
    return None
