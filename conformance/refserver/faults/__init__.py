"""Named departures of the reference server, one small function each, by subject."""

from __future__ import annotations

from conformance.refserver.faults import (
    answers,
    auth,
    chat,
    chunk,
    chunk_tools,
    coherence,
    errors,
    framing,
    generated,
    http,
    isolation,
    messages,
    models,
    parameters,
    parity,
    protocol,
    schemas,
    stream,
    text,
    tools,
)
from conformance.refserver.faults.registry import Fault, Stage, fault, fault_named, faults

AREAS = (
    http,
    chat,
    tools,
    stream,
    chunk,
    chunk_tools,
    parity,
    errors,
    auth,
    models,
    protocol,
    framing,
    text,
    isolation,
    answers,
    coherence,
    parameters,
    messages,
    schemas,
    generated,
)
"""The modules that declare faults."""

FAULTS: tuple[Fault, ...] = tuple(
    one for area in AREAS for one in faults() if one.change.__module__ == area.__name__
)
"""All faults that are declared here, in that order."""

__all__ = ["AREAS", "FAULTS", "Fault", "Stage", "fault", "fault_named", "faults"]
