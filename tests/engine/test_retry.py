"""What is tried again, and after how long."""

from __future__ import annotations

from math import inf

import pytest

from conformance.engine.retry import RetryPolicy, retry_after
from conformance.model.exchange import Attempt, Ended

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("1.5", 1.5),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("inf", None),
        pytest.param("9" * 5000, inf, id="thousands of digits"),
        ("nan", None),
        ("Tue, 99 Nov 2023 22:13:00 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds and dates are read, in the past or not; nonsense is as if absent."""
    assert seconds == retry_after(Attempt(429, (("retry-AFTER", value),)), NOW)


@pytest.mark.parametrize(
    ("status", "stated", "made", "wait"),
    [
        pytest.param(429, "3", 1, 3.0, id="429 with Retry-After"),
        pytest.param(429, None, 1, 1.0, id="429 without"),
        pytest.param(429, None, 2, 2.0, id="429 without, again"),
        pytest.param(429, None, 3, None, id="429 for the third time"),
        pytest.param(429, "21", 1, None, id="longer than we wait"),
        pytest.param(429, "9" * 400, 1, None, id="longer than can be counted"),
        pytest.param(503, "3", 1, 3.0, id="503 with Retry-After"),
        pytest.param(503, None, 1, None, id="503 without"),
        pytest.param(500, "3", 1, None, id="500"),
        pytest.param(200, "3", 1, None, id="200"),
        pytest.param(None, None, 1, None, id="no answer"),
    ],
)
def test_what_is_tried_again(
    status: int | None, stated: str | None, made: int, wait: float | None
) -> None:
    """Only what the endpoint itself asks to repeat."""
    headers = () if stated is None else (("Retry-After", stated),)
    attempt = Attempt(status, headers, ended=Ended.COMPLETE if status else Ended.RESET)

    assert wait == RetryPolicy(now=lambda: NOW).wait(attempt, made)
