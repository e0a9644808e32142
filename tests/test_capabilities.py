"""The capability table: each word of it on built exchanges, and whole tables of the reference server."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.capabilities.refused import refusal
from conformance.capabilities.rows import CASES_KEPT, IDS_KEPT
from conformance.capabilities.table import ROW_OF_CHECK, Table
from conformance.checks.registry import all_checks
from conformance.engine.secret import Secret
from conformance.judge import Judge
from conformance.judging import Judgement
from conformance.model.capability import Observed, Row
from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.plan import Suite
from conformance.model.profile import Parameter, Policy, Profile, Reaction, Support
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.plan import make_plan
from conformance.probes.registry import all_probes, steps_of
from conformance.profiles.load import load_profile
from conformance.refserver.serve import ReferenceServer
from conformance.session.planning import plan_for
from conformance.session.recorded import judge_recording
from conformance.session.recorder import Recorder
from conformance.session.setup import Setup
from conformance.spec.claimed import claimed, unknown_fields
from conformance.wire.reading import Reading
from tests.builders import (
    TARGET,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_message,
    a_profile,
    a_request,
    a_usage,
    an_error,
    an_exchange,
    calling,
    finish_chunk,
    not_sent,
    role_chunk,
    text_chunks,
    usage_chunk,
)
from tests.doors import Said, at, cli, playing, read_results, session

BASE = load_profile("base")
OPENAI = load_profile("openai")
SUPPORTED, ACCEPTED, IGNORED = Observed.SUPPORTED, Observed.ACCEPTED, Observed.IGNORED
REJECTED, CLAMPED, VARIES = Observed.REJECTED, Observed.CLAMPED, Observed.VARIES
BREAKS = Observed.BREAKS
UNCLEAR, NOT_SEEN = Observed.UNCLEAR, Observed.NOT_SEEN


def sent(id: str, *, profile: Profile = BASE, **answer: Any) -> Exchange:
    """A request of a family with its answer: the right one, or what is given."""
    family = id.partition(":")[0]
    steps = steps_of(all_probes()[family], TARGET, profile, Suite.FULL)
    [step] = [step for step in steps if step.id == id]
    return an_exchange(family, id=id, request=step.request, **answer)


def saying(text: str, *, finish: str = "stop", times: int = 1, **more: Any) -> dict[str, Any]:
    """An answer with a text, in as many choices as told."""
    return a_completion(
        choices=[a_choice(a_message(text), index=n, finish=finish) for n in range(times)], **more
    )


def streaming(*texts: str) -> list[dict[str, Any]]:
    """The chunks of a stream with one choice for each text."""
    chunks = []
    for index, text in enumerate(texts):
        said = a_chunk({"content": text}, index=index)
        chunks += [role_chunk(index), said, finish_chunk(index=index)]
    return chunks


def refusing(message: str = "Not supported.", **members: Any) -> dict[str, Any]:
    """The answer that refuses a request."""
    return {"status": 400, "json": an_error(message=message, **members)}


def scored(alternatives: int) -> dict[str, Any]:
    """An answer of one token with so many alternatives."""
    listed = [{"token": f"t{n}", "logprob": -1.0, "bytes": None} for n in range(alternatives)]
    entry = {"token": "OK", "logprob": -0.1, "bytes": None, "top_logprobs": listed}
    return a_completion(choices=[a_choice(logprobs={"content": [entry], "refusal": None})])


def watched(exchanges: Iterable[Exchange], profile: Profile = BASE, **how: Any) -> dict[str, Row]:
    """The rows of these exchanges, with what the checks say of them."""
    table = Table(profile, **how)
    judge = Judge(exchanges, profile, on_reading=table.take)
    return {row.parameter: row for row in table.rows(judge.findings(all_checks().values()))}


def row(name: str, *exchanges: Exchange, profile: Profile = BASE, **how: Any) -> Row:
    """One row of these exchanges."""
    return watched(exchanges, profile, **how)[name]


OK = an_exchange("chat.basic")
MOON = a_call(function={"name": "get_moon", "arguments": "{}"})
WORDS = sent("param.stop.value:word", json=saying("alpha beta "))
NO_TOOL = sent("param.tool-choice.value:none", json=saying("Sunny."))

SEEN: dict[str, tuple[str, tuple[Exchange, ...], Observed, str]] = {
    "two choices": (
        "n",
        (sent("param.n.value:two", json=saying("OK.", times=2)),),
        SUPPORTED,
        "2 choices",
    ),
    "two choices, in streams too": (
        "n",
        (
            sent("param.n.value:two", json=saying("OK.", times=2)),
            sent("param.n.value:stream-two", stream=streaming("OK.", "OK.")),
        ),
        SUPPORTED,
        "2 choices; in streams too",
    ),
    "one choice for two": ("n", (sent("param.n.value:two"),), IGNORED, "1 choice"),
    "ignored in both forms": (
        "n",
        (sent("param.n.value:two"), sent("param.n.value:stream-two")),
        IGNORED,
        "1 choice; in streams too",
    ),
    "plain only": (
        "n",
        (
            sent("param.n.value:two", json=saying("OK.", times=2)),
            sent("param.n.value:stream-two"),
        ),
        VARIES,
        "plain: supported (2 choices); in streams: ignored (1 choice)",
    ),
    "refused": (
        "n",
        (sent("param.n.value:two", **refusing("n is no use.", code="unsupported")),),
        REJECTED,
        "400 unsupported: n is no use.",
    ),
    "refused with a crash": (
        "n",
        (OK, sent("param.n.value:two", status=500, json=an_error(type="server"))),
        BREAKS,
        "500 server: That is not possible.",
    ),
    "refused as not there yet": (
        "n",
        (OK, sent("param.n.value:two", status=501, json=an_error(type="server"))),
        REJECTED,
        "501 server: That is not possible.",
    ),
    "a crash in streams": (
        "n",
        (
            sent("param.n.value:two", json=saying("OK.", times=2)),
            sent("param.n.value:stream-two", status=500, json=an_error(type="server")),
        ),
        VARIES,
        "plain: supported (2 choices); in streams: breaks (500 server: That is not possible.)",
    ),
    "refused, and a crash": (
        "n",
        (
            sent("param.n.value:two", **refusing("No.")),
            sent("param.n.value:stream-two", status=500, json=an_error(type="server")),
        ),
        VARIES,
        "plain: rejected (400 invalid_request_error: No.); in streams: breaks (500 server",
    ),
    "an error with 200": (
        "n",
        (sent("param.n.value:two", json=an_error(code="no_n")),),
        REJECTED,
        "200 no_n: That is not possible.",
    ),
    "an error in the stream": (
        "n",
        (sent("param.n.value:stream-two", stream=[an_error(code="no_n")]),),
        REJECTED,
        "200 no_n: That is not possible.",
    ),
    "refused in streams": (
        "n",
        (
            sent("param.n.value:two", json=saying("OK.", times=2)),
            sent("param.n.value:stream-two", **refusing("No.")),
        ),
        VARIES,
        "plain: supported (2 choices); in streams: rejected (400 invalid_request_error: No.)",
    ),
    "no visible effect": (
        "temperature",
        (sent("param.temperature.value:ordinary"),),
        ACCEPTED,
        "its effect cannot be seen from outside",
    ),
    "cut at the stop sequence": ("stop", (WORDS,), SUPPORTED, "the text ends before the stop"),
    "text goes on behind it": (
        "stop",
        (sent("param.stop.value:word", json=saying("alpha beta gamma delta")),),
        IGNORED,
        "the text contains 'gamma'",
    ),
    "prose that begins with a bracket": (
        "response_format",
        (sent("param.response-format.value:object", json=saying("[echo] model=tiny")),),
        IGNORED,
        "the text is no JSON: '[echo] model=tiny'",
    ),
    "a list that is cut": (
        "response_format",
        (sent("param.response-format.value:object", json=saying('[ {"city": "Par')),),
        IGNORED,
        "the text begins as JSON, with",
    ),
    "the sequence is kept": (
        "stop",
        (sent("param.stop.value:word", json=saying("alpha beta gamma")),),
        SUPPORTED,
        "stops, but keeps the sequence 'gamma'",
    ),
    "the sequence is where the text ends anyway": (
        "stop",
        (sent("param.stop.value:list", json=saying("alpha beta gamma delta")),),
        UNCLEAR,
        "the text ends with 'delta'",
    ),
    "the model says something else": (
        "stop",
        (sent("param.stop.value:word", json=saying("No.")),),
        UNCLEAR,
        "the model did not come to the stop sequence",
    ),
    "one word taken, a list refused": (
        "stop",
        (WORDS, sent("param.stop.value:list", **refusing("A string!", type="bad"))),
        VARIES,
        "word: supported (the text ends before the stop sequence: 'alpha beta '); "
        "list: rejected (400 bad: A string!)",
    ),
    "five sequences cut to four": (
        "stop",
        (WORDS, sent("param.stop.range:unusual", json=saying("alpha beta gamma "))),
        CLAMPED,
        "not all of 5 sequences have an effect; the text ends before",
    ),
    "five sequences, none of which has an effect": (
        "stop",
        (
            sent("param.stop.value:word", json=saying("alpha beta gamma delta")),
            sent("param.stop.range:unusual", json=saying("alpha beta gamma delta")),
        ),
        IGNORED,
        "the text contains 'gamma'",
    ),
    "fewer alternatives than asked for": (
        "top_logprobs",
        (
            sent("param.top-logprobs.value:two", json=scored(2)),
            sent("param.top-logprobs.range:unusual", json=scored(20)),
        ),
        CLAMPED,
        "20 alternatives for 21; alternatives came",
    ),
    "as many alternatives as asked for": (
        "top_logprobs",
        (
            sent("param.top-logprobs.value:two", json=scored(2)),
            sent("param.top-logprobs.range:unusual", json=scored(21)),
        ),
        SUPPORTED,
        "alternatives came",
    ),
    "a tool that the prompt asks for": (
        "tool_choice",
        (an_exchange("tools.required"),),
        ACCEPTED,
        "calls of get_weather",
    ),
    "a call that comes without tools as well": (
        "tool_choice",
        (
            sent("param.tool-choice.value:required", json=calling()),
            an_exchange("chat.long", json=calling()),
        ),
        UNCLEAR,
        "calls of get_weather; calls come to requests without tools as well",
    ),
    "a call of what is not declared": (
        "tools",
        (sent("param.tools.value:offered", json=calling(MOON)),),
        UNCLEAR,
        "calls of get_moon, which are not declared",
    ),
    "a tool that nobody would call": (
        "tool_choice",
        (sent("param.tool-choice.value:required", json=calling()),),
        SUPPORTED,
        "calls of get_weather",
    ),
    "of messages, a role": (
        "messages: role developer",
        (sent("message.role.accepted:developer", **refusing("No such role.", code="role")),),
        REJECTED,
        "400 role: No such role.",
    ),
    "of messages, what nobody claims": (
        "messages: role that is not listed",
        (sent("message.role.unsupported:conformance-no-such", profile=OPENAI, **refusing("No.")),),
        REJECTED,
        "400 invalid_request_error: No.",
    ),
    "cut for length": (
        "max_tokens",
        (
            sent(
                "param.max-tokens.value:five",
                json=saying("One two three", finish="length", usage=a_usage(9, 5)),
            ),
        ),
        SUPPORTED,
        "cut with finish_reason length at a limit of 5",
    ),
    "longer than the limit": (
        "max_tokens",
        (sent("param.max-tokens.value:five", json=saying("one " * 40, usage=a_usage(9, 40))),),
        IGNORED,
        "40 completion tokens for a limit of 5",
    ),
    "a little longer than the limit": (
        "max_tokens",
        (sent("param.max-tokens.value:five", json=saying("one two", usage=a_usage(9, 7))),),
        UNCLEAR,
        "7 completion tokens for a limit of 5",
    ),
    "usage came when asked": (
        "stream_options",
        (
            sent("param.stream-options.value:usage", stream=[*text_chunks(), usage_chunk()]),
            sent("param.stream-options.value:no-obfuscation"),
        ),
        SUPPORTED,
        "usage came",
    ),
    "no usage although asked": (
        "stream_options",
        (sent("param.stream-options.value:usage", stream=text_chunks()),),
        IGNORED,
        "no usage in the stream",
    ),
    "the member has a row": (
        "stream_options.include_usage",
        (sent("param.stream-options.value:usage", stream=text_chunks()),),
        IGNORED,
        "no usage in the stream",
    ),
    "one body for a stream": (
        "stream",
        (an_exchange("chat.stream.basic", json=a_completion()),),
        IGNORED,
        "one body came",
    ),
    "a stream": ("stream", (an_exchange("chat.stream.basic"),), SUPPORTED, "an event stream came"),
    "no call is as ever": ("tool_choice", (NO_TOOL,), ACCEPTED, "no tool call"),
    "a call although there is to be none": (
        "tool_choice",
        (sent("param.tool-choice.value:none", json=calling()),),
        IGNORED,
        "calls of get_weather",
    ),
    "no call although one is required": (
        "tool_choice",
        (NO_TOOL, sent("param.tool-choice.value:required", json=saying("OK."))),
        IGNORED,
        "no tool call",
    ),
    "any model is answered": (
        "model",
        (OK, an_exchange("errors.unknown-model", status=200, json=a_completion())),
        IGNORED,
        "an unknown name is answered as well",
    ),
    "another model is refused": (
        "model",
        (OK, an_exchange("errors.unknown-model")),
        SUPPORTED,
        "an unknown name is refused",
    ),
    "another model is refused after the stream has begun": (
        "model",
        (
            OK,
            an_exchange(
                "errors.stream.unknown-model", status=200, stream=[role_chunk(), an_error()]
            ),
        ),
        SUPPORTED,
        "an unknown name is refused, inside the stream, in streams",
    ),
    "another model is too much": (
        "model",
        (OK, an_exchange("errors.unknown-model", status=500, json=an_error(type="server"))),
        VARIES,
        "chat.basic: accepted (answered); errors.unknown-model: breaks (500 server: That is",
    ),
    "answered": ("messages", (OK,), SUPPORTED, "answered"),
    "an unknown field refused": (
        "unknown field",
        (sent("param.unknown-field.unsupported:top-level", **refusing("Unknown.", code="u")),),
        REJECTED,
        "400 u: Unknown.",
    ),
    "an unknown field passed over": (
        "unknown field in stream_options",
        (sent("param.unknown-field.unsupported:nested"),),
        ACCEPTED,
        "its effect cannot be seen from outside",
    ),
    "what rests on something ignored": (
        "top_logprobs",
        (
            sent("param.logprobs.value:asked", json=saying("OK.")),
            sent("param.top-logprobs.value:two", json=saying("OK.")),
        ),
        IGNORED,
        "no log probabilities came at all",
    ),
    "nothing was sent": ("seed", (OK,), NOT_SEEN, "not sent"),
    "the budget did not reach": (
        "seed",
        (replace(not_sent("chat.basic", "budget: --max-requests 3"), probe="param.seed.value"),),
        NOT_SEEN,
        "budget: --max-requests 3",
    ),
    "too many requests": (
        "seed",
        (sent("param.seed.value:repeatable", status=429, json=an_error()),),
        NOT_SEEN,
        "status 429",
    ),
    "everything is answered so": (
        "seed",
        (
            an_exchange("chat.basic", status=400, json=an_error()),
            sent("param.seed.value:repeatable", status=400, json=an_error()),
        ),
        NOT_SEEN,
        "chat.basic is answered 400 as well",
    ),
    "another parameter is to blame": (
        "top_logprobs",
        (sent("param.top-logprobs.value:two", **refusing("No.", param="logprobs")),),
        NOT_SEEN,
        "refused because of another: 400",
    ),
}


@pytest.mark.parametrize(("name", "exchanges", "observed", "how"), SEEN.values(), ids=SEEN)
def test_what_was_seen(
    name: str, exchanges: tuple[Exchange, ...], observed: Observed, how: str
) -> None:
    """Each word of the table stands for what the exchanges show."""
    made = row(name, *exchanges)

    assert (observed, how) == (made.observed, made.how[: len(how)])


NOT_FOUND: dict[str, tuple[tuple[Exchange, ...], Observed]] = {
    "it may be the prompt": (
        (OK, sent("param.stop.value:word", status=404, json=an_error(message="No fixture."))),
        UNCLEAR,
    ),
    "the prompt is answered otherwise": (
        (WORDS, sent("param.stop.value:list", status=404, json=an_error(message="No such route."))),
        VARIES,
    ),
    "it names the parameter": (
        (OK, sent("param.stop.value:word", status=404, json=an_error(message="No stop here."))),
        REJECTED,
    ),
}


@pytest.mark.parametrize(("exchanges", "observed"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_not_found_is_put_down_to_the_parameter_only_where_it_must_be(
    exchanges: tuple[Exchange, ...], observed: Observed
) -> None:
    """404 speaks of what was asked for; that may be the prompt, as it is with mocks."""
    assert observed is row("stop", *exchanges).observed


@pytest.mark.parametrize(
    ("message", "observed"),
    [("No fixture matched", UNCLEAR), ("n is not for you", REJECTED), ("no n=2 here", REJECTED)],
    ids=["a letter inside words", "the name", "the name with its value"],
)
def test_a_name_of_one_letter_is_found_as_a_word(message: str, observed: Observed) -> None:
    """Nearly every sentence has an n in it."""
    refused = sent("param.n.value:two", status=404, json=an_error(message=message))

    assert observed is row("n", OK, refused).observed


# Outside the usual


def test_values_outside_the_usual_are_told_beside_it() -> None:
    """The row says what was done with a value above the range, and with one of another type."""
    made = row(
        "temperature",
        sent("param.temperature.value:ordinary"),
        sent("param.temperature.range:unusual", **refusing()),
        sent("param.temperature.type:unusual"),
    )

    assert ACCEPTED is made.observed
    assert (
        'outside its range: 5 rejected (400); of another type: "conformance" accepted'
    ) == made.detail


def with_n(reaction: Reaction, **claim: Any) -> Profile:
    """A profile that takes up to four choices, and says what it does with more."""
    n = Parameter("n", Support.FULL, types=("integer",), minimum=1, maximum=4, **claim)
    claims = {**BASE.parameters, "n": n}
    return replace(BASE, parameters=claims, out_of_range=Policy((reaction,)))


@pytest.mark.parametrize(
    ("reaction", "times", "observed", "against"),
    [
        (Reaction.CLAMP, 4, CLAMPED, ()),
        (Reaction.REJECT, 4, CLAMPED, ("param.n.range",)),
        (Reaction.REJECT, 5, SUPPORTED, ("param.n.range",)),
    ],
    ids=["as claimed", "refusal claimed", "all five came"],
)
def test_what_is_above_a_maximum(
    reaction: Reaction, times: int, observed: Observed, against: tuple[str, ...]
) -> None:
    """More choices than allowed are cut, or not; the check that finds the claim broken is named."""
    profile = with_n(reaction)
    made = row(
        "n",
        sent("param.n.value:two", profile=profile, json=saying("OK.", times=2)),
        sent("param.n.range:above-maximum", profile=profile, json=saying("OK.", times=times)),
        profile=profile,
    )

    assert (observed, against) == (made.observed, made.against)


def test_a_member_that_is_not_supported_has_its_own_row() -> None:
    """What is refused of a member is not put down to the parameter that holds it."""
    claims = {
        **BASE.parameters,
        "stream_options": Parameter("stream_options", Support.FULL),
        "stream_options.include_usage": Parameter("stream_options.include_usage", Support.FULL),
        "stream_options.include_obfuscation": Parameter(
            "stream_options.include_obfuscation", Support.NONE
        ),
    }
    profile = replace(BASE, parameters=claims, unsupported=Policy((Reaction.REJECT,)))
    [case] = [
        step
        for step in steps_of(
            all_probes()["param.stream-options.unsupported"], TARGET, profile, Suite.FULL
        )
        if "obfuscation" in step.id
    ]
    made = watched([sent(case.id, profile=profile, **refusing())], profile)

    assert REJECTED is made["stream_options.include_obfuscation"].observed
    assert NOT_SEEN is made["stream_options"].observed


def test_a_parameter_of_the_vendor_has_a_row() -> None:
    """What OpenAI does not have stands behind what it has, with the vendor's own claim."""
    top_k = Parameter("top_k", Support.FULL, types=("integer",), minimum=1, maximum=40)
    profile = replace(
        BASE,
        parameters={**BASE.parameters, "top_k": top_k},
        out_of_range=Policy((Reaction.REJECT,)),
    )
    made = row(
        "top_k",
        sent("param.vendor.value:top-k-maximum", profile=profile),
        sent("param.vendor.range:top-k-above-maximum", profile=profile, **refusing()),
        profile=profile,
    )

    assert (ACCEPTED, "full: at least 1 and at most 40") == (made.observed, made.claimed)
    assert "outside its range: 41 rejected (400)" == made.detail


