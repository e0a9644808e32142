"""Named oddities of the reference server: legal, unusual, and nothing above a note to any check."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.model.errors import UsageError
from conformance.refserver.oddities import answers, chunks, errors, framing, http, models, spelling
from conformance.refserver.oddities.registry import (
    Oddity,
    compatible,
    oddities,
    oddity,
    oddity_named,
    some_of,
)

AREAS = (answers, chunks, spelling, framing, models, errors, http)
"""The modules that declare oddities."""

ODDITIES: tuple[Oddity, ...] = tuple(
    one for area in AREAS for one in oddities() if one.change.__module__ == area.__name__
)
"""All oddities that are declared here, in the order in which several are applied."""


def chosen_by_name(names: Iterable[str]) -> tuple[Oddity, ...]:
    """The oddities of these names, in the order in which they are applied; a UsageError where they exclude each other."""
    chosen = sorted({oddity_named(name) for name in names}, key=ODDITIES.index)
    if (why := compatible(chosen)) is not None:
        raise UsageError(why)
    return tuple(chosen)


__all__ = [
    "AREAS",
    "ODDITIES",
    "Oddity",
    "chosen_by_name",
    "compatible",
    "oddity",
    "oddity_named",
    "some_of",
]
