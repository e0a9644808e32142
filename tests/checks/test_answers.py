"""The checks of what answers carry beyond their fields."""

from __future__ import annotations

import pytest

from conformance.model.exchange import Exchange, Kept
from conformance.model.finding import Hindrance, Outcome
from conformance.model.profile import Parameter, Profile, Responses, Sends, Support
from tests.builders import (
    CREATED,
    DATED,
    GONE,
    INCONCLUSIVE,
    NOTE,
    WARN,
    Case,
    Value,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_message,
    a_profile,
    a_usage,
    an_error,
    an_exchange,
    breaks,
    finding,
    finish_chunk,
    holds,
    idle,
    role_chunk,
    text_chunks,
    usage_chunk,
    verify,
    with_own_id,
)

R = "chat.response"
BASIC, STREAM, USAGE = "chat.basic", "chat.stream.basic", "chat.stream.usage"
TWO, TWO_STREAM = "chat.n2", "chat.stream.n2"
SCORED, SCORED_STREAM = "chat.logprobs", "chat.stream.logprobs"
LONG, LONG_STREAM = "chat.long", "chat.stream.long"
SMALLEST = tuple(map(with_own_id, map(an_exchange, (BASIC, STREAM, USAGE))))
COUNTING = "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen"


def claiming(*names: str, support: Support = Support.FULL) -> Profile:
    """A profile that claims parameters."""
    return a_profile(parameters={name: Parameter(name, support) for name in names})


def said(content: Value, *, finish: str = "stop", **message: Value) -> dict[str, Value]:
    """A right answer with another message."""
    return a_completion(choices=[a_choice(a_message(content, **message), finish=finish)])


def choices(count: int) -> dict[str, Value]:
    """A right answer with several choices."""
    return a_completion(choices=[a_choice(index=i) for i in range(count)])


def several_chunks(*order: int) -> list[Value]:
    """The chunks of a right stream with several choices, opened in this order."""
    last = [a_chunk({"content": "OK."}, index=i) for i in order]
    return [*(role_chunk(i) for i in order), *last, *(finish_chunk(index=i) for i in order)]


def a_token(
    text: str = "OK.", logprob: Value = -0.25, *, top: Value = None, **changes: Value
) -> dict[str, Value]:
    """One entry of log probabilities with two alternatives."""
    own = {"token": text, "logprob": logprob, "bytes": list(text.encode())}
    other = {"token": "No", "logprob": -3.0, "bytes": [78, 111]}
    return {**own, "top_logprobs": [own, other] if top is None else top, **changes}


def scores(*entries: Value) -> dict[str, Value]:
    """The logprobs of a choice."""
    return {"content": list(entries), "refusal": None}


def scored(*entries: Value, text: str = "OK.", probe: str = SCORED, **message: Value) -> Exchange:
    """An answer with log probabilities."""
    choice = a_choice(a_message(text, **message), logprobs=scores(*entries))
    return an_exchange(probe, json=a_completion(choices=[choice]))


CHOSEN = {"token": "OK.", "logprob": -9.0, "bytes": list(b"OK.")}


def alternatives(*values: float) -> list[Value]:
    """Alternatives with these log probabilities."""
    return [{"token": f"t{i}", "logprob": v, "bytes": None} for i, v in enumerate(values)]


def created(value: Value) -> Exchange:
    """An answer with a Date header and this creation time."""
    return an_exchange(BASIC, json=a_completion(created=value), headers=DATED)


def counted(tokens: int, text: str = COUNTING, **usage: Value) -> Exchange:
    """A long answer with a text and a count of its tokens."""
    return an_exchange(LONG, json={**said(text), "usage": a_usage(9, tokens, **usage)})


def prompted(tokens: Value, probe: str = "chat.long-prompt") -> Exchange:
    """An answer to the long prompt with a count of its tokens."""
    return an_exchange(probe, json=a_completion(usage=a_usage(tokens, 3)))


def cut(finish: str, tokens: int = 64) -> Exchange:
    """A long answer that ends for a reason at so many tokens."""
    answer = said(COUNTING, finish=finish)
    return an_exchange(LONG, json={**answer, "usage": a_usage(9, tokens)})


def cut_stream(finish: str, tokens: int = 64) -> Exchange:
    """A long stream that ends for a reason at so many tokens."""
    chunks = [*text_chunks(COUNTING)[:-1], finish_chunk(finish)]
    return an_exchange(LONG_STREAM, stream=[*chunks, usage_chunk(usage=a_usage(9, tokens))])


