"""What the parts of an answer say of one another: refusals, finishes, calls, both forms, the next turn."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.canary import CANARIES
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, UsagePlace
from conformance.wire.deltas import ChoiceParts
from conformance.wire.reading import Reading

from . import chat, chunk
from .delivery import snapshots
from .givens import RECORDING
from .isolation import REPEATING
from .kinds import completions, ordinary_chat, probe, streams, with_tools
from .parity import called_in_one_form, read_in_its_form
from .registry import MAY, MUST, SHOULD, Problems, Scope, check
from .turn import judged_turn, refused_turn

REFUSAL = ("chat.basic",)
STREAMED = ("chat.stream.basic",)
PARALLEL = ("text.stream.tool",)
FORCED = ("tools.required", "tools.named")
NAMED = ("tools.named", "tools.stream.named")
COUNTED = ("chat.long", "chat.stream.long")
_PIECES = 8
"""Pieces of text, at least, from which it is certain that all are sent twice."""
_WHOLE_AGAIN = 20
"""Characters, at least, of a text that the last piece repeats as a whole."""


# Refusals and finishes


def refusal_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer, in its form, refuses in words."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    return None if _refusals(x) else Unjudged("the model refused nothing", RECORDING)


def _refusals(x: Reading) -> list[tuple[str, bool]]:
    """Where a choice refuses, and whether it says something else as well."""
    if x.asked.streams:
        refusing = [c for c in chunk.spoken(x) if any(text for _, text in c.refusal)]
        return [(f"choice {c.index}", bool(c.text or c.tools)) for c in refusing]
    return [
        (f"{at}/message", bool(message.get("content") or message.get("tool_calls")))
        for at, _, message in chat.messages_of(x)
        if isinstance(message.get("refusal"), str) and message["refusal"]
    ]


def _alone(x: Reading) -> Problems:
    for at, more in _refusals(x):
        if more:
            yield Problem(at, expected="a refusal alone", actual="text or tool calls as well")


@check("chat.response.refusal-alone", level=MAY, on=completions, given=refusal_came, probes=REFUSAL)
def refusals_stand_alone(x: Reading, profile: Profile) -> Problems:
    """A message that refuses carries neither text nor tool calls."""
    yield from _alone(x)


@check("chunk.refusal-alone", level=MAY, on=streams, given=refusal_came, probes=STREAMED)
def streamed_refusals_stand_alone(x: Reading, profile: Profile) -> Problems:
    """A stream that refuses carries neither text nor tool calls."""
    yield from _alone(x)


OLD = "function_call"


@check(
    "chat.response.finish-without-function-call",
    level=MUST,
    on=completions,
    given=read_in_its_form,
    probes=REFUSAL,
)
def finish_function_call_has_one(x: Reading, profile: Profile) -> Problems:
    """finish_reason "function_call" comes with a function call."""
    for at, choice, message in chat.messages_of(x):
        if choice.get("finish_reason") == OLD and not message.get(OLD):
            yield Problem(f"{at}/message/{OLD}", expected="a call", actual="none")


@check(
    "chunk.finish-without-function-call",
    level=MUST,
    on=streams,
    given=read_in_its_form,
    probes=STREAMED,
)
def streamed_finish_function_call_has_one(x: Reading, profile: Profile) -> Problems:
    """A stream's finish_reason "function_call" comes after a function call."""
    for choice in chunk.spoken(x):
        if choice.finish == OLD and not any(delta.get(OLD) for _, delta in choice.deltas):
            yield Problem(
                f"event {choice.finishes[-1][0]}",
                expected="a function call before it",
                actual="none in the stream",
            )


# Tool calls


