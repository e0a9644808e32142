"""What an error gives away of the inside of the server."""

from __future__ import annotations

import re

from conformance.checks.givens import answered
from conformance.checks.kinds import anything
from conformance.checks.registry import MUST, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from .causes import ALL

SEARCHED = 1 << 18
"""Bytes of an error in which traces of the inside are searched for."""
_INTERNALS = re.compile(
    rb"Traceback \(most recent call last\)"
    rb"|File \\?\"[^\"\n]{1,200}\.py\\?\", line \d+"
    rb"|\bat [\w.$<> ]{1,120}\([^()\n]{0,200}\.(?:js|ts|mjs|cjs|java|kt|scala):\d+(?::\d+)?\)"
    rb"|goroutine \d+ \["
    rb"|\.go:\d+ \+0x"
    rb"|thread '[^']{1,80}' panicked at"
    rb"|/site-packages/|/dist-packages/|/node_modules/"
)


def any_error(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered with an error status."""
    if (reason := answered(x, profile)) is not None:
        return reason
    return (
        None
        if (x.status or 0) >= 400
        else Unjudged(f"status {x.status}, not an error", Hindrance.RECORDING)
    )


@check("errors.no-internals", level=MUST, on=anything, given=any_error, probes=ALL)
def errors_keep_internals_to_themselves(x: Reading, profile: Profile) -> Problems:
    """An error shows no stack trace and no path of the server's files."""
    found = _INTERNALS.search(x.body, 0, SEARCHED)
    if found:
        yield Problem(
            f"byte {found.start()} of the body",
            expected="no stack trace and no file paths",
            actual=found.group()[:120].decode("utf-8", "replace"),
        )
