"""The framing of streams: the event-stream format over bytes, the end marker, delivery, errors inside."""

from __future__ import annotations

STREAM = ("chat.stream.basic",)
"""The probe that asks for the shortest stream."""
LONG = ("chat.stream.long",)
"""The probe that asks for a stream long enough to tell how it is delivered."""
SHOWN = 120
"""Characters of an event that a problem shows."""
