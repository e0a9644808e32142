"""Where the shipped data lies: ``schemas/`` and ``profiles/``, in a checkout or inside the wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def data_dir(name: str) -> Path:
    """The directory ``schemas`` or ``profiles``: inside the installed package, else at the repository's top."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
