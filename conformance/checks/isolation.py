"""Each answer belongs to its own request: nothing of another shows in it."""

from __future__ import annotations

from conformance.model.canary import canaries_in
from conformance.model.exchange import Ended
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire import answer, strict_json
from conformance.wire.answer import member_of
from conformance.wire.reading import Reading

from .answers import SMALLEST, identified, offered
from .givens import answered, completion, event_stream, read_in_its_form
from .http import sent
from .kinds import probe
from .protocol import streams_claimed
from .registry import MUST, SHOULD, Problems, Scope, check

REPEATING = ("isolation.canary.one", "isolation.canary.two", "isolation.stream.canary")
TOLD = ("isolation.system", "isolation.tool-result")
AT_ONCE = (*REPEATING, "isolation.limits", *TOLD)
LIMITED = ("chat.long", "isolation.limits", "isolation.next", "isolation.system")


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
    if _spent(x) is None:
        return Unjudged("the answer has no usage")
    cut = x.exchange.probe == "chat.long" and _cut_at_one(x)
    return Unjudged("this endpoint cuts every answer at one token") if cut else None


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
    for x in xs:
        if x.exchange.probe in ("isolation.next", "isolation.system") and _cut_at_one(x):
            yield Problem(
                "/usage/completion_tokens",
                expected="up to 16, the limit of this request",
                actual='1 with finish_reason "length", the limit of isolation.limits',
                exchange=x.id,
            )


HALF_READ, NEXT, STOPPED = "isolation.half-read", "isolation.next", "isolation.stop"


def left_or_sent(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream was left after its first event, and another request was sent after it."""
    if x.exchange.probe == HALF_READ:
        reason = event_stream(x, profile)
        whole = reason is None and x.ended is not Ended.LEFT
        return Unjudged("it ended before we left", Hindrance.MODEL) if whole else reason
    if x.status in (402, 429):
        return Unjudged(f"status {x.status}", Hindrance.RUN)
    return sent(x, profile)


@check(
    "isolation.after-half-read",
    level=MUST,
    on=probe(HALF_READ, NEXT),
    given=left_or_sent,
    claimed=streams_claimed,
    scope=Scope.LINKED,
    probes=(HALF_READ, NEXT),
    presupposes="chat.basic",
)
def leaving_does_no_harm(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """After a client has left a stream half-read, the next request is answered."""
    for x in (x for x in xs if x.exchange.probe == NEXT and x.attempt is not None):
        if x.status is None or x.status >= 500:
            reason = x.attempt.detail if x.attempt and x.status is None else f"status {x.status}"
            yield Problem(
                "response",
                expected="an answer: a stream that was left concerns nobody else",
                actual=reason or "no answer",
                exchange=x.id,
            )


def _first_text(x: Reading) -> str:
    choices = (x.object or {}).get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    text = message.get("content") if isinstance(message, dict) else None
    return text.lower().strip(" \t\r\n,.;:-*`") if isinstance(text, str) else ""


def _stops_at_two(x: Reading) -> bool:
    return _first_text(x).endswith("two")


def counted_until_stopped(x: Reading, profile: Profile) -> Unjudged | None:
    """The request with a stop word was cut at it; the other was answered."""
    reason = completion(x, profile)
    if reason is None and x.exchange.probe == STOPPED and not _stops_at_two(x):
        return Unjudged("the stop word did not come into effect", Hindrance.MODEL)
    return reason


@check(
    "isolation.stop-not-carried-over",
    level=MUST,
    on=probe(STOPPED, NEXT),
    given=counted_until_stopped,
    claimed=offered("stop"),
    scope=Scope.LINKED,
    probes=(STOPPED, NEXT),
)
def stop_words_are_not_carried_over(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A stop word holds for its own request and cuts no other of the same text."""
    stopped = next(x for x in xs if x.exchange.probe == STOPPED)
    for x in (x for x in xs if x.exchange.probe == NEXT):
        if _stops_at_two(x) and _first_text(x) == _first_text(stopped):
            yield Problem(
                "/choices/0/message/content",
                expected='more than "two": this request has no stop word',
                actual=f"{_first_text(x)[-80:]!r}, cut like isolation.stop",
                exchange=x.id,
            )


FORMED = ("param.response-format.value", NEXT, STOPPED)
_HINTS = ("json", "tool", "function", "{")
"""Words in a prompt after which a model may well answer with JSON."""
_SHAPING = {"response_format", "tools", "functions", "audio"}


def asks_in_words(x: Reading) -> bool:
    """One question of ours in plain words, with nothing in the request that asks for JSON."""
    messages = x.asked.body.get("messages")
    if x.exchange.probe is None or not x.asked.chat or not isinstance(messages, list):
        return False
    words = [m.get("content") for m in messages if isinstance(m, dict) and m.get("role") == "user"]
    if len(words) != 1 or len(messages) > 2 or _SHAPING & x.asked.body.keys():
        return False
    return isinstance(words[0], str) and not any(hint in words[0].lower() for hint in _HINTS)


@check(
    "isolation.form-not-carried-over",
    level=SHOULD,
    on=asks_in_words,
    given=read_in_its_form,
    probes=FORMED,
)
def response_formats_are_not_carried_over(x: Reading, profile: Profile) -> Problems:
    """A response format holds for its own request: a question in plain words is not answered with a JSON object."""
    for one in answer.said(x):
        found = strict_json.parse_text(one.text.strip()).value
        if isinstance(found, dict) and found:
            yield Problem(
                f"{one.at}/message/content" if not x.asked.streams else one.at,
                expected="words: this request has no response_format",
                actual=one.text[:160],
            )


def _repeated(xs: tuple[Reading, ...]) -> Problems:
    bearers: dict[str, str] = {}
    for x in xs:
        first = bearers.setdefault(str(member_of(x, "id")), x.id)
        if first != x.id:
            yield Problem(
                "/id",
                expected="an id of its own",
                actual=f"{member_of(x, 'id')!r}, the id of the answer to {first}"[:200],
                exchange=x.id,
            )


@check(
    "isolation.ids-unique",
    level=SHOULD,
    on=probe(*SMALLEST, *AT_ONCE),
    given=identified,
    scope=Scope.LINKED,
    probes=(*SMALLEST, *AT_ONCE),
)
def ids_differ_under_load(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Requests that are sent side by side get ids of their own."""
    if not any(_repeated(tuple(x for x in xs if x.exchange.probe in SMALLEST))):
        yield from _repeated(xs)  # otherwise ids repeat without any load, and that has a check