def stream_with(logprobs: Value) -> Exchange:
    """A stream whose text chunk has these log probabilities."""
    chunk = a_chunk({"content": "OK."})
    chunk["choices"][0]["logprobs"] = logprobs
    return an_exchange(SCORED_STREAM, stream=[role_chunk(), chunk, finish_chunk()])


SPACED = "  OK.\n"
CASES = [
    holds(f"{R}.ids-unique", "all different", *SMALLEST),
    breaks(f"{R}.ids-unique", "one for two answers", SMALLEST[0], SMALLEST[1], an_exchange(USAGE, stream=[{**c, "id": f"chatcmpl-{BASIC}"} for c in [*text_chunks(), usage_chunk()]]), at="event 1: /id", outcome=WARN),
    breaks(f"{R}.ids-unique", "one for all", *map(an_exchange, (BASIC, STREAM, USAGE)), at=("event 1: /id", "event 1: /id"), outcome=WARN),
    breaks(f"{R}.ids-unique", "repeated plainly", *SMALLEST, an_exchange(BASIC, id=f"{BASIC}#2", json=a_completion(id=f"chatcmpl-{BASIC}")), at="/id", outcome=WARN),
    holds(f"{R}.created-plausible", "now", created(CREATED)),
    holds(f"{R}.created-plausible", "twenty hours ago", created(CREATED - 72_000)),
    breaks(f"{R}.created-plausible", "0", created(0), at="/created", actual="0", outcome=WARN),
    breaks(f"{R}.created-plausible", "in the future", created(CREATED + 90_000), at="/created", outcome=WARN),
    breaks(f"{R}.created-plausible", "of an old template", created(1_677_652_288), at="/created", outcome=WARN),
    holds(f"{R}.says-something", "text", an_exchange(BASIC)),
    holds(f"{R}.says-something", "an empty text", an_exchange(BASIC, json={**said(""), "usage": a_usage()})),
    holds(f"{R}.says-something", "an empty text elsewhere", an_exchange(None, json={**said(""), "usage": a_usage(9, 0)})),
    holds(f"{R}.says-something", "an empty text, stopped", an_exchange(BASIC, json={**said(""), "usage": a_usage(9, 0)}, asks={"stop": "O"})),
    holds(f"{R}.says-something", "an empty text, filtered", an_exchange("chat.n2", json={**a_completion(choices=[a_choice(), a_choice(a_message(""), index=1, finish="content_filter")]), "usage": a_usage(9, 3)})),
    breaks(f"{R}.says-something", "an empty text for no tokens", an_exchange("turn.own-message", json={**said(""), "usage": a_usage(9, 0)}), at="/choices/0/message/content", actual="nothing: 0 tokens are counted", outcome=WARN),
    breaks(f"{R}.says-something", "an empty text for JSON", an_exchange("param.response-format.value", asks={"response_format": {"type": "json_object"}}, json={**said(""), "usage": a_usage(9, 0)}), at="/choices/0/message/content", outcome=WARN),
    holds(f"{R}.says-something", "a refusal", an_exchange(BASIC, json=said(None, refusal="No."))),
    holds(f"{R}.says-something", "reasoning", an_exchange(BASIC, json=said(None, reasoning_content="Hm."))),
    idle(f"{R}.says-something", "cut before it spoke", an_exchange(BASIC, json={**said(None, finish="length"), "usage": a_usage(9, 16)}), outcome=INCONCLUSIVE),
    holds(f"{R}.says-something", "a named call", an_exchange("tools.named", json=said(None, tool_calls=[a_call()]))),
    breaks(f"{R}.says-something", "null", an_exchange(BASIC, json=said(None)), at="/choices/0/message/content", outcome=WARN),
    breaks(f"{R}.says-something", "null beside empty lists", an_exchange(BASIC, json=said(None, tool_calls=[], annotations=[])), at="/choices/0/message/content", outcome=WARN),
    holds(f"{R}.calls-undeclared", "no calls", an_exchange(BASIC)),
    breaks(f"{R}.calls-undeclared", "a call", an_exchange(BASIC, json=said(None, tool_calls=[a_call()], finish="tool_calls")), at="/choices/0/message/tool_calls", actual="1 calls", outcome=WARN),
    holds("parity.choices", "two", an_exchange(TWO, json=choices(2)), an_exchange(TWO_STREAM, stream=several_chunks(0, 1))),
    holds("parity.choices", "one", an_exchange(TWO), an_exchange(TWO_STREAM)),
    breaks("parity.choices", "two and one", an_exchange(TWO, json=choices(2)), an_exchange(TWO_STREAM), at="choices", actual="1", outcome=WARN),
    breaks("parity.choices", "two and one, claimed", an_exchange(TWO, json=choices(2)), an_exchange(TWO_STREAM), at="choices", profile=claiming("n"), also=("param.n.effective",)),
    holds(f"{R}.logprobs-unasked", "null", an_exchange(BASIC)),
    breaks(f"{R}.logprobs-unasked", "there", scored(a_token(top=[]), probe=BASIC), at="/choices/0/logprobs", actual="1 entries", outcome=NOTE),
    holds(f"{R}.logprobs-values", "below 0", scored(a_token())),
    holds(f"{R}.logprobs-values", "rounded", scored(a_token(logprob=1e-7))),
    holds(f"{R}.logprobs-values", "the floor", scored(a_token(logprob=-9999.0))),
    breaks(f"{R}.logprobs-values", "above 0", scored(a_token("OK"), a_token(".", 0.5)), at="/choices/0/logprobs/content/1", actual="0.5", outcome=WARN),
    breaks(f"{R}.logprobs-values", "an alternative above 0", scored(a_token(top=alternatives(2.5, -1.0))), at="/choices/0/logprobs/content/0", actual="2.5", outcome=WARN),
    holds(f"{R}.logprobs-bytes", "the text", scored(a_token("O"), a_token("K."))),
    holds(f"{R}.logprobs-bytes", "a shared character", scored(a_token("?", bytes=[0xE2, 0x80]), a_token("?", bytes=[0x94]), text="\u2014")),
    idle(f"{R}.logprobs-bytes", "a character cut by the limit", scored(a_token(), a_token("?", bytes=[0xE2, 0x80]), text="OK.\ufffd")),
    holds(f"{R}.logprobs-bytes", "no bytes but tokens", scored(a_token(bytes=None))),
    idle(f"{R}.logprobs-bytes", "bytes of another kind", scored(a_token(bytes="OK.")), also=(f"{R}.logprobs",)),
    breaks(f"{R}.logprobs-bytes", "without white space", scored(a_token("one"), a_token("two"), text="one two"), at="/choices/0/logprobs/content", actual="'onetwo'", outcome=WARN),
    breaks(f"{R}.logprobs-bytes", "tokens without white space", scored(a_token("one", bytes=None), a_token("two", bytes=None), text="one two"), at="/choices/0/logprobs/content", outcome=WARN),
    breaks(f"{R}.logprobs-bytes", "tokens as a vocabulary has them", scored(a_token("one", bytes=None), a_token("\u0120two", bytes=None), text="one two"), at="/choices/0/logprobs/content", outcome=NOTE),
    idle(f"{R}.logprobs-bytes", "reasoning as well", scored(a_token("Hm."), a_token(), reasoning_content="Hm.")),
    breaks(f"{R}.logprobs-bytes", "a template's token", scored(a_token(), a_token("<end>")), at="/choices/0/logprobs/content", outcome=NOTE),
    breaks(f"{R}.logprobs-bytes", "trimmed", scored(a_token(SPACED)), at="/choices/0/logprobs/content", outcome=NOTE),
    breaks(f"{R}.logprobs-bytes", "of the vocabulary", scored(a_token("\u0120OK."), text=" OK."), at="/choices/0/logprobs/content", outcome=NOTE),
    breaks(f"{R}.logprobs-bytes", "of other words", scored(a_token("OK,\u0120then"), text="OK, then"), at="/choices/0/logprobs/content", outcome=WARN),
    breaks(f"{R}.logprobs-bytes", "a token lost", scored(a_token("O"), text="OK."), at="/choices/0/logprobs/content", actual="'O'", outcome=WARN),
    holds(f"{R}.logprobs-top", "two, sorted", scored(a_token())),
    holds(f"{R}.logprobs-top", "fewer", scored(a_token(top=[]))),
    breaks(f"{R}.logprobs-top", "two more", scored(a_token(top=alternatives(-1, -2, -3, -4))), at="/choices/0/logprobs/content/0/top_logprobs", actual="4", outcome=WARN),
    breaks(f"{R}.logprobs-top", "one more", scored(a_token(top=alternatives(-1, -2, -3))), at="/choices/0/logprobs/content/0/top_logprobs", outcome=WARN),
    breaks(f"{R}.logprobs-top", "one more, the chosen one", scored(a_token(logprob=-9.0, top=[*alternatives(-1, -2), CHOSEN])), at="/choices/0/logprobs/content/0/top_logprobs", outcome=NOTE),
    breaks(f"{R}.logprobs-top", "not sorted", scored(a_token(top=alternatives(-2, -1))), at="/choices/0/logprobs/content/0/top_logprobs", outcome=WARN),
    breaks(f"{R}.logprobs-top", "the chosen one first", scored(a_token(logprob=-9.0, top=[CHOSEN, *alternatives(-1)])), at="/choices/0/logprobs/content/0/top_logprobs", outcome=NOTE),
    breaks(f"{R}.logprobs-top", "at odds", scored(a_token(logprob=-0.75, top=a_token()["top_logprobs"])), at="/choices/0/logprobs/content/0/top_logprobs", actual="-0.25", outcome=NOTE),
    holds("parity.logprobs", "both", scored(a_token()), stream_with(scores(a_token()))),
    holds("parity.logprobs", "neither", an_exchange(SCORED), an_exchange(SCORED_STREAM)),
    idle("parity.logprobs", "a stream without text", scored(a_token()), an_exchange(SCORED_STREAM, stream=[role_chunk(), finish_chunk()]), outcome=INCONCLUSIVE),
    breaks("parity.logprobs", "only plainly", scored(a_token()), an_exchange(SCORED_STREAM), at="logprobs", actual="none", outcome=WARN),
    breaks("parity.logprobs", "only streamed", an_exchange(SCORED), stream_with(scores(a_token())), at="logprobs", actual="log probabilities", outcome=WARN),
    holds(f"{R}.usage-plausible", "many", counted(40)),
    holds(f"{R}.usage-plausible", "one for forty", counted(2)),
    idle(f"{R}.usage-plausible", "a short text", counted(1, "OK. " * 15), outcome=INCONCLUSIVE),
    breaks(f"{R}.usage-plausible", "one", counted(1), at="/usage/completion_tokens", actual="1", outcome=WARN),
    holds(f"{R}.usage-grows", "more", an_exchange(BASIC), prompted(230)),
    breaks(f"{R}.usage-grows", "as many", an_exchange(BASIC), prompted(9), at="/usage/prompt_tokens", actual="9", outcome=WARN),
    holds("turn.history-counted", "more", an_exchange(BASIC), prompted(230), prompted(22, "turn.own-message")),
    breaks("turn.history-counted", "as many", an_exchange(BASIC), prompted(230), prompted(9, "turn.own-message"), at="/usage/prompt_tokens", actual="9", outcome=WARN),
    holds("turn.history-counted", "every prompt counts the same", an_exchange(BASIC), prompted(9), prompted(9, "turn.own-message"), also=(f"{R}.usage-grows",)),
    breaks(f"{R}.usage-grows", "fewer", an_exchange(BASIC), prompted(1), at="/usage/prompt_tokens", outcome=WARN),
    holds("parity.finish-reason", "both cut", cut("length"), cut_stream("length")),
    holds("parity.finish-reason", "neither", cut("stop"), cut_stream("stop")),
    breaks("parity.finish-reason", "stop only in the stream", cut("length"), cut_stream("stop"), at="finish_reason", outcome=WARN),
    breaks("parity.finish-reason", "stop only plainly", cut("stop"), cut_stream("length"), at="finish_reason", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_answers(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


UNNAMED = an_exchange(BASIC, json=a_completion(id=""))


@pytest.mark.parametrize(
    ("check", "exchanges", "outcome", "hindrance"),
    [
        (f"{R}.ids-unique", (SMALLEST[1], SMALLEST[2], UNNAMED), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (f"{R}.ids-unique", (*SMALLEST[:2], an_exchange(USAGE, kept=Kept(values=False))), Outcome.SKIP, None),
        (f"{R}.created-plausible", (an_exchange(BASIC),), Outcome.SKIP, None),
        (f"{R}.created-plausible", (an_exchange(BASIC, headers=(("Date", "yesterday"),)),), Outcome.SKIP, None),
        (f"{R}.created-plausible", (an_exchange(BASIC, headers=DATED, kept=Kept(headers=False)),), Outcome.SKIP, None),
        (f"{R}.logprobs-values", (an_exchange(SCORED),), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        (f"{R}.logprobs-values", (an_exchange(BASIC),), Outcome.SKIP, None),
        (f"{R}.usage-grows", (an_exchange(BASIC), an_exchange("chat.long-prompt", json=a_completion(usage=GONE))), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        ("parity.finish-reason", (cut("eos"), cut_stream("stop")), Outcome.INCONCLUSIVE, Hindrance.ENDPOINT),
        ("parity.finish-reason", (cut("length"), cut_stream("stop", 50)), Outcome.INCONCLUSIVE, Hindrance.MODEL),
        ("parity.finish-reason", (counted(64), an_exchange(LONG_STREAM, stream=text_chunks())), Outcome.SKIP, None),
    ],
    ids=["no id", "ids replaced", "no date", "no readable date", "headers dropped", "not scored", "not asked", "uncounted", "another reason", "not cut", "no usage"],
)  # fmt: skip
def test_what_cannot_be_judged(
    check: str, exchanges: tuple[Exchange, ...], outcome: Outcome, hindrance: Hindrance | None
) -> None:
    """Where what the rule needs is missing, nobody is accused."""
    found = finding(check, *exchanges)

    assert (outcome, hindrance) == (found.outcome, found.hindrance), found


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("parity.choices", "n"),
        (f"{R}.logprobs-top", "top_logprobs"),
    ],
    ids=str,
)
def test_what_is_not_offered_is_not_judged(check: str, name: str) -> None:
    """A parameter that the profile says is not supported is not asked about."""
    found = finding(check, profile=claiming(name, support=Support.NONE))

    assert (Outcome.SKIP, f"not claimed: the profile says that {name} is not supported") == (
        found.outcome,
        found.reason,
    )


@pytest.mark.parametrize(
    ("status", "claims", "outcome"),
    [
        (400, (), Outcome.NOTE),
        (400, ("n",), Outcome.FAIL),
        (501, ("n",), Outcome.INCONCLUSIVE),
    ],
    ids=["left open", "claimed", "an error of the server"],
)
def test_what_one_form_alone_refuses(
    status: int, claims: tuple[str, ...], outcome: Outcome
) -> None:
    """A parameter refused in streams alone fails only where it is claimed; a 5xx is told elsewhere."""
    refused = an_exchange(TWO_STREAM, status=status, json=an_error())
    found = finding("parity.status", an_exchange(TWO), refused, profile=claiming(*claims))

    assert outcome is found.outcome


def test_calls_that_come_on_their_own_are_claimed() -> None:
    """Where the profile has calls come unasked, they accuse nobody."""
    profile = a_profile(responses=Responses(tool_calls=Sends.ALWAYS))

    assert Outcome.SKIP is finding(f"{R}.calls-undeclared", profile=profile).outcome


@pytest.mark.parametrize("value", ["1780000000", True, 1_780_000_000_000], ids=str)
def test_times_of_another_kind_are_left_to_other_checks(value: Value) -> None:
    """What is no count of seconds is not compared with the Date header."""
    assert () == finding(f"{R}.created-plausible", created(value)).problems


def test_a_stop_text_may_end_inside_a_token() -> None:
    """Where the request has a stop text, tokens and text need not end together."""
    choice = a_choice(logprobs=scores(a_token("OK.END")))
    exchange = an_exchange(SCORED, json=a_completion(choices=[choice]), asks={"stop": "D"})

    assert () == finding(f"{R}.logprobs-bytes", exchange).problems


@pytest.mark.parametrize(
    "usage",
    [None, {"completion_tokens": "3"}, {"completion_tokens": True}],
    ids=["none", "text", "true"],
)
def test_what_is_no_count_is_left_to_other_checks(usage: Value) -> None:
    """A usage without counts is neither plausible nor implausible."""
    exchange = an_exchange(LONG, json={**said(COUNTING, finish="length"), "usage": usage})

    assert () == finding(f"{R}.usage-plausible", exchange).problems


@pytest.mark.parametrize(
    "logprobs",
    [{"content": None}, {"content": ["OK."]}, "high", {"content": [{"token": "OK.", "logprob": "0", "top_logprobs": {}}]}],
    ids=["null", "texts", "a text", "values as text"],
)  # fmt: skip
def test_scores_of_another_kind_are_left_to_other_checks(logprobs: Value) -> None:
    """Malformed log probabilities break no check here."""
    answer = a_completion(choices=[a_choice(logprobs=logprobs)])
    for topic in ("values", "bytes", "top"):
        found = finding(f"{R}.logprobs-{topic}", an_exchange(SCORED, json=answer))

        assert () == found.problems
        assert Outcome.ERROR is not found.outcome
