"""The white space of a long stream, held against the same answer without one."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from conformance.checks.givens import read_in_its_form
from conformance.checks.kinds import probe
from conformance.checks.registry import MAY, SHOULD, Problems, Scope, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken
from conformance.wire.completion import messages_of
from conformance.wire.reading import Reading

LONG = ("chat.long", "chat.stream.long")
_COMPARED = 60
"""Characters, at least, that both have in common before anything is told from each gap."""
_FEW = 3
"""Gaps between words that are lost where it is no chance."""
_RUN_TOGETHER = re.compile(r"[A-Za-z]{40}")
"""Longer than any word."""


def long_text(x: Reading, profile: Profile) -> Unjudged | None:
    """A long answer in plain letters came, with white space in it where it is no stream."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    text = _text(x)
    if len(_letters(text)) < _COMPARED or not text.isascii():
        return Unjudged("the text is short, or not in plain letters", Hindrance.MODEL)
    if not x.asked.streams and len(text.split()) <= len(text) // 20:
        return Unjudged("the text has hardly any spaces", Hindrance.MODEL)
    return None


def _text(x: Reading) -> str:
    if x.asked.streams:
        return "".join(c.text for c in spoken(x)).strip()
    return "".join(str(m.get("content") or "") for _, _, m in messages_of(x)).strip()


def _letters(text: str) -> str:
    return "".join(text.split())


def _gaps(text: str) -> dict[int, str]:
    """The characters around each white space, by the number of other characters before it."""
    words = text.split()
    places = accumulate(map(len, words))
    return {place: a[-1] + b[0] for place, (a, b) in zip(places, pairwise(words), strict=False)}


def _in_common(plain: str, stream: str) -> int:
    """How many characters two texts have in common from their beginning, white space aside."""
    ours, theirs = _letters(plain), _letters(stream)
    apart = (n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
    return next(apart, min(len(ours), len(theirs)))


@check(
    "chunk.spaces-kept",
    level=SHOULD,
    on=probe(*LONG),
    given=long_text,
    scope=Scope.PAIR,
    probes=LONG,
)
def spaces_are_kept(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """The words of a long stream do not run together where the answer without a stream has spaces."""
    whole, streamed = _text(plain), _text(stream)
    common, kept = _in_common(whole, streamed), _gaps(streamed)
    spaces = {place: around for place, around in _gaps(whole).items() if place < common}
    lost = [around for place, around in spaces.items() if place not in kept]
    words = sum(around.isalnum() for around in lost)
    together = words >= _FEW if common >= _COMPARED else not kept and _RUN_TOGETHER.search(streamed)
    # A model may well write a list without spaces behind its commas.
    if together or (common >= _COMPARED and lost and len(lost) == len(spaces)):
        yield Problem(
            "text",
            expected=f"spaces between words, as without stream: {whole[:60]!r}",
            actual=repr(streamed[:60]),
            level=None if together else MAY,
        )
