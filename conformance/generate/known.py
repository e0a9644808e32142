"""Failures that are known already, so that one does not hide another and none is searched for twice."""

from __future__ import annotations

import threading


class Known:
    """For each check, the marks of requests that fail it; for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: set[tuple[str, frozenset[str]]] = set()
        self._owners: dict[str, object] = {}

    def add(self, check: str, marks: frozenset[str]) -> None:
        """Requests with these marks fail the check."""
        with self._lock:
            self._failures.add((check, marks))

    def explains(self, check: str, marks: frozenset[str]) -> bool:
        """Whether what is special about a request is known to fail the check."""
        with self._lock:
            return any(name == check and known <= marks for name, known in self._failures)

    def takes_up(self, check: str, owner: object) -> bool:
        """Whether nobody else is busy with failures of this check, so that ``owner`` is from now on."""
        with self._lock:
            return self._owners.setdefault(check, owner) is owner

    def lets_go(self, owner: object) -> None:
        """The owner is busy with nothing any more."""
        with self._lock:
            self._owners = {c: o for c, o in self._owners.items() if o is not owner}
