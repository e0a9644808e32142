"""Text of every kind is taken, and what is answered holds whole characters."""

from __future__ import annotations

import re

from conformance.checks.asked import half_characters
from conformance.checks.asked import strings as strings
from conformance.checks.givens import RUN, answered, read_in_its_form
from conformance.checks.kinds import ordinary_chat, probe
from conformance.checks.registry import MAY, MUST, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.spec.phrase import beginning
from conformance.wire import strict_json
from conformance.wire.reading import Reading

TAKEN = ("text.unicode", "text.separators", "text.control", "text.lone-surrogate", "text.long-word")
UNICODE = ("text.unicode", "text.stream.unicode")
MAY_BE_REFUSED = ("text.control", "text.lone-surrogate")
"""NUL and half a surrogate pair are legal JSON that many systems cannot store: an honest 4xx is right too."""
_BUSY = (402, 408, 429, 503, 529)
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_TOO_LONG = re.compile(rb"context|token|length|long|large|size", re.IGNORECASE)
_TOO_LONG_FOR_SURE = re.compile(rb"context|too (?:long|large|many)|exceed", re.IGNORECASE)


def taken_or_not(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, and not because of a limit."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.status in _BUSY:
        return Unjudged(f"the endpoint is busy or out of quota (status {x.status})", RUN)
    if x.exchange.probe == "text.long-word" and _too_long(x):
        return Unjudged(f"refused as too long (status {x.status})", Hindrance.MODEL)
    return None


def _too_long(x: Reading) -> bool:
    """Whether a refusal names the length: small models have room for little, and the word is not odd."""
    status = x.status or 0
    if status >= 500:
        return _TOO_LONG_FOR_SURE.search(x.body) is not None
    return status == 413 or (status in (400, 422) and _TOO_LONG.search(x.body) is not None)


@check(
    "text.accepted",
    level=MUST,
    on=probe(*TAKEN),
    given=taken_or_not,
    probes=(*TAKEN, "chat.long"),
    presupposes="chat.long",  # a server that refuses any other prompt as well does not refuse the text
)
def odd_text_is_accepted(x: Reading, profile: Profile) -> Problems:
    """Text of any characters is accepted; NUL and lone surrogates may be refused with a 4xx."""
    status = x.status or 0
    may_refuse = x.exchange.probe in MAY_BE_REFUSED
    # RFC 8259 §8.2 promises nothing of one, and openai-python cannot send it.
    weaker = SHOULD if half_characters(x) else None
    if 200 <= status < 300 or (may_refuse and 400 <= status < 500):
        return
    yield Problem(
        "status",
        expected="200 or a 4xx" if may_refuse else "200",
        actual=f"{status}",
        level=weaker,
        evidence=beginning(x.body),
    )


def whole_characters_sent(x: Reading, profile: Profile) -> Unjudged | None:
    """An answer came, and the request holds no lone surrogate that could be repeated."""
    if half_characters(x):
        return Unjudged("the request holds a lone surrogate itself", Hindrance.MODEL)
    return read_in_its_form(x, profile)


@check(
    "text.no-lone-surrogates",
    level=SHOULD,
    on=ordinary_chat,
    given=whole_characters_sent,
    probes=UNICODE,
)
def no_lone_surrogates(x: Reading, profile: Profile) -> Problems:
    """Each string of an answer, and each piece of a streamed one, holds whole characters."""
    # In a whole answer it may be what the model said, and the syntax of JSON allows it;
    # in a stream it is a character that was cut in two.
    if not _SURROGATE_ESCAPE.search(x.body):
        return  # without an escape there can be none
    if x.asked.streams:
        values = [(f"event {n} ", chunk) for n, chunk in x.chunks]
    else:
        values = [("", x.object or {})]
    for where, value in values:
        for pointer, text in strings(value):
            if strict_json.lone_surrogate(text):
                yield Problem(
                    f"{where}{pointer}",
                    expected="whole characters",
                    actual=f"half a surrogate pair in {text[-60:]!a}",
                    level=None if x.asked.streams else MAY,
                )
                break
