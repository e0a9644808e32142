"""Error bodies in the variants seen in the wild."""

from __future__ import annotations

import pytest

from conformance.model.profile import Shape
from conformance.wire.envelope import envelope_of
from tests.builders import Value, an_error

ROWS: dict[str, tuple[Value, Shape, Value, str]] = {
    "OpenAI's": (an_error(message="no"), Shape.OPENAI, "no", "/error"),
    "OpenAI's without a message": ({"error": {}}, Shape.OPENAI, None, "/error"),
    "with more beside it": ({"error": {"message": "no"}, "detail": "x"}, Shape.OPENAI, "no", "/error"),
    "a text in its place": ({"error": "no", "message": "other"}, Shape.ERROR_STRING, "no", ""),
    "detail": ({"detail": [{"msg": "no"}]}, Shape.DETAIL, [{"msg": "no"}], ""),
    "status and message": ({"status": "error", "message": "no"}, Shape.STATUS_MESSAGE, "no", ""),
    "flat": ({"message": "no", "type": "x", "code": 400}, Shape.FLAT, "no", ""),
    "flat with a number for status": ({"status": 400, "message": "no"}, Shape.FLAT, "no", ""),
    "null in its place": ({"error": None, "message": "no"}, Shape.FLAT, "no", ""),
    "a text": ("no", Shape.STRING, "no", ""),
    "an array": (["no"], Shape.UNKNOWN, None, ""),
    "nothing known": ({"errors": []}, Shape.UNKNOWN, None, ""),
    "null": (None, Shape.UNKNOWN, None, ""),
    "a number": (400, Shape.UNKNOWN, None, ""),
}  # fmt: skip


@pytest.mark.parametrize(("body", "shape", "message", "at"), ROWS.values(), ids=ROWS.keys())
def test_envelope(body: Value, shape: Shape, message: Value, at: str) -> None:
    """The shape, the message and the place of the members."""
    found = envelope_of(body)

    assert (shape, message, at) == (found.shape, found.message, found.at)
