"""How streams are delivered and what their deltas add up to, beyond the fields."""

from __future__ import annotations
