"""Messages that are counted, and choices: what vanishes before it reaches the model, or out of the bill.

Only requests are compared of which one is the other and something more, and only whether it counts more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.checks.answers import completion_tokens, limit_of, offered, prompt_counted
from conformance.checks.asked import to_repeat
from conformance.checks.coherence.limits import prompt_tokens, shows_reasoning
from conformance.checks.givens import completion
from conformance.checks.kinds import probe
from conformance.checks.registry import MAY, SHOULD, Kind, Problems, Scope, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.answer import said, stated_usage
from conformance.wire.reading import Reading

BASIC, LONG, SYSTEM = "chat.basic", "chat.long-prompt", "chat.system"
ROLE, PART, ORDER = "message.role.accepted", "message.part.accepted", "message.order.accepted"
_DEVELOPER, _IMAGE, _SYSTEMS = f"{ROLE}:developer", f"{PART}:image_url", f"{ORDER}:several-system"
_EQUAL = ("param.seed.value", "param.temperature.value", "param.top-p.value")
"""What may ask the same as the smallest request, so that its prompt must count the same."""
_SMALLEST: JSON = [{"role": "user", "content": "Say OK."}]
_APART = 4
"""Tokens by which a system message must change the count, for an equal count to be no chance."""


def compared(case: str, *probes: str) -> Kind:
    """The exchanges of these probes, one case of a family, and what asks the same as the smallest request."""
    named, equal = probe(*probes), probe(*_EQUAL)

    def among(x: Reading) -> bool:
        return named(x) or x.id == case or (equal(x) and x.asked.body.get("messages") == _SMALLEST)

    return among


def counted(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion says how many tokens its prompt has; what only repeats another need not."""
    return None if x.exchange.probe in _EQUAL else prompt_counted(x, profile)


def _steady(xs: Iterable[Reading], *wanted: str) -> dict[str, int]:
    """The prompt tokens of what is wanted and more; nothing where equal prompts differ, or all count the same."""
    counts = {x.id: prompt_tokens(x) for x in xs}
    equal = {n for x in xs if x.asked.body.get("messages") == _SMALLEST and (n := counts[x.id])}
    told = len(equal) == 1 and counts.get(LONG, 0) > min(equal)
    return counts if told and counts.keys() >= set(wanted) else {}


def _uncounted(name: str, than: str, counts: dict[str, int], what: str) -> Problem:
    return Problem(
        "/usage/prompt_tokens",
        expected=f"more than {counts[than]}, as {than} has: {what} comes on top of it here",
        actual=f"{counts[name]}",
        exchange=name,
    )


@check(
    "message.role.counted",
    level=SHOULD,
    on=compared(_DEVELOPER, BASIC, LONG, SYSTEM),
    given=counted,
    scope=Scope.LINKED,
    probes=(BASIC, LONG, SYSTEM, ROLE),
)
def developer_messages_count(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A developer message is not left out of prompt_tokens where a system message counts.

    A message of instructions may replace a longer one of the template's own, so that the sum is smaller.
    Then the same text from the system would change it alike: only a count that is exactly that of the
    request without it, while the system message moves it by more than a few tokens, is no chance.
    """
    counts = _steady(xs, _DEVELOPER, BASIC, SYSTEM)
    if not counts or counts[_DEVELOPER] != counts[BASIC]:
        return
    if abs(counts[SYSTEM] - counts[BASIC]) >= _APART:
        yield _uncounted(_DEVELOPER, BASIC, counts, "a developer message")


@check(
    "message.order.counted",
    level=SHOULD,
    on=compared(_SYSTEMS, BASIC, LONG, SYSTEM),
    given=counted,
    scope=Scope.LINKED,
    probes=(BASIC, LONG, SYSTEM, ORDER),
)
def all_system_messages_count(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Two system messages count more prompt_tokens than the first of them alone.

    Both requests have a system message: whatever it replaces in the template, it replaces in both.
    """
    counts = _steady(xs, _SYSTEMS, SYSTEM)
    if counts and counts[_SYSTEMS] <= counts[SYSTEM]:
        yield _uncounted(_SYSTEMS, SYSTEM, counts, "a second system message")


@check(
    "message.part.counted",
    level=MAY,
    on=compared(_IMAGE, BASIC, LONG),
    given=counted,
    scope=Scope.LINKED,
    probes=(BASIC, LONG, PART),
)
def images_count(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """An image beside a text counts more prompt_tokens than the text alone.

    It is only noted: some count images elsewhere, or not at all.
    """
    counts = _steady(xs, _IMAGE, BASIC)
    if counts and counts[_IMAGE] <= counts[BASIC]:
        yield _uncounted(_IMAGE, BASIC, counts, "an image")


# Several choices

TWO, ONE = "param.n.value", "chat.logprobs"
_MORE = 1.5
"""Times as many tokens as one choice, at least, that two of the same text have."""


def repeating(x: Reading) -> bool:
    """Requests for one phrase, in one choice and in two; the rest of their families asks for other texts."""
    named = probe(TWO, ONE)(x) and not x.asked.streams and not x.asked.body.get("stop")
    return named and x.asked.n == (2 if x.exchange.probe == TWO else 1) and " " in _phrase(x)


def _phrase(x: Reading) -> str:
    return to_repeat(x.asked.body)


def phrase_in_each(x: Reading, profile: Profile) -> Unjudged | None:
    """Each choice is the phrase and nothing else, without reasoning, and the tokens were counted."""
    if (reason := completion(x, profile)) is not None:
        return reason
    texts = ["".join(one.text.split()) for one in said(x)]
    if texts != ["".join(_phrase(x).split())] * x.asked.n or shows_reasoning(x):
        return Unjudged("the model did not repeat the phrase alone in each choice", Hindrance.MODEL)
    return None if _spent(x) else Unjudged("the answer does not count its tokens")


def _spent(x: Reading) -> int:
    """Completion tokens less those of reasoning; 0 where they are not known."""
    total, hidden = completion_tokens(stated_usage(x)) or (0, 0)
    return max(total - hidden, 0) if total > 0 else 0


def _plausible(x: Reading) -> bool:
    """Whether the count is at least that of the words and within the limit; other rules speak of the rest."""
    limit = limit_of(x)
    return len(_phrase(x).split()) <= _spent(x) and (limit is None or _spent(x) <= limit)


def _by_phrase(xs: Iterable[Reading]) -> Iterator[tuple[Reading, Reading]]:
    """Each answer with two choices, and one with a single choice of the same phrase."""
    ones = {_phrase(x): x for x in xs if x.asked.n == 1}
    return ((x, ones[_phrase(x)]) for x in xs if x.asked.n == 2 and _phrase(x) in ones)


@check(
    "chat.response.usage-choices",
    level=SHOULD,
    on=repeating,
    given=phrase_in_each,
    claimed=offered("n"),
    scope=Scope.LINKED,
    probes=(TWO, ONE),
)
def every_choice_counts(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Two choices that both hold a phrase have more completion_tokens than one, by half at least."""
    for two, one in _by_phrase(xs):
        if _plausible(one) and _spent(two) < _MORE * _spent(one):
            yield Problem(
                "/usage/completion_tokens",
                expected=f"about {2 * _spent(one)}: the same text in one choice has {_spent(one)}",
                actual=f"{_spent(two)} for two choices",
                exchange=two.id,
            )