def test_a_broken_claim_of_the_vendor_is_in_its_own_row() -> None:
    """Of several parameters of the vendor's own each has the checks that found its claim broken, and why it is not seen."""
    names = ("top_k", "top_k_size", "min_p")
    own = {name: Parameter(name, Support.FULL, types=("integer",), minimum=1) for name in names}
    profile = replace(BASE, parameters={**BASE.parameters, **own})
    taken = sent("param.vendor.value:top-k-ordinary", profile=profile)
    turned_down = sent(
        "param.vendor.value:top-k-size-ordinary",
        profile=profile,
        **refusing("top_k_size is not supported."),
    )
    left = {"param.vendor.value:min-p-ordinary": "budget: --max-requests 3"}
    made = watched([taken, turned_down], profile, left_out=left)

    assert [(), ("param.vendor.accepted",), ()] == [made[name].against for name in names]
    assert "budget: --max-requests 3" == made["min_p"].how


@pytest.mark.parametrize(
    ("answer", "observed"),
    [
        ('{"colour": "red"}', SUPPORTED),
        ('{"colour": "plaid"}', IGNORED),
        ("Red.", UNCLEAR),
    ],
    ids=["obeyed", "broken", "no JSON"],
)
def test_a_schema_has_a_row(answer: str, observed: Observed) -> None:
    """Whether it was obeyed is told by the eyes of its checks."""
    asked = sent("schema.output.enums:stream-few-words", stream=streaming(answer))
    [made] = [row for row in watched([asked]).values() if row.area == "schema"]

    assert observed is made.observed


