"""Probes of the area delivery."""

from __future__ import annotations
