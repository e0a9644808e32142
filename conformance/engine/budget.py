"""What a run may spend: requests, output tokens, seconds.

The worst case is reserved before a request is sent and settled with what it really took.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from conformance.model.errors import ConformanceError


class BudgetExhausted(ConformanceError):
    """A limit leaves no room for another request; the text names the limit."""

    exit_code = 3


class Budget:
    """Limits of one run, None meaning none; safe to use from many threads."""

    def __init__(
        self,
        *,
        max_requests: int | None = None,
        max_output_tokens: int | None = None,
        max_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_requests = max_requests
        self.max_output_tokens = max_output_tokens
        self.max_seconds = max_seconds
        self.requests = 0
        """Requests that were or are about to be sent, repeated ones included."""
        self.output_tokens = 0
        """Tokens that answers took, by their own word or at worst."""
        self._reserved = 0
        self._clock = clock
        self._began = clock()
        self._lock = Lock()

    @property
    def reserved(self) -> int:
        """Tokens that running requests may still take."""
        return self._reserved

    def refusal(self, tokens: int = 0) -> str | None:
        """Why a request with at most so many output tokens may not be sent now, None if it may."""
        with self._lock:
            return self._refusal(tokens, self.output_tokens + self._reserved)

    def waits(self, tokens: int) -> bool:
        """Whether a request that is refused now may fit once the running ones are settled."""
        with self._lock:
            return self._reserved > 0 and self._refusal(tokens, self.output_tokens) is None

    def reserve(self, tokens: int = 0) -> None:
        """Takes one request and so many tokens out of the budget, or raises BudgetExhausted."""
        with self._lock:
            reason = self._refusal(tokens, self.output_tokens + self._reserved)
            if reason is not None:
                raise BudgetExhausted(reason)
            self.requests += 1
            self._reserved += tokens

    def settle(self, reserved: int, used: int | None = None) -> None:
        """Replaces a reservation by the tokens used; None: unknown, so all of it counts as used."""
        with self._lock:
            self._reserved -= reserved
            self.output_tokens += reserved if used is None else max(0, used)

    def _refusal(self, tokens: int, spent: int) -> str | None:
        if self.max_requests is not None and self.requests >= self.max_requests:
            return f"budget: --max-requests {self.max_requests} reached"
        if self.max_output_tokens is not None and spent + tokens > self.max_output_tokens:
            return f"budget: --max-output-tokens {self.max_output_tokens} reached"
        if self.max_seconds is not None and self._clock() - self._began >= self.max_seconds:
            return f"budget: --max-seconds {self.max_seconds:g} reached"
        return None
