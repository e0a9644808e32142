"""What goes wrong in the matrix of parameters, for any of them: refused, passed over, dropped, cut.

The faults of one way differ in the parameter alone, so they are made from lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.model.request import Operation
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake

_VALUES = ("invalid_value", "empty_", "_value", "_length", "_properties")
"""What the codes of a value out of range hold."""
_MISSING = "missing_required_parameter"


def made(
    module: str,
    name: str,
    title: str,
    checks: tuple[str, ...],
    stage: Stage,
    change: Callable[[Any, Facts], Any],
    **more: Any,
) -> None:
    """Declares one fault of a list in a module."""

    def altered(data: Any, facts: Facts) -> Any:
        return change(data, facts)

    altered.__doc__, altered.__module__ = title, module
    fault(name, *checks, on=stage, **more)(altered)


def about(mistake: Mistake | None, name: str) -> bool:
    """Whether a mistake is one of a parameter or of its members."""
    return mistake is not None and (mistake.param or "").replace("[", ".").split(".")[0] == name


def out_of_range(mistake: Mistake) -> bool:
    """Whether a mistake is one of a value out of range, by its code."""
    return mistake.code is not None and any(part in mistake.code for part in _VALUES)


def unaccompanied(mistake: Mistake) -> bool:
    """Whether a mistake is one of parameters that do not go together."""
    others = ("invalid_type", "unknown_parameter", _MISSING)
    return not out_of_range(mistake) and mistake.code not in others


def incomplete(mistake: Mistake) -> bool:
    """Whether a mistake is one of a member that is not there."""
    return mistake.code == _MISSING


def refuses(name: str) -> Callable[[Decision, Facts], Decision]:
    """Refuses every chat request with a parameter."""

    def change(decision: Decision, facts: Facts) -> Decision:
        if decision is None and facts.operation is Operation.CHAT and name in facts.body:
            text = f"Unsupported parameter: '{name}' is not supported with this model."
            return Mistake(text, param=name, code="unsupported_parameter")
        return decision

    return change


def refuses_where(name: str, shows: Callable[[Obj], bool]) -> Callable[[Decision, Facts], Decision]:
    """Refuses those with a form of it."""

    def change(decision: Decision, facts: Facts) -> Decision:
        if decision is None and facts.operation is Operation.CHAT and shows(facts.body):
            return Mistake(f"Invalid '{name}'.", param=name, code="invalid_value")
        return decision

    return change


def passes(name: str, which: Callable[[Mistake], bool]) -> Callable[[Decision, Facts], Decision]:
    """Passes over such mistakes of a parameter."""

    def change(decision: Decision, facts: Facts) -> Decision:
        if decision is not None and about(decision, name) and which(decision):
            return None
        return decision

    return change


def drops(name: str) -> Callable[[Obj, Facts], Obj]:
    """Drops a parameter, so that it has no effect."""
    return lambda body, facts: {key: value for key, value in body.items() if key != name}


def cuts(name: str, most: int) -> Callable[[Obj, Facts], Obj]:
    """Cuts a number to a maximum."""

    def change(body: Obj, facts: Facts) -> Obj:
        value = body.get(name)
        above = isinstance(value, int | float) and not isinstance(value, bool) and value > most
        return {**body, name: most} if above else body

    return change
