"""What must hold: one module or package for each area of the API. See ``registry`` for the shape of a check."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

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
    "served",
    "logprobs",
    "protocol",
    "coding",
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
        module = import_module(f"conformance.checks.{area}")
        for part in iter_modules(getattr(module, "__path__", ())):
            import_module(f"{module.__name__}.{part.name}")
