"""Probes of the area text."""

from __future__ import annotations
