"""Probes of the area answers."""

from __future__ import annotations
