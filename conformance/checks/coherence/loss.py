"""What a stream loses of a word that the same model repeats whole without one."""

from __future__ import annotations

from conformance.checks.givens import read_in_its_form
from conformance.checks.isolation import REPEATING
from conformance.checks.kinds import probe
from conformance.checks.registry import MAY, SHOULD, Problems, Scope, check
from conformance.model.canary import CANARIES
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.chunks import content_chunks, spoken
from conformance.wire.completion import messages_of
from conformance.wire.reading import Reading

_AROUND = " \t\r\n\"'`*.,!"


def word_or_part(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer repeats its word: whole where it is plain, whole or in part where it is a stream."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if x.asked.streams and not _legible(x):
        return Unjudged("a piece of the text cannot be read")
    word, said = CANARIES[x.exchange.probe or ""], _said(x)
    wanted = word in said or (x.asked.streams and _gap(word, said) is not None)
    return None if wanted else Unjudged("the model did not repeat the word", Hindrance.MODEL)


def _legible(x: Reading) -> bool:
    """Whether every piece of a stream is well formed, so that none is missing for another reason."""
    for _, value in content_chunks(x):
        choices = value.get("choices")
        if not isinstance(choices, list):
            return False
        if not all(_well_formed(entry) for entry in choices):
            return False
    return True


def _well_formed(entry: JSON) -> bool:
    if not isinstance(entry, dict) or type(entry.get("index")) is not int:
        return False
    delta = entry.get("delta")
    return isinstance(delta, dict) and isinstance(delta.get("content"), str | None)


def _said(x: Reading) -> str:
    if x.asked.streams:
        return "".join(c.text for c in spoken(x) if c.finish == "stop")
    return " ".join(str(m.get("content") or "") for _, _, m in messages_of(x))


def _gap(word: str, said: str) -> int | None:
    """How much of the beginning of a word is there, if what was said is the word with a piece missing."""
    part = said.strip(_AROUND)
    # Without its hyphens it is what a model may take for the word itself.
    if not len(word) // 2 <= len(part) < len(word) or "-" not in part:
        return None
    for kept in range(len(part) + 1):
        if part == word[:kept] + word[len(word) - len(part) + kept :]:
            return kept
    return None


@check(
    "chunk.text-whole",
    level=SHOULD,
    on=probe(*REPEATING),
    given=word_or_part,
    scope=Scope.LINKED,
    probes=REPEATING,
)
def text_is_not_lost(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A model that repeats a word whole without a stream repeats it whole as a stream."""
    for x in xs:
        word = CANARIES[x.exchange.probe or ""]
        if not x.asked.streams or word in _said(x):
            continue
        # A model may well end too soon, but not begin in the middle.
        level = None if _gap(word, _said(x)) == 0 else MAY
        yield Problem(
            "text", expected=repr(word), actual=repr(_said(x)), level=level, exchange=x.id
        )
