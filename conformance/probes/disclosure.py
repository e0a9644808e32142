"""Probes of the area disclosure."""

from __future__ import annotations
