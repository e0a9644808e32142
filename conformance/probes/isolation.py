"""Probes of the area isolation."""

from __future__ import annotations
