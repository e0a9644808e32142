"""What answers carry beyond their fields: uniqueness, plausibility, several choices."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, Sends, Support
from conformance.spec.names import LIMITS
from conformance.wire.answer import member_of, stated_usage
from conformance.wire.chunks import spoken
from conformance.wire.completion import calls_of, choices_of, messages_of
from conformance.wire.reading import Reading

from .fields import MILLISECONDS
from .givens import RECORDING, chunks_came, completion, headers_kept, read_in_its_form, values_kept
from .kinds import completions, ordinary_chat, probe
from .registry import MAY, MUST, SHOULD, Claimed, Kind, Problems, Scope, check

DAY = 86_400
SMALLEST = ("chat.basic", "chat.stream.basic", "chat.stream.usage")
SEVERAL = ("chat.n2", "chat.stream.n2")
_CHARACTERS_PER_TOKEN = 40


def offered(*names: str) -> Claimed:
    """Whether the profile leaves it open that all these parameters are supported."""

    def claimed(profile: Profile) -> str | None:
        missing = [n for n in names if profile.parameter(n).support is Support.NONE]
        return f"the profile says that {missing[0]} is not supported" if missing else None

    return claimed


def unless_claimed(x: Reading, profile: Profile, name: str) -> Level | None:
    """MAY unless the profile claims the parameter in full; what is left open can be ignored in silence."""
    model = str(x.asked.body.get("model"))
    return None if profile.parameter(name, model).support is Support.FULL else MAY


def asking(kind: Kind, name: str, *values: JSON) -> Kind:
    """Those of a kind whose request has one of these values for a parameter."""

    def asked(x: Reading) -> bool:
        return kind(x) and x.asked.body.get(name) in values

    return asked


def several(kind: Kind) -> Kind:
    """Those of a kind that ask for more than one choice."""
    return lambda x: kind(x) and x.asked.n > 1


def toolless(kind: Kind) -> Kind:
    """Those of a kind that declare no tools of either generation."""
    return lambda x: kind(x) and not any(x.asked.body.get(n) for n in ("tools", "functions"))


# Ids and times


def identified(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, with an id that the recording keeps."""
    given = chunks_came if x.asked.streams else completion
    if (reason := given(x, profile) or values_kept(x, profile)) is not None:
        return reason
    name = member_of(x, "id")
    return None if isinstance(name, str) and name else Unjudged("the answer has no id")