def test_values_of_members_are_told_in_the_row_of_the_parameter() -> None:
    """A member that was only tried outside its claim has no row of its own."""
    id = "param.response-format.range:type-not-listed"
    made = watched([sent(id, profile=OPENAI, **refusing())], OPENAI)

    assert "response_format.type" not in made
    assert "outside its range: type-not-listed rejected (400)" == made["response_format"].detail


# What is claimed


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (Parameter("n"), "unknown"),
        (Parameter("n", Support.FULL), "full"),
        (Parameter("n", Support.FULL, minimum=1, maximum=4), "full: at least 1 and at most 4"),
        (
            Parameter("n", Support.FULL, maximum=4, out_of_range=Policy((Reaction.CLAMP,))),
            "full: at most 4, more is cut",
        ),
        (Parameter("n", Support.FULL, only_with_stream=True), "full: in streams only"),
        (Parameter("n", Support.PARTIAL, values=(1,)), "partial: 1"),
        (Parameter("n", Support.NONE), "none"),
        (Parameter("n", Support.NONE, unsupported=Policy((Reaction.REJECT,))), "none: reject"),
        (
            Parameter("n", Support.NONE, unsupported=Policy((Reaction.IGNORE, Reaction.REJECT))),
            "none: ignore or reject",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_claims_in_words(claim: Parameter, words: str) -> None:
    """Support with its range, or what is done instead."""
    assert words == claimed("n", a_profile(parameters={"n": claim}))


def test_claims_about_unknown_fields() -> None:
    """Fields that nobody knows are refused, passed over, or nothing is said of them."""
    assert "unknown" == unknown_fields(BASE)
    assert "none: reject" == unknown_fields(a_profile(unknown_field=Policy((Reaction.REJECT,))))


# Checks and table


def test_a_broken_claim_names_its_check() -> None:
    """What the checks find and what the table says are of one opinion."""
    exchange = sent("param.n.value:two", profile=OPENAI)
    made = row("n", exchange, profile=OPENAI)
    check = Judge([exchange], OPENAI).finding(all_checks()["param.n.effective"])

    assert Outcome.FAIL is check.outcome
    assert IGNORED is made.observed
    assert "param.n.effective" in made.against
    assert ("param.n.value:two",) == made.exchanges


def test_nothing_stands_against_a_claim_that_nobody_made() -> None:
    """Without a profile a parameter that is ignored is news, not a contradiction."""
    assert () == row("n", sent("param.n.value:two")).against


@pytest.mark.parametrize("name", ["n", "logprobs", "stop", "seed"])
def test_rows_that_need_no_look(name: str) -> None:
    """Where a claim was met the row is telling nothing; where none was made it is."""
    table = watched([OK], OPENAI)

    assert not table[name].telling
    assert not watched([OK])[name].telling


# Bounds


def test_every_parameter_has_a_row() -> None:
    """All 37 of chat completions, and fields that are none, also where nothing was sent."""
    made = Table(BASE).rows()

    assert {name for name in OPENAI.parameters if "." not in name and "[" not in name} <= {
        row.parameter for row in made
    }
    assert 37 + 2 == len(made)
    assert {NOT_SEEN} == {row.observed for row in made}


def test_the_plan_says_why_a_row_was_not_seen() -> None:
    """A budget that did not reach weighs more than a claim that was not made."""
    left = {"param.seed.value:repeatable": "budget: --max-requests 3", "param.seed.type": "no"}
    made = {row.parameter: row for row in Table(BASE, left_out=left).rows()}

    assert "budget: --max-requests 3" == made["seed"].how
    foreign = {row.parameter: row.how for row in Table(BASE, foreign=True).rows()}
    assert {"not in this traffic"} == set(foreign.values())


def many(numbers: Iterable[int]) -> Table:
    """A table of exchanges whose stop words differ, taken in this order; the last numbers are refused."""
    table = Table(BASE)
    for number in numbers:
        asked = a_request({"model": "tiny", "messages": [], "n": 2, "stop": f"s{number:03}"})
        refused = number >= 3 * CASES_KEPT
        answer = refusing("No.", param="stop") if refused else {"json": saying(f"s{number:03}")}
        table.take(Reading(an_exchange(None, id=f"t{number:03}", request=asked, **answer)))
    return table


def test_what_is_kept_does_not_grow() -> None:
    """Of thousands of exchanges that differ a few of each sort are kept, the rare sort too."""
    table = many(range(3 * CASES_KEPT + 2))
    kept = [len(made.kinds) for made in table._sums.values()]

    assert CASES_KEPT <= max(kept) <= CASES_KEPT + 2
    assert max(len(c.exchanges) for made in table._sums.values() for c in made.kinds.values()) == (
        IDS_KEPT
    )
    assert VARIES is {row.parameter: row for row in table.rows()}["stop"].observed


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_answers_does_not_matter(seed: int) -> None:
    """Also where more is seen than is kept."""
    numbers = list(range(3 * CASES_KEPT + 2))
    first = many(numbers).rows()
    random.Random(seed).shuffle(numbers)

    assert first == many(numbers).rows()


def test_a_refusal_is_cut() -> None:
    """Eighty characters of the message, on one line; a megabyte is not looked at."""
    asked = sent("param.n.value:two", **refusing("No\n\nway " * 200_000, code="c" * 500))
    said = refusal(Reading(asked))

    assert said.startswith("400 " + "c" * 40 + ": No way No way")
    assert len(said) < 140


@pytest.mark.parametrize("message", [7, None, ["a", {"b": 1}], {"x": "y"}], ids=repr)
def test_odd_messages_do_no_harm(message: object) -> None:
    """A message may be of any type."""
    made = row("n", sent("param.n.value:two", status=422, json=an_error(message=message)))

    assert REJECTED is made.observed
    assert made.how.startswith("422")


def test_checks_that_speak_of_parameters_exist() -> None:
    """A row names checks of other areas too; none of them is gone."""
    assert set() == set(ROW_OF_CHECK) - set(all_checks())
    assert set(ROW_OF_CHECK.values()) <= {row.parameter for row in Table(BASE).rows()}


def test_our_own_mistake_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the table is told where nothing else is known."""

    def oops(*_: object) -> NoReturn:
        raise KeyError("oops")

    monkeypatch.setattr("conformance.capabilities.table.facts", oops)

    assert "our own mistake: KeyError('oops')" == row("n", OK).how


def test_what_is_generated_has_no_row_of_its_own() -> None:
    """Only families that say where they belong make rows."""
    without = [p for p in all_probes().values() if p.cases is not None and not p.row]
    asked = a_request({"model": "tiny", "messages": [], "seed": 1})
    made = watched(an_exchange(p.id, id=f"{p.id}:1", request=asked) for p in without)

    assert {"param"} == {row.area for row in made.values()}
    assert len(Table(BASE).rows()) == len(made)


def test_without_claims_the_unusual_is_tried() -> None:
    """Nothing can be departed from where nothing is claimed; values beyond OpenAI's are sent all the same."""
    planned = {step.id for step in make_plan(all_checks(), BASE, TARGET).steps}
    claims = {step.id for step in make_plan(all_checks(), OPENAI, TARGET).steps}
    unusual = {"param.temperature.range:unusual", "param.stop.range:unusual"}

    assert unusual | {"param.unknown-field.unsupported:top-level"} <= planned
    assert set() == unusual & claims


# Whole tables of the reference server

TRIED = ("n", "stop", "logprobs", "response_format", "tool_choice")
MODEL = "table-1"
KEY = "sk-table-0123456789abcdef"


def played(served: Profile, profile: Profile, folder: Path) -> tuple[Judgement, dict[str, Row]]:
    """The whole core suite against the reference server that plays a profile, judged by another."""
    with ReferenceServer(served, key=KEY, model=MODEL, pace=0) as server:
        origin, prefix = parse_base_url(server.base_url)
        target = Target(origin, prefix, MODEL)
        setup = Setup(Options(timeout=20, quiet=True), profile, target, Secret(KEY))
        recording = Recorder(setup, plan_for(setup, all_checks()), folder / "r.jsonl").run()
    made = judge_recording(recording)
    return made, {row.parameter: row for row in made.capabilities}


def openai_but(names: Iterable[str], policy: Policy) -> Profile:
    """A vendor that supports what OpenAI does, but for some parameters."""
    gone = {n: Parameter(n, Support.NONE, unsupported=policy) for n in names}
    kept = {
        n: claim
        for n, claim in OPENAI.parameters.items()
        if n.partition(".")[0].partition("[")[0] not in gone
    }
    return replace(OPENAI, parameters={**kept, **gone})


@pytest.mark.parametrize(
    ("policy", "observed"),
    [
        (Policy((Reaction.IGNORE,)), IGNORED),
        (Policy((Reaction.REJECT,)), REJECTED),
    ],
    ids=["ignored", "rejected"],
)
def test_what_an_endpoint_does_is_what_the_table_says(
    policy: Policy, observed: Observed, tmp_path: Path
) -> None:
    """Without a profile: what is ignored is shown as ignored, what is refused as rejected, the rest as it is."""
    _, made = played(openai_but(TRIED, policy), BASE, tmp_path)

    assert dict.fromkeys(TRIED, observed) == {name: made[name].observed for name in TRIED}
    untouched = ("max_tokens", "tools", "stream", "stream_options", "messages")
    assert dict.fromkeys(untouched, SUPPORTED) == {n: made[n].observed for n in untouched}
    assert {()} == {made[name].against for name in TRIED}


def test_an_endpoint_that_does_all_is_shown_so(tmp_path: Path) -> None:
    """Without a profile: an effect is seen wherever one can be."""
    made, rows = played(OPENAI, BASE, tmp_path)

    names = (*TRIED, "max_tokens", "max_completion_tokens", "top_logprobs", "logit_bias", "tools")
    assert dict.fromkeys(names, SUPPORTED) == {name: rows[name].observed for name in names}
    assert ACCEPTED is rows["temperature"].observed
    assert REJECTED is rows["unknown field"].observed
    assert set(made.document["capabilities"]) == set(rows)  # type: ignore[call-overload]
    assert "ignored" not in {str(row.observed) for row in rows.values()}


def test_an_endpoint_that_clamps_is_shown_so(tmp_path: Path) -> None:
    """Without a profile: five stop sequences of which four count."""
    stop = replace(OPENAI.parameters["stop"], out_of_range=Policy((Reaction.TRUNCATE,)))
    served = replace(OPENAI, parameters={**OPENAI.parameters, "stop": stop})
    _, rows = played(served, BASE, tmp_path)

    assert CLAMPED is rows["stop"].observed
    assert "outside its range: 5 items cut" in rows["stop"].detail


@pytest.mark.parametrize("profile", [BASE, OPENAI], ids=["base", "openai"])
def test_core_stays_within_its_size(profile: Profile) -> None:
    """What is sent for the table alone fits into the core suite."""
    plan = make_plan(all_checks(), profile, TARGET)

    assert len(plan.steps) <= 200
    assert plan.output_tokens <= 8_000


def test_table_and_checks_are_of_one_opinion(tmp_path: Path) -> None:
    """By its own claims: each parameter whose effect is missing has a check that says so, and no other."""
    made, rows = played(openai_but(TRIED, Policy((Reaction.IGNORE,))), OPENAI, tmp_path)
    broken = {
        f.check.split(".")[1].replace("-", "_")
        for f in made.findings
        if f.check.startswith("param.") and f.check.endswith(".effective")
        if f.outcome in (Outcome.FAIL, Outcome.WARN, Outcome.NOTE)
    }
    ignored = {name for name, row in rows.items() if row.observed in (IGNORED, VARIES)}

    assert set(TRIED) <= broken
    assert broken <= ignored
    assert {name for name in ignored if not rows[name].against} <= {"top_logprobs"}


# Doors


@pytest.fixture(scope="module")
def ignoring(tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    """A run without a profile against a vendor that ignores most parameters, and where its reports are."""
    with pytest.MonkeyPatch.context() as patch:
        where = tmp_path_factory.mktemp("ignoring")
        patch.chdir(where)
        with playing("meingpt") as server:
            return cli("run", *at(server)), where / "conformance-report"


def test_run_prints_what_is_ignored(ignoring: tuple[Said, Path]) -> None:
    """It comes after the findings and before the verdict, the worst first."""
    out = ignoring[0].out
    table = out[out.index("\nCAPABILITIES  ") :]

    assert table.index("  ignored: ") < table.index("  supported: ") < table.index(" pass, ")
    assert re.search(r"^      n +1 choice; in streams too$", table, re.M)
    assert "claimed" not in table[: table.index(" pass, ")]


def test_every_report_has_the_table(ignoring: tuple[Said, Path]) -> None:
    """Text, results.json, Markdown and HTML tell the same."""
    where = ignoring[1]
    found = read_results(where / "results.json")["capabilities"]

    assert "ignored" == found["n"]["observed"]
    assert "| <code>n</code> | unknown | **ignored** |" in (where / "summary.md").read_text()
    page = (where / "report.html").read_text()
    assert '<details class="conformance-capabilities" open>' in page
    assert '<td><code>n</code></td><td>unknown</td><td class="conformance-observed">ignored' in page


def test_judge_gives_the_same_table(ignoring: tuple[Said, Path]) -> None:
    """The recording is enough; --verbose prints every row with its claim."""
    recording = ignoring[1] / "recording.jsonl"
    said = cli("judge", recording)
    whole = cli("judge", recording, "--verbose", "--profile", "openai")

    assert (
        said.out.split("CAPABILITIES")[1]
        == (ignoring[0].out.split("CAPABILITIES")[1].split("written: ")[0])
    )
    assert re.search(r"^      user +claimed full; its effect cannot be seen", whole.out, re.M)
    assert re.search(r"^ +against the claim: .*param\.n\.effective", whole.out, re.M)


def test_pytest_tells_it_in_one_line(ignoring: tuple[Said, Path]) -> None:
    """The other door says how many rows there are of each kind; the table is in its reports."""
    recording = ignoring[1] / "recording.jsonl"
    said = session("--pyargs", "conformance.suite", f"--conformance-replay={recording}")

    assert re.search(r"^capabilities: \d+ ignored, ", said.out, re.M)
