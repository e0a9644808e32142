"""The pieces of a stream: whether a long text is split at all."""

from __future__ import annotations

from conformance.checks.givens import read_to_the_end
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken
from conformance.wire.deltas import ChoiceParts
from conformance.wire.reading import Reading

from . import LONG

_LONG = 24
"""Words of a text that takes a model many steps."""


def words_in_pieces(choice: ChoiceParts) -> list[int]:
    """How many words each piece of a choice's text has, of those that are not empty."""
    return [len(text.split()) for _, text in choice.content if text]


def long_text(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with a text of many words."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if any(sum(words_in_pieces(choice)) >= _LONG for choice in spoken(x)):
        return None
    return Unjudged("no text that is long enough", Hindrance.MODEL)


@check("stream.in-pieces", level=MAY, on=streams, given=long_text, probes=LONG)
def long_texts_come_in_pieces(x: Reading, profile: Profile) -> Problems:
    """A long text comes in several deltas."""
    for choice in spoken(x):
        pieces = words_in_pieces(choice)
        if len(pieces) == 1 and pieces[0] >= _LONG:
            number = next(number for number, text in choice.content if text)
            yield Problem(
                f"event {number}",
                expected="deltas of a few words each",
                actual=f"the whole text of {pieces[0]} words in one delta",
            )
