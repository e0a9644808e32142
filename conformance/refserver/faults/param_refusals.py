"""Refusals of parameters that carry another code than stated, or name another parameter, or none."""

from __future__ import annotations

from dataclasses import replace

from conformance.refserver.faults.param_changes import about
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision


@fault("param-code-lost", "errors.parameter-code", on=Stage.DECISION)
def code_lost(decision: Decision, facts: Facts) -> Decision:
    """The refusal of a parameter has one code for everything."""
    if decision is not None and about(decision, "top_p"):
        return replace(decision, code="bad_request", policy=None)
    return decision


@fault("param-other-named", "errors.parameter-named", on=Stage.DECISION)
def other_named(decision: Decision, facts: Facts) -> Decision:
    """The refusal of a parameter names another."""
    return replace(decision, param="model") if about(decision, "n") and decision else decision


@fault("param-not-named", "errors.parameter-named", on=Stage.DECISION)
def not_named(decision: Decision, facts: Facts) -> Decision:
    """The refusal of a parameter names none."""
    return replace(decision, param=None) if about(decision, "stop") and decision else decision
