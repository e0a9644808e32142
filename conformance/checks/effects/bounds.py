"""Answers that are bounded: in their number, their length, and by where they stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from conformance.checks.answers import completion_tokens
from conformance.checks.asked import to_repeat
from conformance.model.finding import Level
from conformance.model.json import JSON
from conformance.spec.phrase import quoted
from conformance.wire.answer import Said, said
from conformance.wire.reading import Reading

from .seen import Body, Effect, Seen, Visible, effect_seen, missing, unclear, whole


def _n(x: Reading) -> Seen:
    asked, came = x.asked.n, len(said(x))
    told = f"{came} choice{'' if came == 1 else 's'}"
    if came == asked:
        return effect_seen(told)
    if not came:
        return unclear("no choices at all")
    if mixed_under_one_index(x):
        told = f"the pieces of {asked} choices under one index"
        return missing(told, said(x)[0].at, how="not kept")
    return missing(told, "/choices", how="ignored" if came == 1 else "not kept")


def mixed_under_one_index(x: Reading) -> bool:
    """Whether a stream has one index alone, under which a phrase comes as often as choices were asked for, mixed."""
    phrase, spoken = to_repeat(x.asked.body), said(x)
    if not x.asked.streams or x.asked.n < 2 or len(spoken) != 1 or " " not in phrase:
        return False
    # A model that says it again says it whole.
    text, whole_phrase = "".join(spoken[0].text.split()), "".join(phrase.split())
    return Counter(text) == Counter(whole_phrase * x.asked.n) and whole_phrase not in text


def stops_of(body: Body) -> tuple[str, ...]:
    """The stop sequences of a request."""
    stop = body.get("stop")
    listed = stop if isinstance(stop, list) else [stop]
    return tuple(one for one in listed if isinstance(one, str) and one)


def _stop(x: Reading) -> Seen:
    stops = stops_of(x.asked.body)
    for one in said(x):
        # White space before the text begins is often let pass, and taken away by other servers.
        found = next((stop for stop in stops if stop in one.text.lstrip()), None)
        if found is not None:
            return _kept(one, stops, to_repeat(x.asked.body)) or missing(
                f"the text contains {found!r}: {quoted(one.text)}", one.at
            )
    phrase = to_repeat(x.asked.body)
    cut, first = min(((phrase.find(s), s) for s in stops if s in phrase), default=(-1, ""))
    before = phrase[:cut].strip() if cut > 0 else ""
    for one in said(x):
        if before and (begun := _begun(one, phrase[:cut], first)):
            return missing(
                f"the beginning of the stop sequence is left in the text ({begun!r} of {first!r}):"
                f" {quoted(one.text)}",
                one.at,
                Level.SHOULD,
                "kept in part",
            )
    if before and all(before in one.text for one in said(x)) and said(x):
        return effect_seen(f"the text ends before the stop sequence: {quoted(said(x)[0].text)}")
    return unclear("the model did not come to the stop sequence")


_TOKEN = 12
"""Characters of the token that a sequence ends in which may follow it, at most."""


def _kept(one: Said, stops: tuple[str, ...], phrase: str) -> Seen | None:
    """Where a text ends with the sequence that comes first in it: it was stopped there, and the sequence was kept."""
    text = one.text.lstrip()
    end, stop = min((text.find(s) + len(s), s) for s in stops if s in text)
    rest = text[end:].rstrip()
    if one.finish != "stop" or len(rest) > _TOKEN or any(c.isspace() for c in rest):
        return None
    shown = quoted(one.text)
    follows = phrase.partition(stop)[2]
    # At the end of what was to be repeated, a text ends by itself.
    if follows.startswith(rest) and follows[len(rest) :].strip():
        told = f"stops, but keeps the sequence {stop!r}: {shown}"
        return Seen(Effect.MISSING, told, one.at, how="not kept", beside=Effect.SEEN)
    told = f"the text ends with {stop!r}" if not rest else f"the text ends soon after {stop!r}"
    how = "perhaps kept in part"
    return Seen(Effect.MISSING, f"{told}: {shown}", one.at, how=how, beside=Effect.UNCLEAR)


def _begun(one: Said, before: str, stop: str) -> str:
    """How much of a stop sequence's beginning follows what comes before it, where two letters or more do."""
    if one.finish != "stop":
        return ""
    for size in range(len(stop) - 1, 1, -1):
        begun = stop[:size].rstrip()
        if len(begun.lstrip()) > 1 and one.text.rstrip().endswith(f"{before}{begun}"):
            return begun
    return ""


