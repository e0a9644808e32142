"""The same answer in both forms: the finish of a named call, and the optional members."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.calls import CUT
from conformance.checks.givens import read_in_its_form
from conformance.checks.kinds import ordinary_chat, probe
from conformance.checks.parity import called_in_one_form
from conformance.checks.registry import MAY, SHOULD, Problems, Scope, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken, usage_chunks
from conformance.wire.completion import calls_of, messages_of
from conformance.wire.reading import Reading

NAMED = ("tools.named", "tools.stream.named")
COUNTED = ("chat.long", "chat.stream.long")


def named_tools(x: Reading) -> bool:
    """Ordinary requests that name the tool to be called."""
    return ordinary_chat(x) and x.asked.named_tool is not None


def _finishes(x: Reading) -> set[JSON]:
    """The finish reasons of the choices that call tools, in either form."""
    if x.asked.streams:
        return {choice.finish for choice in spoken(x) if choice.tools}
    calling = [choice for _, choice, m in messages_of(x) if calls_of(m)]
    return {str(choice.get("finish_reason")) for choice in calling}


def named_call_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The tool that the request names was called, and no limit cut the call."""
    if (reason := called_in_one_form(x, profile)) is not None:
        return reason
    if not _finishes(x):
        return Unjudged("the model made no tool call", Hindrance.MODEL)
    cut = bool(_finishes(x) & set(CUT))
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
        bodies = [delta for c in spoken(x) for _, delta in c.deltas]
    else:
        bodies = [message for _, _, message in messages_of(x)]
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
    counted = bool(usage_chunks(stream)) and isinstance((plain.object or {}).get("usage"), dict)
    for name in dict.fromkeys([*ours, *theirs]):
        if (name in ours) != (name in theirs) and (counted or not name.startswith("usage.")):
            words = (
                ("present, as without stream", "absent") if name in ours else ("absent", "present")
            )
            yield Problem(name, expected=words[0], actual=words[1])
