"""What must hold: one module for each area of the API. See ``registry`` for the shape of a check."""

from __future__ import annotations

from importlib import import_module

AREAS = (
    "http",
    "chat",
    "stream",
    "chunk",
    "parity",
    "turn",
    "errors",
    "auth",
    "models",
    "retrieval",
    "answers",
    "delivery",
    "logprobs",
    "protocol",
    "headers",
    "framing",
    "arrival",
    "disclosure",
    "coherence",
    "text",
    "isolation",
    "parameters",
    "messages",
    "schemas",
    "generated",
)


def load() -> None:
    """Import every area, so that its checks are declared."""
    for area in AREAS:
        import_module(f"conformance.checks.{area}")
