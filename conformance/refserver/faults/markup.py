"""Faults by which the chat template's own tokens are shown: beside calls, and at the end of texts."""

from __future__ import annotations

from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import (
    before_finish,
    delta_of,
    each_message,
    each_text_message,
    is_call,
    is_text,
)
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.faults.text import asked

Chunks = list[Obj]


def _smallest(facts: Facts) -> bool:
    """Whether the request is one whose text no other rule looks at."""
    return asked(facts) == "Say OK." and not facts.body.get("logprobs")


# Beside calls


@fault("markup-opening-left", "chat.response.no-markup", on=Stage.COMPLETION)
def markup_opening_left(answer: Obj, facts: Facts) -> Obj:
    """The beginning of a special token is left in the text beside a call."""
    return each_message(answer, lambda m: {**m, "content": "<|tool_call"} if _calls(m) else m)


def _calls(message: Obj) -> list[Obj]:
    """The calls of functions that have arguments."""
    calls = [call for call in message.get("tool_calls", []) if "function" in call]
    return [call for call in calls if len(call["function"]["arguments"]) > 10]


@fault("markup-call-as-text-too", "chat.response.no-markup", on=Stage.COMPLETION)
def markup_call_as_text_too(answer: Obj, facts: Facts) -> Obj:
    """Calls are written into the text as well, as the model wrote them down."""

    def said(message: Obj) -> Obj:
        texts = [f"{c['function']['name']}({c['function']['arguments']})" for c in _calls(message)]
        return {**message, "content": f"[{', '.join(texts)}]"} if texts else message

    return each_message(answer, said)


@fault("markup-streamed", "chunk.no-markup", on=Stage.CHUNKS)
def markup_streamed(chunks: Chunks, facts: Facts) -> Chunks:
    """The markup around a call is streamed as text after it."""
    calls = any(map(is_call, chunks))
    return before_finish(chunks, {"content": "</tool_call>"}) if calls else chunks


@fault("markup-fragment-streamed", "chunk.no-markup", on=Stage.CHUNKS)
def markup_fragment_streamed(chunks: Chunks, facts: Facts) -> Chunks:
    """A call in a stream is followed by itself as text."""
    pieces = [p for c in chunks if is_call(c) for p in delta_of(c)["tool_calls"] if not p["index"]]
    said = "".join(piece.get("function", {}).get("arguments", "") for piece in pieces)
    whole = len(said) > 10 and said.endswith("}")
    return before_finish(chunks, {"content": f": get_weather({said})]"}) if whole else chunks


# At the end


@fault("markup-end-shown", "text.no-special-tokens", on=Stage.COMPLETION)
def markup_end_shown(answer: Obj, facts: Facts) -> Obj:
    """Texts end with the token that ends a turn."""
    if not _smallest(facts):
        return answer
    return each_text_message(answer, lambda m: {**m, "content": f"{m['content']}<|im_end|>"})


@fault("markup-end-streamed", "text.no-special-tokens", on=Stage.CHUNKS)
def markup_end_streamed(chunks: Chunks, facts: Facts) -> Chunks:
    """Streams send the token that ends a text."""
    shown = _smallest(facts) and any(map(is_text, chunks))
    return before_finish(chunks, {"content": "</s>\n"}) if shown else chunks
