"""Text of every kind is taken and given back intact, in both modes and in tool arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.phrase import beginning
from conformance.wire import strict_json
from conformance.wire.completion import calls_of, function_of, messages_of
from conformance.wire.reading import Reading

from .echo import Echo, echo_of
from .givens import RUN, answered, read_in_its_form
from .kinds import ordinary_chat, probe
from .registry import MAY, MUST, SHOULD, Problems, check

TAKEN = ("text.unicode", "text.separators", "text.control", "text.lone-surrogate", "text.long-word")
UNICODE = ("text.unicode", "text.stream.unicode")
REPEATED = (*UNICODE, "text.separators", "text.stream.separators")
TOOL = ("text.stream.tool", "tools.auto")
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
    if 200 <= status < 300 or (may_refuse and 400 <= status < 500):
        return
    yield Problem(
        "status",
        expected="200 or a 4xx" if may_refuse else "200",
        actual=f"{status}",
        evidence=beginning(x.body),
    )


def utf8(x: Reading, profile: Profile) -> Unjudged | None:
    """The body is UTF-8, so that no replacement character is our own."""
    try:
        x.body.decode("utf-8")
    except UnicodeDecodeError:
        return Unjudged("the body is not UTF-8")
    return None


def echoed(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer repeats the phrase, intact or damaged."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if _echo(x) is None:
        return Unjudged("the model did not repeat the phrase", Hindrance.MODEL)
    return None


def _echo(x: Reading) -> Echo | None:
    text, finish = _answer(x)
    phrase = _asked(x).partition("Repeat exactly: ")[2]
    return echo_of(text, phrase, cut=finish == "length") if phrase else None


def _asked(x: Reading) -> str:
    messages = x.asked.body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else ""


def _answer(x: Reading) -> tuple[str, JSON]:
    """The first choice's text and finish reason, in either mode."""
    if x.asked.streams:
        first = next(iter(x.choices.values()), None)
        return (first.text, first.finish) if first else ("", None)
    for _, choice, message in messages_of(x):
        content = message.get("content")
        return (content if isinstance(content, str) else "", choice.get("finish_reason"))
    return "", None


def _intact(actual: str, piece: str) -> Problem:
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
    echo = _echo(x)
    if echo is not None and echo.replaced:
        yield _intact(f"U+FFFD in {echo.text!r}", echo.text)


@check("text.no-mojibake", level=MUST, on=probe(*REPEATED), given=(echoed, utf8), probes=REPEATED)
def no_mojibake(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated is not UTF-8 read as Latin-1 or Windows-1252."""
    echo = _echo(x)
    if echo is not None and echo.mojibake:
        yield _intact(f"{', '.join(map(repr, echo.mojibake))}", echo.text)


@check(
    "text.escapes-undone", level=SHOULD, on=probe(*UNICODE), given=(echoed, utf8), probes=UNICODE
)
def escapes_are_undone(x: Reading, profile: Profile) -> Problems:
    """A phrase that is repeated holds characters, not JSON escapes or HTML entities in their place."""
    echo = _echo(x)
    if echo is not None and echo.escapes:
        yield _intact(f"{', '.join(echo.escapes)}", echo.text)


def whole_characters_sent(x: Reading, profile: Profile) -> Unjudged | None:
    """An answer came, and the request holds no lone surrogate that could be repeated."""
    if any(strict_json.lone_surrogate(text) for _, text in _strings(x.asked.parsed.value)):
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
        for pointer, text in _strings(value):
            if strict_json.lone_surrogate(text):
                yield Problem(
                    f"{where}{pointer}",
                    expected="whole characters",
                    actual=f"half a surrogate pair in {text[-60:]!a}",
                    level=None if x.asked.streams else MAY,
                )
                break


def _strings(value: JSON) -> Iterator[tuple[str, str]]:
    """All strings of a JSON value with their pointers, in order."""
    waiting: list[tuple[str, JSON]] = [("", value)]
    while waiting:
        pointer, one = waiting.pop()
        if isinstance(one, str):
            yield pointer, one
        elif isinstance(one, dict):
            waiting += [(f"{pointer}/{name[:200]}", v) for name, v in reversed(one.items())]
        elif isinstance(one, list):
            waiting += [(f"{pointer}/{n}", v) for n, v in reversed([*enumerate(one)])]


def city_called(x: Reading, profile: Profile) -> Unjudged | None:
    """A tool was called with the city of the request, intact or damaged."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if _city(x) is None:
        return Unjudged("no tool call names the city of the request", Hindrance.MODEL)
    return None


def _city(x: Reading) -> Echo | None:
    cities = re.findall(r'"([^"]+)"', _asked(x))
    texts = [t for call in _arguments(x) for _, t in _strings(strict_json.parse_text(call).value)]
    echoes = [e for text in texts for city in cities if (e := echo_of(text, city)) is not None]
    damaged = (e for e in echoes if e.replaced or e.mojibake or e.escapes)
    return next(damaged, echoes[0] if echoes else None)


def _arguments(x: Reading) -> list[str]:
    """The arguments of all calls, in either mode."""
    if x.asked.streams:
        return [c.arguments for choice in x.choices.values() for c in choice.tools.values()]
    calls = [call for _, _, message in messages_of(x) for call in calls_of(message)]
    return [str(function_of(call).get("arguments") or "") for call in calls]


@check("text.tool-arguments", level=SHOULD, on=probe(*TOOL), given=(city_called, utf8), probes=TOOL)
def tool_arguments_are_intact(x: Reading, profile: Profile) -> Problems:
    """The name of a city keeps its accent in the arguments of a tool call."""
    echo = _city(x)
    if echo is not None and (echo.replaced or echo.mojibake or echo.escapes):
        yield _intact(repr(echo.text), echo.text)
