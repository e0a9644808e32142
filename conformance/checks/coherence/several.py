"""Several choices of a stream keep to themselves, and several calls come in both forms."""

from __future__ import annotations

from collections import Counter

from conformance.checks.answers import completion_tokens, offered
from conformance.checks.asked import to_repeat
from conformance.checks.effects.bounds import mixed_under_one_index
from conformance.checks.givens import RECORDING, read_in_its_form
from conformance.checks.kinds import ordinary_chat
from conformance.checks.registry import MAY, SHOULD, Problems, Scope, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.spec.phrase import quoted
from conformance.wire.answer import said, stated_usage
from conformance.wire.chunks import spoken
from conformance.wire.reading import Reading


def several_streamed(x: Reading) -> bool:
    """Streams of several choices."""
    return ordinary_chat(x) and x.asked.streams and x.asked.n > 1


def phrases_in_all(x: Reading, profile: Profile) -> Unjudged | None:
    """The choices together say the phrase as often as there are choices, in whatever order of its letters."""
    if " " not in to_repeat(x.asked.body) or x.asked.body.get("stop"):
        return Unjudged("no phrase was to be repeated to its end", RECORDING)
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if mixed_under_one_index(x):
        return None
    texts = _texts(x)
    if len(texts) < 2:
        return Unjudged("there is one choice alone")
    phrase = to_repeat(x.asked.body)
    if _letters(*texts) == _letters(*([phrase] * len(texts))):
        return None
    return Unjudged("the model did not repeat the phrase in each choice", Hindrance.MODEL)


def _texts(x: Reading) -> list[str]:
    return [choice.text for choice in spoken(x)]


def _letters(*texts: str) -> Counter[str]:
    return Counter("".join("".join(texts).split()))


@check(
    "chunk.choices-apart",
    level=SHOULD,
    on=several_streamed,
    given=phrases_in_all,
    claimed=offered("n"),
    probes=("chat.stream.n2", "param.n.value"),
)
def pieces_stay_with_their_choice(x: Reading, profile: Profile) -> Problems:
    """Where each of several choices repeats one phrase, none has pieces of another's, and each its own index."""
    phrase = to_repeat(x.asked.body)
    if mixed_under_one_index(x):
        yield Problem(
            f"choice {spoken(x)[0].index}",
            expected=f"{x.asked.n} choices, {quoted(phrase)} each",
            actual=f"their pieces under one index: {quoted(_texts(x)[0])}",
        )
        return
    mixed = [c for c in spoken(x) if _letters(c.text) != _letters(phrase)]
    for choice in mixed[:1]:
        yield Problem(f"choice {choice.index}", expected=quoted(phrase), actual=quoted(choice.text))


def offering_tools(x: Reading) -> bool:
    """Ordinary requests that offer tools."""
    return ordinary_chat(x) and bool(x.asked.body.get("tools"))


def called_in_both(x: Reading, profile: Profile) -> Unjudged | None:
    """Several calls at once were allowed; it was answered in its form, with a call, and nothing was cut."""
    if x.asked.body.get("parallel_tool_calls") is not True or x.asked.n != 1:
        return Unjudged("the request does not ask for several calls", RECORDING)
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if not _most_calls(x):
        return Unjudged("the model made no call", Hindrance.MODEL)
    cut = any(one.finish == "length" for one in said(x))
    return Unjudged("the limit cut the answer", Hindrance.MODEL) if cut else None


def _most_calls(x: Reading) -> int:
    # A piece without a name is a part of another call, whatever index it came under.
    return max((sum(bool(call.name) for call in one.calls) for one in said(x)), default=0)


@check(
    "parity.call-count",
    level=SHOULD,
    on=offering_tools,
    given=called_in_both,
    scope=Scope.PAIR,
    probes=("tools.required", "tools.stream.required", "param.parallel-tool-calls.value"),
)
def no_call_is_lost(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """Of several calls in one answer none is lost in the other form; a model may make fewer, for fewer tokens."""
    ours, theirs = _most_calls(plain), _most_calls(stream)
    if ours == theirs or 1 not in (ours, theirs):
        return
    few, many = (plain, stream) if ours < theirs else (stream, plain)
    spent, full = _spent(few), _spent(many)
    lost = spent is not None and full is not None and spent >= full
    yield Problem(
        "tool calls",
        expected=f"{ours}, as without stream",
        actual=f"{theirs}"
        + (f", though one call costs {spent} tokens and all {full}" if lost else ""),
        level=None if lost else MAY,
    )


def _spent(x: Reading) -> int | None:
    """Completion tokens less those of reasoning, of which a model may need any number."""
    counted = completion_tokens(stated_usage(x))
    return counted[0] - counted[1] if counted and counted[0] > counted[1] else None
