"""Choices of chunks that carry a `message` beside their delta, which a stream helper takes for the answer so far."""

from __future__ import annotations

from collections import defaultdict

from conformance.checks.givens import read_to_the_end
from conformance.checks.kinds import streams
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Problem
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.phrase import quoted
from conformance.wire.chunks import spoken
from conformance.wire.completion import choices_of
from conformance.wire.reading import Reading

from . import STREAM


@check("chunk.message", level=MUST, on=streams, given=read_to_the_end, probes=STREAM)
def deltas_alone_make_the_message(x: Reading, profile: Profile) -> Problems:
    """Choices of chunks have no `message`, or one that holds the whole answer so far."""
    carried = _carried(x)
    for choice in spoken(x):
        entries = carried.get(choice.index, [])
        if not any("message" in entry for _, entry in entries):
            continue
        problem = _lost_message(entries, any(role for _, role in choice.roles), choice.text)
        if problem is not None:
            yield problem


_Entries = list[tuple[int, dict[str, JSON]]]


def _carried(x: Reading) -> dict[int, _Entries]:
    """The choices of chunks that have a delta, by index, each with the number of its event."""
    found: dict[int, _Entries] = defaultdict(list)
    for number, chunk in x.chunks:
        for entry in choices_of(chunk):
            index = entry.get("index")
            if isinstance(index, int) and isinstance(entry.get("delta"), dict):
                found[index].append((number, entry))
    return found


def _lost_message(carried: _Entries, has_role: bool, text: str) -> Problem | None:
    """What is wrong after the fold of openai-node: a `message` replaces what the deltas added up to before it."""
    role, made, last = False, "", 0
    for number, entry in carried:
        if "message" in entry:
            message, last = entry["message"], number
            if not isinstance(message, dict):
                came = "null" if message is None else quoted(str(message))
                return Problem(_at(number), expected="no message beside delta", actual=came)
            content = message.get("content")
            role, made = bool(message.get("role")), content if isinstance(content, str) else ""
        delta = entry["delta"]
        assert isinstance(delta, dict)  # noqa: S101 - as chosen
        role = role or bool(delta.get("role"))
        piece = delta.get("content")
        made += piece if isinstance(piece, str) else ""
    if has_role and not role:
        return Problem(_at(last), expected="no message, or one with a role", actual="one without")
    if made != text:
        expected = f"no message, or one that the deltas complete to {quoted(text)}"
        return Problem(_at(last), expected=expected, actual=quoted(made), level=SHOULD)
    return None


def _at(number: int) -> str:
    return f"event {number}: message of a choice"
