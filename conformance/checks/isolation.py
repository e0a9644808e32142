"""One request does not leak into another."""

from __future__ import annotations
