"""What a stream sends once: its text and its usage."""

from __future__ import annotations

from conformance.checks.chunk.usage import usage_came, usage_places
from conformance.checks.delivery import snapshots
from conformance.checks.givens import read_to_the_end
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile, UsagePlace
from conformance.wire.chunks import content_chunks, spoken, usage_chunks
from conformance.wire.deltas import ChoiceParts
from conformance.wire.reading import Reading

_PIECES = 8
"""Pieces of text, at least, from which it is certain that all are sent twice."""
_WHOLE_AGAIN = 20
"""Characters, at least, of a text that a later piece repeats as a whole."""
_TRIED = 64
"""Places at which a text may begin again that are looked at, so that a long one takes no long time."""
_TOWERING = 3
"""How many times as long as any before it a piece is, at least, that holds all of them again."""


def pieces_of(choice: ChoiceParts) -> list[tuple[int, str]]:
    """The pieces of a choice's text that are not empty, with their events."""
    return [(number, text) for number, text in choice.content if text]


def text_in_pieces(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with text in enough pieces."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if x.asked.n > 1 and len(x.choices) == 1:
        return Unjudged("several choices were asked for and came under one index, or as one")
    if any(len(pieces_of(choice)) >= _PIECES for choice in spoken(x)):
        return None
    return Unjudged("the text has too few pieces to tell", Hindrance.MODEL)


def sent_twice(choice: ChoiceParts) -> tuple[int, str] | None:
    """The event that gives it away that all text is sent twice, and how; None if it is not."""
    pieces = pieces_of(choice)
    texts = [text for _, text in pieces]
    if len(texts) < _PIECES or snapshots(choice):
        return None
    if texts[0::2] == texts[1::2] and len(set(texts)) > 2:
        return pieces[1][0], f"each piece twice: {texts[0]!r}, {texts[1]!r}"
    before = "".join(texts[:-1])
    if len(before) >= _WHOLE_AGAIN and texts[-1].strip() == before.strip():
        return pieces[-1][0], f"the whole text again: {before[:80]!r}"
    return _all_again(pieces)


def _all_again(pieces: list[tuple[int, str]]) -> tuple[int, str] | None:
    """A piece after the third that holds all text before it and goes on, and is far longer than the pieces before."""
    parts: list[str] = []
    size, longest = 0, 0
    for place, (number, piece) in enumerate(pieces):
        # Put together only for a piece that is longer than all of it, so that the work is no more than the text.
        text = "".join(parts) if place >= 3 and len(piece) > size else None
        if text is None or not piece.startswith(text):
            parts.append(piece)
            size, longest = size + len(piece), max(longest, len(piece))
            continue
        towering = len(piece) >= _TOWERING * longest
        # Where a text is made of one part again and again, a long piece may well begin as all of it does.
        if size >= _WHOLE_AGAIN and towering and not _recurring(text):
            return number, f"all text before it, and more: {piece[:80]!r}"
        parts, size = [piece], len(piece)  # the text as it is meant, if this is what it looks like
    return None


def _recurring(text: str) -> bool:
    """Whether a text is one part again and again, the last time perhaps in part; so too where it is hard to tell."""
    middle = len(text) // 2
    half, at = text[: len(text) - middle], 0
    for _ in range(_TRIED):
        at = text.find(half, at + 1)
        if not 0 < at <= middle:
            return False
        if text.startswith(text[at:]):
            return True
    return True


@check(
    "chunk.text-once",
    level=MUST,
    on=streams,
    given=text_in_pieces,
    probes=("chat.stream.long",),
)
def text_comes_once(x: Reading, profile: Profile) -> Problems:
    """The text of a stream is sent once: no piece comes twice, and none repeats all text before it."""
    for choice in spoken(x):
        twice = sent_twice(choice)
        if twice is not None:
            yield Problem(f"event {twice[0]}", expected="only what is new", actual=twice[1])


@check(
    "chunk.usage-once",
    level=SHOULD,
    on=streams,
    given=usage_came,
    probes=("chat.stream.usage",),
)
def usage_comes_once(x: Reading, profile: Profile) -> Problems:
    """The usage of a stream is sent once, or on every chunk where the profile says so."""
    carriers, wanted = usage_chunks(x), profile.streaming.usage_places
    running = UsagePlace.EVERY_CHUNK in usage_places(x)
    on_every = running or len(carriers) == len(content_chunks(x))
    if len(carriers) > 1 and UsagePlace.EVERY_CHUNK not in wanted and not on_every:
        yield Problem(
            f"event {carriers[1][0]}: /usage",
            expected=f"no usage after that on event {carriers[0][0]}",
            actual=f"usage on {len(carriers)} chunks",
            level=None if wanted else MAY,
        )
