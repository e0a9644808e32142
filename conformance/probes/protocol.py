"""Probes of the area protocol."""

from __future__ import annotations