@check(
    "chat.response.ids-unique",
    level=SHOULD,
    on=probe(*SMALLEST),
    given=identified,
    scope=Scope.LINKED,
    probes=SMALLEST,
)
def ids_tell_answers_apart(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Answers to different requests have different ids, streams included."""
    earlier: dict[JSON, str] = {}
    for x in xs:
        name = member_of(x, "id")
        if name in earlier:
            yield Problem(
                "/id" if not x.asked.streams else "event 1: /id",
                expected="an id of its own",
                actual=f"{name!r}, the id of the answer to {earlier[name]}",
                exchange=x.id,
            )
        earlier.setdefault(name, x.id)


def sent_at(x: Reading) -> float | None:
    """The seconds since 1970 that the Date header states."""
    try:
        return parsedate_to_datetime(x.header("date") or "").timestamp()
    except ValueError:
        return None


def dated(x: Reading, profile: Profile) -> Unjudged | None:
    """The recording keeps times, and a Date header says when the answer was sent."""
    if (reason := values_kept(x, profile) or headers_kept(x, profile)) is not None:
        return reason
    return None if sent_at(x) is not None else Unjudged("no Date header to compare with", RECORDING)


def untimed(created: JSON) -> Unjudged | None:
    """Why a creation time cannot be compared: of what is no time in seconds other checks speak."""
    seconds = isinstance(created, int) and not isinstance(created, bool)
    fits = seconds and isinstance(created, int) and created <= MILLISECONDS
    return None if fits else Unjudged("the created time is no count of seconds")


def created_problems(created: JSON, x: Reading, at: str) -> Problems:
    """A problem if a time in seconds lies more than a day from the Date header."""
    sent = sent_at(x)
    if isinstance(created, int) and sent is not None and abs(created - sent) > DAY:
        yield Problem(
            at, expected=f"within a day of the Date header, {sent:.0f}", actual=f"{created}"
        )


def timed(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with a creation time in seconds, and a Date header."""
    reason = completion(x, profile) or dated(x, profile)
    return reason or untimed((x.object or {}).get("created"))


@check(
    "chat.response.created-plausible",
    level=SHOULD,
    on=completions,
    given=timed,
    probes=("chat.basic",),
)
def created_is_about_now(x: Reading, profile: Profile) -> Problems:
    """`created` lies within a day of the Date header."""
    yield from created_problems((x.object or {}).get("created"), x, "/created")


# Content and calls


def stopped(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came that finishes with "stop"."""
    if (reason := completion(x, profile)) is not None:
        return reason
    said_all = any(c.get("finish_reason") == "stop" for _, c, _ in messages_of(x))
    return None if said_all else Unjudged('no choice finishes with "stop"', Hindrance.MODEL)


@check(
    "chat.response.says-something",
    level=SHOULD,
    on=completions,
    given=stopped,
    probes=("chat.basic", "chat.long"),
)
def a_stop_has_something_to_say(x: Reading, profile: Profile) -> Problems:
    """A message that finishes with "stop" carries something: no null content alone, nor an empty text for no tokens."""
    counted = completion_tokens(stated_usage(x))
    lost = to_be_answered(x) and (counted is None or counted[0] == 0)
    for at, choice, message in messages_of(x):
        rest = [name for name, value in message.items() if value and name != "role"]
        if choice.get("finish_reason") != "stop" or "content" not in message or rest:
            continue
        if message["content"] is None:
            yield Problem(f"{at}/message/content", expected="text", actual="null, and nothing else")
        elif message["content"] == "" and lost:
            told = "no tokens are counted" if counted is None else "0 tokens are counted"
            yield Problem(f"{at}/message/content", expected="text", actual=f"nothing: {told}")


def to_be_answered(x: Reading) -> bool:
    """Our own plain requests, which no model answers with nothing at all: to say a word, to report a result, to write JSON."""
    asking = (x.exchange.probe or "").startswith(("chat.", "turn.")) or wants_json(x)
    return asking and not x.asked.body.get("stop")


def wants_json(x: Reading) -> bool:
    """Our own requests for JSON, which an empty text is not."""
    form = x.asked.body.get("response_format")
    formed = isinstance(form, dict) and form.get("type") in ("json_object", "json_schema")
    return formed and x.exchange.probe == "param.response-format.value"


def calls_expected(profile: Profile) -> str | None:
    """Whether the profile has calls come on their own."""
    unasked = profile.responses.tool_calls is Sends.ALWAYS
    return "the profile says that tool calls come without being asked for" if unasked else None


@check(
    "chat.response.calls-undeclared",
    level=SHOULD,
    on=toolless(completions),
    given=completion,
    claimed=calls_expected,
    probes=("chat.basic",),
)
def only_declared_tools_are_called(x: Reading, profile: Profile) -> Problems:
    """An answer calls no tools where the request declares none."""
    for at, _, message in messages_of(x):
        if calls_of(message):
            yield Problem(
                f"{at}/message/tool_calls",
                expected="no calls: the request declares no tools",
                actual=f"{len(calls_of(message))} calls",
            )


# Several choices


def listed(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, and has choices that can be counted."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    choices = [] if x.asked.streams else (x.object or {}).get("choices")
    readable = isinstance(choices, list) and all(isinstance(c, dict) for c in choices)
    return None if readable else Unjudged("the answer has no list of choices")


def some_listed(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, with at least one choice."""
    if (reason := listed(x, profile)) is not None:
        return reason
    some = x.asked.streams or choices_of(x.object or {})
    return None if some else Unjudged("the answer has no choices")


@check(
    "parity.choices",
    level=MUST,
    on=several(ordinary_chat),
    given=some_listed,
    claimed=offered("n"),
    scope=Scope.PAIR,
    probes=SEVERAL,
)
def as_many_choices_in_both(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """Both forms give the same number of choices."""
    ours, theirs = len(choices_of(plain.object or {})), len(stream.choices)
    if ours != theirs:
        claimed = unless_claimed(plain, profile, "n") is None
        yield Problem(
            "choices",
            expected=f"{ours}, as without stream",
            actual=f"{theirs}",
            level=None if claimed else SHOULD,
        )


# Usage


def completion_tokens(usage: JSON) -> tuple[int, int] | None:
    """The completion tokens of a usage object, and how many of them went into reasoning."""
    if not isinstance(usage, dict):
        return None
    total, details = usage.get("completion_tokens"), usage.get("completion_tokens_details")
    hidden = details.get("reasoning_tokens") if isinstance(details, dict) else 0
    if isinstance(total, bool) or not isinstance(total, int):
        return None
    counted = isinstance(hidden, int) and not isinstance(hidden, bool)
    return total, hidden if counted else 0  # type: ignore[return-value]


def too_short_to_count(texts: Iterable[str], usage: JSON) -> Unjudged | None:
    """Why a text says nothing of its count; that nothing was counted is usage-counts' business."""
    counted = completion_tokens(usage)
    if counted is None or counted[0] < 1:
        return Unjudged("the usage counts no completion tokens")
    short = sum(map(len, texts)) < 2 * _CHARACTERS_PER_TOKEN
    return Unjudged("the text is too short to tell", Hindrance.MODEL) if short else None


def count_problems(texts: Iterable[str], usage: JSON, at: str) -> Problems:
    """A problem if a text is far too long for the tokens that were counted for it."""
    counted, length = completion_tokens(usage), sum(map(len, texts))
    least = length // _CHARACTERS_PER_TOKEN
    if counted is not None and counted[0] < least:
        yield Problem(
            f"{at}/completion_tokens",
            expected=f"at least {least} for {length} characters",
            actual=f"{counted[0]}",
        )


def texts_of(x: Reading) -> list[str]:
    """The texts of a completion."""
    return [str(m["content"]) for _, _, m in messages_of(x) if isinstance(m.get("content"), str)]


def long_text_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with a text that is long enough, and a count of its tokens."""
    reason = completion(x, profile)
    return reason or too_short_to_count(texts_of(x), (x.object or {}).get("usage"))


@check(
    "chat.response.usage-plausible",
    level=SHOULD,
    on=completions,
    given=long_text_came,
    probes=("chat.long",),
)
def usage_suits_the_text(x: Reading, profile: Profile) -> Problems:
    """completion_tokens is at least one for every 40 characters of text."""
    yield from count_problems(texts_of(x), (x.object or {}).get("usage"), "/usage")


def prompt_counted(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion that says how many tokens its prompt has."""
    if (reason := completion(x, profile)) is not None:
        return reason
    return None if _prompt(x) else Unjudged("the answer does not count the prompt")


def _prompt(x: Reading) -> int | None:
    usage = (x.object or {}).get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


@check(
    "chat.response.usage-grows",
    level=SHOULD,
    on=probe("chat.basic", "chat.long-prompt"),
    given=prompt_counted,
    scope=Scope.LINKED,
    probes=("chat.basic", "chat.long-prompt"),
)
def longer_prompts_count_more(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A prompt many times as long counts more prompt_tokens."""
    short = max(_prompt(x) or 0 for x in xs if x.exchange.probe == "chat.basic")
    for x in xs:
        if x.exchange.probe == "chat.long-prompt" and (_prompt(x) or 0) <= short:
            yield Problem(
                "/usage/prompt_tokens",
                expected=f"more than {short}, the count of the shortest prompt",
                actual=f"{_prompt(x)}",
                exchange=x.id,
            )


TURN = ("chat.basic", "chat.long-prompt", "turn.own-message")


@check(
    "turn.history-counted",
    level=SHOULD,
    on=probe(*TURN),
    given=prompt_counted,
    scope=Scope.LINKED,
    probes=TURN,
)
def earlier_turns_count(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A conversation counts more prompt_tokens than its first message alone."""
    counts = {x.exchange.probe: _prompt(x) or 0 for x in xs}
    first, long, turn = (counts[name] for name in TURN)
    # Where a long prompt counts no more than a short one, that has a check of its own.
    if turn <= first < long:
        yield Problem(
            "/usage/prompt_tokens",
            expected=f"more than {first}, the count of the first message: two more follow it here",
            actual=f"{turn}",
            exchange=next(x.id for x in xs if x.exchange.probe == TURN[-1]),
        )


# The reason why an answer ended


def limit_of(x: Reading) -> int | None:
    """The most tokens that all choices together may have by the request."""
    stated = [x.asked.body.get(name) for name in LIMITS]
    found = [n for n in stated if isinstance(n, int) and not isinstance(n, bool) and n > 0]
    return min(found) * max(x.asked.n, 1) if found else None


def cut_at_its_limit(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, and its usage says that the limit was reached."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    counted, limit = completion_tokens(stated_usage(x)), limit_of(x)
    if limit is None or counted is None:
        return Unjudged("the answer does not say how many tokens it has", RECORDING)
    if counted[0] != limit:
        return Unjudged("the answer was not cut by the limit", Hindrance.MODEL)
    if _reasons(x) not in (["length"], ["stop"]):
        return Unjudged("the answer has another finish_reason")
    return None


def _reasons(x: Reading) -> list[JSON]:
    """All finish reasons, in order."""
    if x.asked.streams:
        return [reason for choice in spoken(x) for _, reason in choice.finishes]
    return [choice.get("finish_reason") for choice in choices_of(x.object or {})]


@check(
    "parity.finish-reason",
    level=SHOULD,
    on=ordinary_chat,
    given=cut_at_its_limit,
    scope=Scope.PAIR,
    probes=("chat.long", "chat.stream.long"),
)
def both_are_cut_alike(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """Two answers that the limit cut finish with "length" in both forms or in neither."""
    ours, theirs = _reasons(plain)[0], _reasons(stream)[0]
    if ours != theirs:
        yield Problem(
            "finish_reason",
            expected=f'"{ours}", as without stream',
            actual=f'"{theirs}" at as many tokens',
        )
