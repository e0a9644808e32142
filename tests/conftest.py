"""What all tests share: readable assertions in the builders, one Hypothesis profile, no sockets beyond loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]
pytest.register_assert_rewrite("tests.builders")

# Slow machines must not turn a property into a failure, and a failing example must come again.
settings.register_profile(
    "conformance", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("conformance")

_HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)  # noqa: S104 - compared, not bound


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """No test reaches another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in _HERE:
            raise AssertionError(f"a test tried to connect to {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
