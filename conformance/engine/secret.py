"""The user's key, kept where it cannot be printed by accident."""

from __future__ import annotations

from typing import NoReturn

from conformance.model.errors import UsageError


class Secret:
    """A key that shows itself only to ``reveal``; its text forms, also in tracebacks, hold nothing."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not value:
            raise UsageError("the API key is empty")
        if not all(0x21 <= ord(character) <= 0x7E for character in value):
            raise UsageError(
                "the API key holds white space or characters that no HTTP header can carry; "
                "was a line end copied along?"
            )
        self._value = value

    def reveal(self) -> str:
        """The key itself; only for the edge where bytes leave, and for finding its echo."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")
