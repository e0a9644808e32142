"""What refusals and keys give away."""

from __future__ import annotations
