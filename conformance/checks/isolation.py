"""Each answer belongs to its own request: nothing of another shows in it."""

from __future__ import annotations

from conformance.model.canary import canaries_in
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading

from .givens import answered, completion
from .kinds import probe
from .parity import read_in_its_form
from .registry import MUST, Problems, Scope, check

REPEATING = ("isolation.canary.one", "isolation.canary.two", "isolation.stream.canary")
TOLD = ("isolation.system", "isolation.tool-result")
LIMITED = ("chat.long", "isolation.limits", "isolation.system")


def said(x: Reading) -> str:
    """All that an answer says: its body as it came, and the texts that its chunks add up to."""
    joined = [parts.text for parts in x.choices.values()] if x.asked.streams else []
    return "\n".join([x.body.decode("utf-8", "replace"), *joined])


def strangers(x: Reading) -> list[str]:
    """The words in an answer that belong to other requests."""
    own = canaries_in((x.asked.request.body or b"").decode("utf-8", "replace"))
    return [word for word in canaries_in(said(x)) if word not in own]


def a_word_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer holds one of the words that were to be repeated, its own or another's."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if not canaries_in(said(x)):
        return Unjudged("the model did not repeat the word", Hindrance.MODEL)
    return None


def ours(x: Reading) -> bool:
    """Exchanges of this run, less those that only repeat a word."""
    return x.exchange.probe is not None and x.exchange.probe not in REPEATING


def counted(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came that says how many tokens it took and why it ended."""
    if (reason := completion(x, profile)) is not None:
        return reason
    return Unjudged("the answer has no usage") if _spent(x) is None else None


def _spent(x: Reading) -> int | None:
    usage = (x.object or {}).get("usage")
    spent = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return spent if isinstance(spent, int) and not isinstance(spent, bool) else None


def _cut_at_one(x: Reading) -> bool:
    choices = (x.object or {}).get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return isinstance(first, dict) and first.get("finish_reason") == "length" and _spent(x) == 1


def _problems(x: Reading) -> Problems:
    for word in strangers(x):
        text = said(x)
        at = text.find(word)
        yield Problem(
            "answer",
            expected="nothing of another request",
            actual=f"{word}, which only another request holds",
            evidence=text[max(0, at - 120) : at + 120],
        )


@check(
    "isolation.answers-not-mixed",
    level=MUST,
    on=probe(*REPEATING),
    given=a_word_came,
    probes=REPEATING,
)
def answers_are_not_mixed(x: Reading, profile: Profile) -> Problems:
    """Requests with different words, sent side by side, get their own word back and no other."""
    yield from _problems(x)


@check(
    "isolation.nothing-carried-over",
    level=MUST,
    on=ours,
    given=answered,
    probes=(*TOLD, *REPEATING, "chat.basic", "chat.long"),
)
def nothing_is_carried_over(x: Reading, profile: Profile) -> Problems:
    """No answer holds text from the system message, tool result, image or prompt of another request."""
    yield from _problems(x)


@check(
    "isolation.limits-not-carried-over",
    level=MUST,
    on=probe(*LIMITED),
    given=counted,
    scope=Scope.LINKED,
    probes=LIMITED,
)
def limits_are_not_carried_over(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A limit of one token holds for its own request and cuts no other."""
    if any(x.exchange.probe == "chat.long" and _cut_at_one(x) for x in xs):
        return  # this endpoint cuts everything: the cause is another
    for x in xs:
        if x.exchange.probe == "isolation.system" and _cut_at_one(x):
            yield Problem(
                "/usage/completion_tokens",
                expected="up to 16, the limit of this request",
                actual='1 with finish_reason "length", the limit of isolation.limits',
                exchange=x.id,
            )
