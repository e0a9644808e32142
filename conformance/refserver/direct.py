"""The reference server without a socket: requests in, attempts out, as if they had been sent."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from zlib import crc32

from conformance.model.exchange import Attempt, Chunk, Ended
from conformance.model.profile import Profile
from conformance.model.request import Request, authorization
from conformance.refserver.exchange import End, IncomingRequest, Reply
from conformance.refserver.respond import answer
from conformance.refserver.stages import Alteration

_ENDED = {
    End.COMPLETE: Ended.COMPLETE,
    End.CUT: Ended.CUT,
    End.RESET: Ended.RESET,
    End.HOLD: Ended.HELD_OPEN,
}


class DirectServer:
    """Answers in the caller's thread; times are those that the delays add up to, so nothing waits.

    With ``now``, in unix seconds, equal requests get equal answers, whatever else was sent.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        key: str | None = None,
        model: str | None = None,
        fault: Alteration | None = None,
        oddities: Sequence[Alteration] = (),
        pace: float = 0.0,
        prefix: str = "/v1",
        now: float | None = None,
    ) -> None:
        self.profile, self.key, self.model, self.prefix = profile, key, model, prefix
        self._fault, self._oddities, self._pace = fault, oddities, pace
        self._now = now
        self._serial = itertools.count(1)
        self._sent: Counter[int] = Counter()

    def send(self, request: Request) -> Attempt:
        """What comes of one request."""
        headers = [("Host", "127.0.0.1"), *request.headers]
        key = authorization(request.credentials, self.key) if self.key is not None else None
        if key is not None:
            headers.append(("Authorization", key))
        reply = answer(
            IncomingRequest(request.method, request.path, tuple(headers), request.body or b""),
            self.profile,
            prefix=self.prefix,
            key=self.key,
            model=self.model,
            fault=self._fault,
            oddities=self._oddities,
            now=self._now,
            serial=self._number(request),
            pace=self._pace,
        )
        return _attempt(reply, request)

    def _number(self, request: Request) -> int:
        """What tells answers apart; at a fixed time it follows from the request, and how often it came."""
        if self._now is None:
            return next(self._serial)
        told = repr((request.method, request.path, request.headers)).encode()
        key = crc32(told + (request.body or b""))
        self._sent[key] += 1
        return key * 100 + self._sent[key]


def _attempt(reply: Reply, request: Request) -> Attempt:
    chunks: list[Chunk] = []
    at = reply.latency
    frames = () if request.method == "HEAD" else reply.frames
    for frame in frames[:1] if request.leaves else frames:
        at += frame.delay
        chunks.append(Chunk(at, frame.data))
    ended = Ended.LEFT if request.leaves and len(frames) > 1 else _ENDED[reply.end]
    return Attempt(reply.status, reply.headers, tuple(chunks), ended)
