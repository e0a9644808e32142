"""What is asked of a tool call, in a completion as in a stream."""

from __future__ import annotations

from conformance.checks.registry import Problems
from conformance.model.finding import Problem
from conformance.wire import strict_json

CUT = ("length", "content_filter")
"""Finish reasons of an answer that breaks off."""


def argument_problems(arguments: str, at: str) -> Problems:
    """What is wrong with the text of a call's arguments."""
    parsed = strict_json.parse_text(arguments)
    if parsed.error is not None:
        yield Problem(
            at,
            expected="arguments that are a JSON object",
            actual=f"{parsed.error}: {arguments[:120]!r}",
        )
    elif not isinstance(parsed.value, dict):
        yield Problem(at, expected="arguments that are a JSON object", actual=arguments[:120])


def name_problems(name: str, declared: tuple[str, ...], at: str) -> Problems:
    """A problem if a call names a function that the request did not declare."""
    if name not in declared:
        yield Problem(at, expected=" or ".join(map(repr, declared[:5])), actual=repr(name))