def _limit(name: str) -> Callable[[Reading], Seen]:
    def look(x: Reading) -> Seen:
        limit = whole(x.asked.body.get(name)) or 0
        choices = said(x)
        if not choices:
            return unclear("no choices at all")
        cut = all(one.finish == "length" for one in choices)
        # What a call is counted as, beyond its arguments, is up to whoever counts.
        called = any(one.calls or one.function_call for one in choices) and not cut
        counted = (
            completion_tokens(_usage(x)) if len(choices) == x.asked.n == 1 and not called else None
        )
        # Reasoning counts against the newer parameter only, and models differ in what they count.
        spent = counted[0] - counted[1] if counted else None
        words = max(len(one.text.split()) for one in choices)
        if words > limit + 2 or (spent is not None and spent > 2 * limit + 8):
            told = f"{words} words" if not spent or spent <= limit else f"{spent} completion tokens"
            return _over(told, limit, cut=cut)
        if spent is not None and spent > limit:
            return _over(f"{spent} completion tokens", limit, cut=cut, level=Level.SHOULD)
        if cut:
            return effect_seen(f"cut with finish_reason length at a limit of {limit}")
        if spent == limit:
            return unclear(f"it ended at its limit with finish_reason {choices[0].finish}")
        return unclear("the answer is shorter than the limit")

    return look


def _over(told: str, limit: int, *, cut: bool, level: Level | None = None) -> Seen:
    # Who counts with one tokenizer and cuts with another, or has a least limit, does not ignore it.
    how = "kept in part" if cut else "not kept" if level else "ignored"
    end = ", cut with finish_reason length" if cut else ""
    return missing(f"{told} for a limit of {limit}{end}", level=level, how=how)


def _usage(x: Reading) -> JSON:
    if not x.asked.streams:
        return (x.object or {}).get("usage")
    found = [chunk["usage"] for _, chunk in x.chunks if isinstance(chunk.get("usage"), dict)]
    return found[-1] if found else None


def _limits(name: str) -> Callable[[Body], bool]:
    return lambda body: 0 < (whole(body.get(name)) or 0) <= 10_000


BOUNDED: Mapping[str, Visible] = {
    "n": Visible(lambda b: (whole(b.get("n")) or 0) > 1, lambda b: f"{b.get('n')} choices", _n),
    "stop": Visible(
        lambda b: bool(stops_of(b)),
        lambda b: "text without " + " or ".join(map(repr, stops_of(b))),
        _stop,
    ),
    "max_tokens": Visible(
        _limits("max_tokens"),
        lambda b: f"at most {b.get('max_tokens')} completion tokens",
        _limit("max_tokens"),
    ),
    "max_completion_tokens": Visible(
        _limits("max_completion_tokens"),
        lambda b: f"at most {b.get('max_completion_tokens')} completion tokens",
        _limit("max_completion_tokens"),
    ),
}
"""Parameters that bound an answer."""


def fewer_choices(x: Reading) -> str | None:
    """Of more choices than are allowed, some."""
    came = len(said(x))
    return (
        f"{came} choice{'' if came == 1 else 's'} for {x.asked.n}" if 0 < came < x.asked.n else None
    )


def fewer_stops(x: Reading) -> str | None:
    """Of more stop sequences than are allowed, some have an effect: the text ends before one, and has another in it."""
    stops, phrase, choices = stops_of(x.asked.body), to_repeat(x.asked.body), said(x)
    found = [stop for stop in stops if any(stop in one.text.lstrip() for one in choices)]
    ended = [
        stop
        for stop in stops
        if stop in phrase
        and all(_ends_before(one, phrase.partition(stop)[0], stop) for one in choices)
    ]
    if not (found and ended):
        return None
    return f"not all of {len(stops)} sequences have an effect"


def _ends_before(one: Said, before: str, stop: str) -> bool:
    """Whether a text ends where the phrase that it repeats would go on with a stop sequence."""
    return one.finish == "stop" and one.text.rstrip().endswith(before.strip() or stop)
