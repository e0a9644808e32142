"""A phrase that was to be repeated comes back without characters that are replaced, misread or escaped."""

from __future__ import annotations

from conformance.checks.asked import to_repeat
from conformance.checks.echo import Echo, echo_of
from conformance.checks.givens import read_in_its_form
from conformance.checks.kinds import probe
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.answer import said
from conformance.wire.reading import Reading

UNICODE = ("text.unicode", "text.stream.unicode")
REPEATED = (*UNICODE, "text.separators", "text.stream.separators")
LONGEST = 300
"""Characters of a phrase that is looked for."""


def utf8(x: Reading, profile: Profile) -> Unjudged | None:
    """The body is UTF-8, so that no replacement character is our own."""
    try:
        x.body.decode("utf-8")
    except UnicodeDecodeError:
        return Unjudged("the body is not UTF-8")
    return None


def repeated(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer repeats the phrase, intact or changed."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if echo_in(x) is None:
        return Unjudged("the answer does not hold the phrase", Hindrance.MODEL)
    return None


def echoed(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer repeats the phrase with characters that could have been damaged."""
    if (reason := repeated(x, profile)) is not None:
        return reason
    echo = echo_in(x)
    if echo is not None and not echo.telling:
        return Unjudged("no character beyond ASCII came back", Hindrance.MODEL)
    return None


def phrase_of(x: Reading) -> str:
    """What the last message asks to be repeated; empty if nothing."""
    phrase = to_repeat(x.asked.body)
    return phrase if len(phrase) <= LONGEST else ""


def echo_in(x: Reading) -> Echo | None:
    """The phrase of a request in its answer."""
    text, finish = _answer(x)
    phrase = phrase_of(x)
    return echo_of(text, phrase, cut=finish == "length") if phrase else None


def _answer(x: Reading) -> tuple[str, JSON]:
    """The first choice's text and finish reason, in either mode."""
    return next(((one.text, one.finish) for one in said(x)), ("", None))


def not_intact(actual: str, piece: str) -> Problem:
    """The problem of a text that is not as it was."""
    return Problem(
        "content", expected="the characters of the request", actual=actual, evidence=piece
    )


@check(
    "text.no-replacement-characters",
    level=SHOULD,
    on=probe(*REPEATED),
    given=(echoed, utf8),
    probes=REPEATED,
)
def no_replacement_characters(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated holds no U+FFFD where the request had another character."""
    echo = echo_in(x)
    if echo is not None and echo.replaced:
        yield not_intact(f"U+FFFD in {echo.text!r}", echo.text)


@check("text.no-mojibake", level=MUST, on=probe(*REPEATED), given=(echoed, utf8), probes=REPEATED)
def no_mojibake(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated is not UTF-8 read as Latin-1 or Windows-1252."""
    echo = echo_in(x)
    if echo is not None and echo.mojibake:
        yield not_intact(f"{', '.join(map(repr, echo.mojibake))}", echo.text)


@check(
    "text.escapes-undone", level=SHOULD, on=probe(*REPEATED), given=(echoed, utf8), probes=REPEATED
)
def escapes_are_undone(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated holds characters, not escapes or HTML entities in their place."""
    echo = echo_in(x)
    if echo is not None and echo.escapes:
        yield not_intact(f"{', '.join(echo.escapes)}", echo.text)
