"""Faults in the handling of characters: refused, damaged, left escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import (
    delta_of,
    each_text_message,
    is_text,
    where,
    with_delta,
)
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.tokens import pieces

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_WIDE = re.compile("[\U00010000-\U0010ffff]")


def asked(facts: Facts) -> str:
    """The text of the last message."""
    given = facts.body.get("messages")
    last = given[-1] if isinstance(given, list) and given else None
    return str(last.get("content")) if isinstance(last, dict) else ""


def _refused(decision: Decision, found: bool, status: int = 400) -> Decision:
    if decision is not None or not found:
        return decision
    text = "We could not process the text." if status < 500 else "The server had an error."
    return Mistake(text, param="messages[0].content", code="invalid_value", status=status)


def saying(answer: Answer, change: Callable[[str], str]) -> Answer:
    """An answer whose texts are changed."""
    said = [replace(one, tokens=pieces(change(one.text))) for one in answer.choices]
    return replace(answer, choices=tuple(said))


def calling(answer: Answer, change: Callable[[str], str]) -> Answer:
    """An answer whose arguments are changed."""
    said = [
        replace(one, calls=tuple(replace(c, fragments=(change(c.arguments),)) for c in one.calls))
        for one in answer.choices
    ]
    return replace(answer, choices=tuple(said))


def deltas(chunks: list[Obj], facts: Facts, change: Callable[[str], str]) -> list[Obj]:
    """A stream whose pieces of text are changed, each by itself."""
    if facts.body.get("logprobs"):
        return chunks  # their bytes would no longer be those of the text

    def changed(chunk: Obj) -> Obj:
        delta = delta_of(chunk)
        return with_delta(chunk, {**delta, "content": change(delta["content"])})

    return where(chunks, is_text, changed)


def _messages(answer: Obj, facts: Facts, change: Callable[[str], str]) -> Obj:
    if facts.body.get("logprobs"):
        return answer
    return each_text_message(answer, lambda m: {**m, "content": change(m["content"] or "")})


def _misread(text: str, codec: str = "latin-1") -> str:
    return text.encode().decode(codec, "replace").replace("\ufffd", "\x9d")


@fault("text-emoji-refused", "text.accepted", on=Stage.DECISION)
def text_emoji_refused(decision: Decision, facts: Facts) -> Decision:
    """Requests with characters beyond the Basic Multilingual Plane are refused."""
    return _refused(decision, _WIDE.search(asked(facts)) is not None)


@fault("text-separators-fatal", "text.accepted", on=Stage.DECISION)
def text_separators_fatal(decision: Decision, facts: Facts) -> Decision:
    """Requests with line separators are not taken for JSON."""
    return _refused(decision, "\u2028" in asked(facts))


@fault("text-nul-fatal", "text.accepted", on=Stage.DECISION)
def text_nul_fatal(decision: Decision, facts: Facts) -> Decision:
    """A NUL in the text is a server error."""
    return _refused(decision, "\x00" in asked(facts), status=500)


@fault("text-surrogate-fatal", "text.accepted", on=Stage.DECISION)
def text_surrogate_fatal(decision: Decision, facts: Facts) -> Decision:
    """Half a surrogate pair in the text is a server error."""
    return _refused(decision, "\ud83d" in asked(facts), status=500)


@fault("text-long-word-fatal", "text.accepted", on=Stage.DECISION)
def text_long_word_fatal(decision: Decision, facts: Facts) -> Decision:
    """A word of several thousand characters is a server error."""
    return _refused(decision, len(asked(facts)) > 3000, status=500)


@fault("text-replaced", "text.no-replacement-characters", on=Stage.ANSWER)
def text_replaced(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are answered as replacement characters."""
    return saying(answer, lambda text: _FOREIGN.sub("\ufffd", text))


@fault("text-torn-in-streams", "text.no-replacement-characters", on=Stage.CHUNKS)
def text_torn_in_streams(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Streams decode each token alone, so that characters of several bytes are lost."""
    return deltas(chunks, facts, lambda text: _WIDE.sub("\ufffd\ufffd", text))


@fault("text-halves-in-deltas", "text.no-lone-surrogates", on=Stage.CHUNKS)
def text_halves_in_deltas(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Streams cut characters beyond the Basic Multilingual Plane into two halves, one in each delta."""
    found: list[Obj] = []
    for chunk in chunks:
        text = delta_of(chunk).get("content") or ""
        wide = _WIDE.search(text)
        units = wide[0].encode("utf-16-be") if wide else b""
        halves = [units[n : n + 2].decode("utf-16-be", "surrogatepass") for n in (0, 2)]
        parts = [text[: wide.start()] + halves[0], halves[1] + text[wide.end() :]] if wide else []
        found += [with_delta(chunk, {"content": part}) for part in parts] or [chunk]
    return found


@fault("text-half-kept", "text.no-lone-surrogates", on=Stage.COMPLETION)
def text_half_kept(answer: Obj, facts: Facts) -> Obj:
    """Whole answers keep the first half of characters beyond the Basic Multilingual Plane."""
    return _messages(answer, facts, lambda text: _WIDE.sub("\ud83d", text))


@fault("text-misread", "text.no-mojibake", on=Stage.ANSWER)
def text_misread(answer: Answer, facts: Facts) -> Answer:
    """The UTF-8 of answers is read as Latin-1 and encoded again."""
    return saying(answer, _misread)


@fault("text-misread-in-streams", "text.no-mojibake", on=Stage.CHUNKS)
def text_misread_in_streams(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """The UTF-8 of streamed pieces is read as Windows-1252 and encoded again."""
    return deltas(chunks, facts, lambda text: _misread(text, "cp1252"))


@fault("text-escaped-twice", "text.escapes-undone", on=Stage.COMPLETION)
def text_escaped_twice(answer: Obj, facts: Facts) -> Obj:
    """Characters outside ASCII are escaped twice in whole answers."""
    return _messages(answer, facts, lambda text: _FOREIGN.sub(_escape, text))


def _escape(found: re.Match[Any]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))


@fault("text-html-entities", "text.escapes-undone", on=Stage.ANSWER)
def text_html_entities(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are answered as HTML entities."""
    return saying(answer, lambda text: _FOREIGN.sub(lambda m: f"&#{ord(m[0])};", text))


@fault("text-arguments-replaced", "text.tool-arguments", on=Stage.ANSWER)
def text_arguments_replaced(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are lost in the arguments of tool calls."""
    return calling(answer, lambda text: _FOREIGN.sub("\ufffd", text))


@fault("text-arguments-misread", "text.tool-arguments", on=Stage.ANSWER)
def text_arguments_misread(answer: Answer, facts: Facts) -> Answer:
    """The UTF-8 of arguments is read as Latin-1 and encoded again."""
    return calling(answer, _misread)


@fault("text-arguments-escaped-twice", "text.tool-arguments", on=Stage.ANSWER)
def text_arguments_escaped_twice(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are escaped twice in the arguments of tool calls."""
    return calling(answer, lambda text: _FOREIGN.sub(lambda m: "\\" + _escape(m), text))
