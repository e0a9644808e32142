"""The chat completion object: its fields, its body as a whole, its usage and its tool calls."""

from __future__ import annotations

PLAIN = ("chat.basic", "chat.long")
"""The probes that ask for text in one body."""
TOOLS = ("tools.required",)
"""The probe that forces a tool call in one body."""
