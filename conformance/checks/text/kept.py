"""A phrase keeps its letters, its white space and its form, alike with and without a stream."""

from __future__ import annotations

from conformance.checks.damage import SOFT, Change
from conformance.checks.echo import Echo
from conformance.checks.kinds import ordinary_chat, probe
from conformance.checks.registry import MAY, SHOULD, Problems, Scope, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from .repeated import REPEATED, echo_in, not_intact, phrase_of, repeated, utf8

_SHOWN = 3
"""Pieces that a problem shows."""


def own_repetitions(x: Reading) -> bool:
    """Requests of this run for a phrase to be repeated."""
    return x.exchange.probe is not None and ordinary_chat(x) and phrase_of(x) != ""


def repeated_soundly(x: Reading, profile: Profile) -> Unjudged | None:
    """The phrase came back without damage that has a rule of its own."""
    if (reason := repeated(x, profile) or utf8(x, profile)) is not None:
        return reason
    echo = echo_in(x)
    sound = echo is not None and echo.sound
    return None if sound else Unjudged("the phrase is damaged otherwise")


def told(change: Change, echo: Echo) -> str:
    """How a phrase changed, with some of the pieces."""
    pieces = [f"{was!a} as {now!a}" for was, now in echo.changed(change)[:_SHOWN]]
    return f"{change.value}: {', '.join(pieces)}"


@check(
    "text.phrase-kept",
    level=SHOULD,
    on=own_repetitions,
    given=(repeated, utf8),
    probes=REPEATED,
)
def phrases_are_kept(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated loses no letters or spaces, has no ? or * for them, and runs forwards."""
    echo = echo_in(x)
    if echo is not None:
        yield from (not_intact(told(change, echo), echo.text) for change in echo.broken)


@check(
    "text.form-kept",
    level=MAY,
    on=probe(*REPEATED),
    given=repeated_soundly,
    probes=REPEATED,
)
def forms_are_kept(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated keeps normal forms, joiners, line ends and runs of white space."""
    # Models write so by themselves: where both forms of a request agree, nobody can tell who did it.
    echo = echo_in(x)
    if echo is not None:
        changes = (change for change in SOFT if echo.changed(change))
        yield from (not_intact(told(change, echo), echo.text) for change in changes)


@check(
    "parity.text",
    level=SHOULD,
    on=probe(*REPEATED),
    given=repeated_soundly,
    scope=Scope.PAIR,
    probes=REPEATED,
)
def both_forms_keep_alike(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """What one form of an answer keeps of a phrase, the other does not change throughout."""
    both = [(x, echo) for x in (plain, stream) if (echo := echo_in(x)) is not None]
    for (x, echo), (_, other) in zip(both, reversed(both), strict=True):
        for change in SOFT:
            kept = change not in {how for how, _, _ in other.changes}
            if kept and change in dict(other.possible) and echo.changed(change):
                yield Problem(
                    "content",
                    expected=f"as {'without' if x is stream else 'with'} stream: unchanged",
                    actual=told(change, echo),
                    evidence=echo.text,
                    exchange=x.id,
                    # The rest a model may well do in one answer and not in the next.
                    level=None if change is Change.LINES else MAY,
                )
