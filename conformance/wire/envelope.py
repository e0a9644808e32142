"""The error object of a body, in the variants seen in the wild."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.model.json import JSON
from conformance.model.profile import Shape


@dataclass(frozen=True, slots=True)
class Envelope:
    """An error body taken apart: its shape, the object that holds the members, and where that object stands."""

    shape: Shape
    members: dict[str, JSON]
    at: str = ""
    """JSON pointer of the members."""

    @property
    def message(self) -> JSON:
        """The text meant for people."""
        return self.members.get("message")


def envelope_of(value: JSON) -> Envelope:
    """The envelope of a parsed JSON body; ``Shape.UNKNOWN`` if it is like none of those known."""
    if isinstance(value, str):
        return Envelope(Shape.STRING, {"message": value})
    if not isinstance(value, dict):
        return Envelope(Shape.UNKNOWN, {})
    error = value.get("error")
    if isinstance(error, dict):
        return Envelope(Shape.OPENAI, error, "/error")
    if isinstance(error, str):
        return Envelope(Shape.ERROR_STRING, {**value, "message": error})
    if "detail" in value:
        return Envelope(Shape.DETAIL, {"message": value["detail"]})
    if "message" in value and isinstance(value.get("status"), str):
        return Envelope(Shape.STATUS_MESSAGE, value)
    if "message" in value:
        return Envelope(Shape.FLAT, value)
    return Envelope(Shape.UNKNOWN, {})
