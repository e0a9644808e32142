"""A client's mistake, before it takes the form that the profile gives to errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from conformance.model.profile import Cause, Policy


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a request, with OpenAI's own status, code and type where a profile states none."""

    message: str
    cause: Cause | None = None
    param: str | None = None
    code: str | None = None
    type: str = "invalid_request_error"
    status: int = 400
    policy: Policy | None = None
    """The policy that refuses it, where one does."""
    allow: tuple[str, ...] = ()
    """Methods to be named in ``Allow``."""


Decision: TypeAlias = Mistake | None
"""Whether a request is refused, and why."""


def wrong_type(param: str, expected: str, actual: str, policy: Policy | None = None) -> Mistake:
    """A value of another JSON type than expected."""
    message = f"Invalid type for '{param}': expected {expected}, but got {actual} instead."
    return Mistake(message, param=param, code="invalid_type", policy=policy)


def missing(param: str, cause: Cause | None = None, policy: Policy | None = None) -> Mistake:
    """Something required that is not there."""
    message = f"Missing required parameter: '{param}'."
    return Mistake(message, cause, param, "missing_required_parameter", policy=policy)


def bad_value(param: str, shown: str, allowed: str, policy: Policy | None = None) -> Mistake:
    """A value outside an enumeration or pattern."""
    message = f"Invalid value: {shown}. {allowed}"
    return Mistake(message, param=param, code="invalid_value", policy=policy)


def combination(
    param: str, message: str, code: str | None = None, policy: Policy | None = None
) -> Mistake:
    """Parameters that do not go together."""
    return Mistake(message, param=param, code=code, policy=policy)
