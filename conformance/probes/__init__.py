"""What is sent: one module for each area. A probe is a request and holds no expectation."""

from __future__ import annotations

from importlib import import_module

AREAS = (
    "models",
    "errors",
    "auth",
    "chat",
    "tools",
    "turn",
    "answers",
    "delivery",
    "protocol",
    "disclosure",
    "text",
    "isolation",
    "parameters",
    "messages",
    "schemas",
    "generated",
)


def load() -> None:
    """Import every area, so that its probes are declared."""
    for area in AREAS:
        import_module(f"conformance.probes.{area}")
