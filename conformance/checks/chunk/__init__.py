"""The chunks of a stream: each field, what stays constant, the order, the usage, and the calls."""

from __future__ import annotations

STREAM = ("chat.stream.basic",)
"""The probe that asks for the shortest stream."""
USAGE = ("chat.stream.usage",)
"""The probe that asks for usage in a stream."""
TOOLS = ("tools.stream.required",)
"""The probe that forces a tool call in a stream."""
