"""Faults that change letters, forms and white space on their way."""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import each_tool_delta
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.faults.text import asked, calling, deltas, saying

Chunks = list[Obj]
_HEBREW = re.compile("[\u0590-\u05ff]+")
_LINE_ENDS = re.compile("[\u2028\u2029\u0085]")


def _repeating(answer: Answer, facts: Facts, change: Callable[[str], str]) -> Answer:
    """A phrase that was to be repeated, changed."""
    return saying(answer, change) if "Repeat exactly" in asked(facts) else answer


def _streaming(chunks: Chunks, facts: Facts, change: Callable[[str], str]) -> Chunks:
    return deltas(chunks, facts, change) if "Repeat exactly" in asked(facts) else chunks


def _as(text: str, codec: str, errors: str = "replace") -> str:
    return text.encode(codec, errors).decode(codec)


@fault("text-question-marks", "text.phrase-kept", on=Stage.ANSWER)
def text_question_marks(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are answered as question marks."""
    return _repeating(answer, facts, lambda text: _as(text, "ascii"))


@fault("text-question-marks-in-streams", "text.phrase-kept", on=Stage.CHUNKS)
def text_question_marks_in_streams(chunks: Chunks, facts: Facts) -> Chunks:
    """Characters outside Latin-1 are streamed as question marks."""
    return _streaming(chunks, facts, lambda text: _as(text, "latin-1"))


@fault(
    "text-letters-lost",
    "text.phrase-kept",
    "text.tool-arguments",
    "text.form-kept",
    on=Stage.ANSWER,
)
def text_letters_lost(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are lost before the model sees them."""
    lost = _repeating(answer, facts, lambda text: _as(text, "ascii", "ignore"))
    return calling(lost, lambda text: _as(text, "ascii", "ignore"))


@fault("text-turned-round", "text.phrase-kept", on=Stage.ANSWER)
def text_turned_round(answer: Answer, facts: Facts) -> Answer:
    """Right-to-left letters are put in the order in which they are shown."""
    return _repeating(answer, facts, lambda text: _HEBREW.sub(lambda m: m[0][::-1], text))


@fault("text-starred", "text.phrase-kept", on=Stage.ANSWER)
def text_starred(answer: Answer, facts: Facts) -> Answer:
    """A filter of words puts asterisks for one."""
    return _repeating(answer, facts, lambda text: text.replace("pot", "***"))


@fault("text-escaped-in-streams", "text.escapes-undone", on=Stage.CHUNKS)
def text_escaped_in_streams(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams hold escapes as Python writes them."""
    return _streaming(chunks, facts, lambda text: text.encode("ascii", "backslashreplace").decode())


@fault("text-normalised", "text.form-kept", on=Stage.ANSWER)
def text_normalised(answer: Answer, facts: Facts) -> Answer:
    """Texts are brought into the normal form NFKC."""
    return _repeating(answer, facts, lambda text: normalize("NFKC", text))


@fault("text-joiners-removed", "text.form-kept", on=Stage.ANSWER)
def text_joiners_removed(answer: Answer, facts: Facts) -> Answer:
    """Zero-width joiners are taken for dirt."""
    return _repeating(answer, facts, lambda text: text.replace("\u200d", ""))


@fault("text-line-ends", "text.form-kept", on=Stage.ANSWER)
def text_line_ends(answer: Answer, facts: Facts) -> Answer:
    """U+2028, U+2029 and U+0085 become line feeds."""
    return _repeating(answer, facts, lambda text: _LINE_ENDS.sub("\n", text))


@fault("text-spaces-collapsed", "text.form-kept", on=Stage.ANSWER)
def text_spaces_collapsed(answer: Answer, facts: Facts) -> Answer:
    """Runs of spaces are collapsed."""
    return _repeating(answer, facts, lambda text: re.sub(" +", " ", text))


@fault("text-lines-joined-in-streams", "text.form-kept", "parity.text", on=Stage.CHUNKS)
def text_lines_joined_in_streams(chunks: Chunks, facts: Facts) -> Chunks:
    """Line feeds of streams become spaces."""
    return _streaming(chunks, facts, lambda text: text.replace("\n", " "))


@fault("text-deltas-trimmed", "text.phrase-kept", "chunk.spaces-kept", on=Stage.CHUNKS)
def text_deltas_trimmed(chunks: Chunks, facts: Facts) -> Chunks:
    """Each piece of a streamed text is trimmed."""
    return deltas(chunks, facts, str.strip)


@fault("text-arguments-question-marks", "text.tool-arguments", on=Stage.ANSWER)
def text_arguments_question_marks(answer: Answer, facts: Facts) -> Answer:
    """Characters outside ASCII are question marks in the arguments of tool calls."""
    return calling(answer, lambda text: _as(text, "ascii"))


@fault("text-fragments-trimmed", "text.tool-arguments", on=Stage.CHUNKS)
def text_fragments_trimmed(chunks: Chunks, facts: Facts) -> Chunks:
    """The pieces of streamed arguments are trimmed."""

    def trimmed(piece: Obj) -> Obj:
        called = piece.get("function")
        if not isinstance(called, dict) or not isinstance(called.get("arguments"), str):
            return piece
        return {**piece, "function": {**called, "arguments": called["arguments"].strip()}}

    return each_tool_delta(chunks, trimmed)
