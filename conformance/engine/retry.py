"""When a refused request is sent again: the endpoint asked for it, and how long it said to wait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from conformance.model.exchange import Attempt


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """429 is tried again, and 503 where it says when; times in seconds."""

    retries: int = 2
    longest: float = 20.0
    """A longer Retry-After is not waited for: the attempt stands as it is."""
    first_wait: float = 1.0
    """Without Retry-After; doubles each time."""
    now: Callable[[], float] = time.time

    def wait(self, attempt: Attempt, made: int) -> float | None:
        """Seconds to wait before the next try after ``made`` tries, None if there is to be none."""
        if made > self.retries or attempt.status not in (429, 503):
            return None
        stated = retry_after(attempt, self.now())
        if stated is None:
            return None if attempt.status == 503 else self.first_wait * 2 ** (made - 1)
        return stated if stated <= self.longest else None


def retry_after(attempt: Attempt, now: float) -> float | None:
    """What Retry-After says, in seconds from ``now`` (Unix time); None if absent or unreadable."""
    value = next((v for n, v in attempt.headers if n.lower() == "retry-after"), None)
    if value is None:
        return None
    # RFC 9110 §10.2.3: seconds or an HTTP date; fractions are not in the grammar but are sent.
    try:
        seconds = float(value)
    except ValueError:
        return _until(value, now)
    if math.isfinite(seconds):
        return max(0.0, seconds)
    # Hundreds of digits are a time as well, though none to wait for.
    return math.inf if value.strip().isdecimal() else None


def _until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None
