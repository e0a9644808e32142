"""Named departures of the reference server, one small function each, by subject."""

from __future__ import annotations

from conformance.refserver.faults import (
    answers,
    auth,
    chat,
    chunk,
    chunk_tools,
    coherence,
    counts,
    errors,
    framing,
    generated,
    http,
    isolation,
    markup,
    messages,
    models,
    param_accepted,
    param_departing,
    param_effective,
    param_refusals,
    param_unsupported,
    parity,
    protocol,
    schemas,
    stream,
    text,
    text_kept,
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
    text_kept,
    isolation,
    answers,
    coherence,
    counts,
    markup,
    param_accepted,
    param_effective,
    param_departing,
    param_unsupported,
    param_refusals,
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