@check(
    "chat.response.call-ids-unique",
    level=MAY,
    on=probe(*FORCED),
    given=chat.call_ids_came,
    scope=Scope.LINKED,
    probes=FORCED,
)
def call_ids_tell_answers_apart(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Tool calls of two answers have different ids."""
    earlier: dict[str, str] = {}
    for x in xs:
        ids = {c["id"] for _, _, m in chat.messages_of(x) for c in chat.calls_of(m) if "id" in c}
        for name in sorted(i for i in ids if isinstance(i, str) and i):
            if name in earlier:
                yield Problem(
                    "/choices/0/message/tool_calls",
                    expected="an id of its own",
                    actual=f"{name!r}, the id of a call in the answer to {earlier[name]}",
                    exchange=x.id,
                )
            earlier.setdefault(name, x.id)


def several_calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream makes more than one call in one choice."""
    if (reason := chunk.calls_came(x, profile)) is not None:
        return reason
    several = any(len(choice.tools) > 1 for choice in chunk.spoken(x))
    return None if several else Unjudged("the model made one call", Hindrance.MODEL)


@check(
    "chunk.tool-call-ids",
    level=MUST,
    on=with_tools(streams),
    given=several_calls_came,
    probes=PARALLEL,
)
def streamed_call_ids_tell_calls_apart(x: Reading, profile: Profile) -> Problems:
    """Tool calls of one stream have different ids."""
    for choice in chunk.spoken(x):
        earlier: dict[JSON, int] = {}
        for index in choice.tool_order:
            first = choice.tools[index].first
            name = first.entry.get("id")
            if isinstance(name, str) and name in earlier:
                yield Problem(
                    f"event {first.event}: tool call {index}",
                    expected="an id of its own",
                    actual=f"{name!r}, the id of tool call {earlier[name]}",
                )
            elif isinstance(name, str) and name:
                earlier[name] = index


def functions_called(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a function by name, where functions were declared."""
    if (reason := chunk.calls_came(x, profile)) is not None:
        return reason
    if not x.asked.tool_names:
        return Unjudged("the request declares no functions", RECORDING)
    named = any(call.name for _, call in chunk.calls_of(x))
    return None if named else Unjudged("the calls name no function")


@check(
    "chunk.tool-call-names",
    level=SHOULD,
    on=with_tools(streams),
    given=functions_called,
    probes=("tools.stream.required", *PARALLEL),
)
def streamed_functions_were_declared(x: Reading, profile: Profile) -> Problems:
    """A call in a stream names a function that the request declared."""
    declared = x.asked.tool_names
    for _, call in chunk.calls_of(x):
        if call.name and call.name not in declared:
            yield Problem(
                f"event {call.first.event}: tool call {call.index}",
                expected=" or ".join(map(repr, declared[:5])),
                actual=repr(call.name),
            )


# Text that comes twice, or not at all


def pieces_of(choice: ChoiceParts) -> list[tuple[int, str]]:
    """The pieces of a choice's text that are not empty, with their events."""
    return [(number, text) for number, text in choice.content if text]


def text_in_pieces(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with text in enough pieces."""
    if (reason := chunk.read_to_the_end(x, profile)) is not None:
        return reason
    if any(len(pieces_of(choice)) >= _PIECES for choice in chunk.spoken(x)):
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
    return None


@check(
    "chunk.text-once",
    level=MUST,
    on=streams,
    given=text_in_pieces,
    probes=("chat.stream.long",),
)
def text_comes_once(x: Reading, profile: Profile) -> Problems:
    """The text of a stream is sent once: no piece comes twice, and the end does not repeat the whole."""
    for choice in chunk.spoken(x):
        twice = sent_twice(choice)
        if twice is not None:
            yield Problem(f"event {twice[0]}", expected="only what is new", actual=twice[1])


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
    for _, value in chunk.content_chunks(x):
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
        return "".join(c.text for c in chunk.spoken(x) if c.finish == "stop")
    return " ".join(str(m.get("content") or "") for _, _, m in chat.messages_of(x))


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
        begins = _gap(word, _said(x)) == 0
        yield Problem(
            "text",
            expected=repr(word),
            actual=repr(_said(x)),
            level=None
            if begins
            else MAY,  # a model may well end too soon, but not begin in the middle
            exchange=x.id,
        )


# Usage


@check(
    "chunk.usage-once",
    level=SHOULD,
    on=streams,
    given=chunk.usage_came,
    probes=("chat.stream.usage",),
)
def usage_comes_once(x: Reading, profile: Profile) -> Problems:
    """The usage of a stream is sent once, or on every chunk where the profile says so."""
    carriers, wanted = chunk.usage_chunks(x), profile.streaming.usage_places
    running = UsagePlace.EVERY_CHUNK in chunk.usage_places(x)
    on_every = running or len(carriers) == len(chunk.content_chunks(x))
    if len(carriers) > 1 and UsagePlace.EVERY_CHUNK not in wanted and not on_every:
        yield Problem(
            f"event {carriers[1][0]}: /usage",
            expected=f"no usage after that on event {carriers[0][0]}",
            actual=f"usage on {len(carriers)} chunks",
            level=None if wanted else MAY,
        )


# Both forms


def named_tools(x: Reading) -> bool:
    """Ordinary requests that name the tool to be called."""
    return ordinary_chat(x) and x.asked.named_tool is not None


def _finishes(x: Reading) -> set[JSON]:
    """The finish reasons of the choices that call tools, in either form."""
    if x.asked.streams:
        return {choice.finish for choice in chunk.spoken(x) if choice.tools}
    calling = [choice for _, choice, m in chat.messages_of(x) if chat.calls_of(m)]
    return {str(choice.get("finish_reason")) for choice in calling}


def named_call_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The tool that the request names was called, and no limit cut the call."""
    if (reason := called_in_one_form(x, profile)) is not None:
        return reason
    if not _finishes(x):
        return Unjudged("the model made no tool call", Hindrance.MODEL)
    cut = bool(_finishes(x) & set(chat.CUT))
    return Unjudged("the token limit cut the call", Hindrance.MODEL) if cut else None


@check(
    "parity.named-call-finish",
    level=SHOULD,
    on=named_tools,
    given=named_call_came,
    scope=Scope.PAIR,
    probes=NAMED,
)
def named_calls_finish_alike(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """A call of a named tool finishes with the same reason in both forms."""
    ours, theirs = (sorted(map(str, _finishes(x))) for x in (plain, stream))
    if ours != theirs:
        yield Problem(
            "finish_reason",
            expected=f"{', '.join(ours)}, as without stream",
            actual=", ".join(theirs),
        )


_SIDE = ("service_tier", "system_fingerprint")
_THOUGHTS = ("reasoning_content", "reasoning")
_DETAILS = ("prompt_tokens_details", "completion_tokens_details")


def _members(x: Reading) -> Iterator[str]:
    """The optional members that an answer has, named alike in both forms."""
    tops = [c for _, c in x.chunks] if x.asked.streams else [x.object or {}]
    if x.asked.streams:
        bodies = [delta for c in chunk.spoken(x) for _, delta in c.deltas]
    else:
        bodies = [message for _, _, message in chat.messages_of(x)]
    yield from (name for name in _SIDE if any(top.get(name) is not None for top in tops))
    yield from (f"message.{n}" for n in _THOUGHTS if any(body.get(n) for body in bodies))
    usages = [u for top in tops if isinstance(u := top.get("usage"), dict)]
    yield from (f"usage.{n}" for n in _DETAILS if any(u.get(n) is not None for u in usages))


@check(
    "parity.structure",
    level=MAY,
    on=probe(*COUNTED),
    given=read_in_its_form,
    scope=Scope.PAIR,
    probes=COUNTED,
)
def both_have_the_same_members(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """What answers may carry beyond the rest comes in both forms or in neither."""
    ours, theirs = list(_members(plain)), list(_members(stream))
    counted = bool(chunk.usage_chunks(stream)) and isinstance(
        (plain.object or {}).get("usage"), dict
    )
    for name in dict.fromkeys([*ours, *theirs]):
        if (name in ours) != (name in theirs) and (counted or not name.startswith("usage.")):
            words = (
                ("present, as without stream", "absent") if name in ours else ("absent", "present")
            )
            yield Problem(name, expected=words[0], actual=words[1])


# The next turn


@check(
    "turn.dumped-message",
    level=SHOULD,
    on=probe("turn.dumped-message"),
    given=judged_turn,
    presupposes="turn.own-message",
    probes=("turn.dumped-message",),
)
def nulls_are_accepted(x: Reading, profile: Profile) -> Problems:
    """The assistant's message is accepted with null for its refusal, audio and function_call."""
    yield from refused_turn(x, "null is a documented value, and the rest")


@check(
    "turn.parallel-results",
    level=MUST,
    on=probe("turn.parallel-results"),
    given=judged_turn,
    presupposes="turn.stream-tool-result",
    probes=("turn.parallel-results",),
)
def parallel_results_are_accepted(x: Reading, profile: Profile) -> Problems:
    """Several tool calls of one stream are accepted with a result for each."""
    yield from refused_turn(x, "what the tool calls are made of")
