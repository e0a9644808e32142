"""The same request, asked for plainly and as a stream, gets the same answer in two forms."""

from __future__ import annotations

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, Support
from conformance.wire.answer import member_of, stated_usage
from conformance.wire.chunks import usage_chunks
from conformance.wire.completion import messages_of
from conformance.wire.reading import Reading

from .givens import answered, read_in_its_form
from .kinds import ordinary_chat
from .parameters.claims import taken
from .registry import MAY, MUST, SHOULD, Problems, Scope, check
from .usage import uncounted

BASIC = ("chat.basic", "chat.stream.basic")
COUNTED = ("chat.long", "chat.stream.long")
TOOLS = ("tools.required", "tools.stream.required")
AGAIN = ("param.seed.value",)
_LIMITED = (402, 408, 429)
_FEW = 2
"""Tokens by which a prompt that the server writes itself, with the time of day in it, differs from one request to the next."""


def counted(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, with a count of the prompt where that had to be asked for."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if x.asked.streams and not usage_chunks(x):
        return Unjudged("no usage in the stream", Hindrance.RECORDING)
    if not x.asked.streams and not isinstance((x.object or {}).get("usage"), dict):
        return Unjudged("the answer has no usage", Hindrance.RECORDING)
    return uncounted(stated_usage(x), "prompt_tokens")


def named_model(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, by a model that it names."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    return None if isinstance(member_of(x, "model"), str) else Unjudged("the answer names no model")


def called_in_one_form(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, and the request forced a tool call."""
    choice = x.asked.body.get("tool_choice")
    if choice != "required" and not x.asked.named_tool:
        return Unjudged("no tool call was forced", Hindrance.RECORDING)
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if not x.asked.streams and not messages_of(x):
        return Unjudged("the answer has no message")
    return None


def beyond_the_smallest(x: Reading) -> bool:
    """Ordinary requests but the smallest, whose status chat.basic.accepted and stream.accepted judge."""
    return ordinary_chat(x) and x.exchange.probe not in BASIC


def settled(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, and neither a limit nor a server error stands in the way."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.status in _LIMITED:
        return Unjudged(f"a limit (status {x.status})", Hindrance.RUN)
    return Unjudged(f"status {x.status}") if (x.status or 0) >= 500 else None


@check(
    "parity.status",
    level=MUST,
    on=beyond_the_smallest,
    given=settled,
    scope=Scope.PAIR,
    probes=TOOLS,
)
def accepted_alike(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """A request is accepted or refused alike, whether a stream is asked for or not."""
    ours, theirs = plain.status or 0, stream.status or 0
    if (ours < 300) != (theirs < 300):
        yield Problem(
            "status",
            expected=f"{ours}, as without stream",
            actual=f"{theirs} with stream: true",
            level=None if _promised(plain, profile) else MAY,
        )


def _promised(x: Reading, profile: Profile) -> bool:
    """Whether the profile claims what not every server has in both forms; all else is expected anyway."""
    extras = [name for name in ("n", "logprobs", "top_logprobs") if name in x.asked.body]
    model = str(x.asked.body.get("model"))
    return all(profile.parameter(name, model).support is Support.FULL for name in extras)


def sent_again(x: Reading) -> bool:
    """Plain requests that are sent twice, each letter alike."""
    return (
        x.exchange.probe in AGAIN and not x.asked.streams and x.asked.body.get("temperature") == 0
    )


@check(
    "parity.prompt-repeated",
    level=MAY,
    on=sent_again,
    given=counted,
    claimed=taken("seed"),
    scope=Scope.LINKED,
    probes=AGAIN,
)
def equal_prompts_cost_the_same(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """The prompt of two equal requests is counted alike."""
    first: dict[str, tuple[Reading, JSON]] = {}
    for x in xs:
        usage = stated_usage(x)
        count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        earlier, known = first.setdefault(repr(x.asked.body), (x, count))
        if count and known and count != known:
            yield Problem(
                "usage.prompt_tokens",
                expected=f"{known}, as for {earlier.id}, which is the same request",
                actual=f"{count}",
                exchange=x.id,
            )


@check(
    "parity.prompt-tokens",
    level=SHOULD,
    on=ordinary_chat,
    given=counted,
    scope=Scope.PAIR,
    probes=COUNTED,
    # Where even equal requests are counted otherwise, the form is not what makes the difference.
    owners=lambda x, profile: ("parity.prompt-repeated",),
)
def prompts_cost_the_same(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """The prompt is counted alike in both forms."""
    counts = [
        u.get("prompt_tokens") for u in map(stated_usage, (plain, stream)) if isinstance(u, dict)
    ]
    first, second = counts
    if first != second:
        yield Problem(
            "usage.prompt_tokens",
            expected=f"{first}, as without stream",
            actual=f"{second}",
            level=MAY if _nearly(first, second) else None,
        )


def _nearly(first: JSON, second: JSON) -> bool:
    """Whether two counts, none of them zero, differ by few tokens."""
    if not isinstance(first, int) or not isinstance(second, int):
        return False
    return first * second > 0 and abs(first - second) <= _FEW


@check(
    "parity.model",
    level=SHOULD,
    on=ordinary_chat,
    given=named_model,
    scope=Scope.PAIR,
    probes=BASIC,
)
def the_same_model_answers(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """Both forms name the same model."""
    ours, theirs = member_of(plain, "model"), member_of(stream, "model")
    if ours != theirs:
        yield Problem("model", expected=f"{ours!r}, as without stream", actual=repr(theirs))


@check(
    "parity.tool-calls",
    level=SHOULD,
    on=ordinary_chat,
    given=called_in_one_form,
    scope=Scope.PAIR,
    probes=TOOLS,
)
def forced_calls_come_in_both(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """A tool call that the request forces comes in both forms or in neither."""
    ours = any(m.get("tool_calls") for _, _, m in messages_of(plain))
    theirs = any(delta.get("tool_calls") for c in stream.choices.values() for _, delta in c.deltas)
    if ours != theirs:
        words = {True: "a tool call", False: "none"}
        yield Problem(
            "tool calls", expected=f"{words[ours]}, as without stream", actual=words[theirs]
        )
