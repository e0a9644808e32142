"""Text of every kind is carried intact."""

from __future__ import annotations
