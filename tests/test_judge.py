"""The only place where a verdict is made."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from conformance.checks.kinds import anything
from conformance.checks.registry import Check, Scope, all_checks
from conformance.judge import Judge, evidence, exit_code
from conformance.model.exchange import Attempt, Chunk, Exchange
from conformance.model.finding import Finding, Hindrance, Level, Outcome, Problem, Unjudged
from conformance.model.profile import Profile, Sends, Waiver
from conformance.plan import ONLY_FULL
from conformance.tally import LINKED_AT_MOST, LISTED, PROBLEMS_KEPT, pairs
from conformance.wire.reading import Reading
from tests.builders import (
    BASE,
    GONE,
    a_chunk,
    a_completion,
    a_profile,
    a_request,
    a_right_run,
    a_stream,
    a_usage,
    an_error,
    an_exchange,
    changed,
    finding,
    findings,
    finish_chunk,
    not_sent,
    role_chunk,
    unanswered,
    usage_chunk,
    with_streaming,
)

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
NO_CHAT = "the profile has no chat endpoint"
NO_ID = an_exchange(json=changed(a_completion(), ("/id", GONE)))


def a_check(
    *found: Problem,
    level: Level = MUST,
    scope: Scope = Scope.EACH,
    why_not: Unjudged | None = None,
    probes: tuple[str, ...] = ("chat.basic",),
) -> Check:
    """A check that finds these problems in everything, or cannot judge."""

    def problems(*arguments: object) -> Iterator[Problem]:
        yield from found

    given = () if why_not is None else (lambda x, profile: why_not,)
    return Check(
        "area.rule", level, "A rule.", "area.rule", scope, anything, given, None, probes, problems, ""
    )  # fmt: skip


def a_problem(level: Level | None = None, at: str = "body") -> Problem:
    """A problem somewhere."""
    return Problem(at, "this", "that", level)


def verdict(check: Check, *exchanges: Exchange, profile: Profile = BASE, **how: object) -> Finding:
    """The verdict of a check of our own."""
    return Judge(exchanges or [an_exchange()], profile, **how).finding(check)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "weakened", "outcome"),
    [
        (MUST, None, Outcome.FAIL),
        (MUST, SHOULD, Outcome.WARN),
        (MUST, MAY, Outcome.NOTE),
        (SHOULD, None, Outcome.WARN),
        (SHOULD, MAY, Outcome.NOTE),
        (SHOULD, MUST, Outcome.WARN),
        (MAY, None, Outcome.NOTE),
        (MAY, MUST, Outcome.NOTE),
    ],
    ids=str,
)
def test_a_problem_weighs_what_its_level_says(
    level: Level, weakened: Level | None, outcome: Outcome
) -> None:
    """A problem may weaken its check's level and never strengthens it."""
    found = verdict(a_check(a_problem(weakened), level=level))

    assert outcome is found.outcome
    assert (weakened if weakened and weakened.rank < level.rank else None) is found.problems[
        0
    ].level


def test_no_problem_is_a_pass() -> None:
    """A rule that was exercised and held passes, and says on what."""
    found = verdict(a_check(), an_exchange(), an_exchange("chat.system"))

    assert (Outcome.PASS, ("chat.basic", "chat.system"), "") == (
        found.outcome,
        found.judged,
        found.reason,
    )


def test_the_gravest_problem_decides() -> None:
    """Of several problems the gravest makes the outcome, wherever it stands."""
    assert Outcome.FAIL is verdict(a_check(a_problem(MAY), a_problem(), a_problem(SHOULD))).outcome


def test_the_gravest_of_many_problems_decides() -> None:
    """Too many problems to show do not hide the one that counts."""
    many = [a_problem(MAY)] * (PROBLEMS_KEPT + 10)
    found = verdict(a_check(*many, a_problem(at="at last")))

    assert Outcome.FAIL is found.outcome
    assert PROBLEMS_KEPT == len(found.problems)
    assert "at last" in [p.at for p in found.problems]


@pytest.mark.parametrize(
    ("hindrance", "outcome"),
    [
        (Hindrance.RUN, Outcome.INCONCLUSIVE),
        (Hindrance.ENDPOINT, Outcome.INCONCLUSIVE),
        (Hindrance.MODEL, Outcome.INCONCLUSIVE),
        (Hindrance.RECORDING, Outcome.SKIP),
    ],
    ids=str,
)
def test_what_could_not_be_judged_is_never_a_pass(hindrance: Hindrance, outcome: Outcome) -> None:
    """Each hindrance has its verdict and its reason."""
    found = verdict(a_check(why_not=Unjudged("it rained", hindrance)))

    assert outcome is found.outcome
    assert found.reason.endswith("it rained")
    assert (("chat.basic", Unjudged("it rained", hindrance)),) == found.unjudged


def test_a_reason_of_the_run_weighs_most() -> None:
    """Where several exchanges could not be judged, the run's own reason is told first."""
    found = finding(
        "chat.response.id",
        an_exchange("chat.long", status=500),
        not_sent("chat.basic", "budget: --max-requests 3"),
    )

    assert (Outcome.INCONCLUSIVE, Hindrance.RUN, "chat.basic: budget: --max-requests 3") == (
        found.outcome,
        found.hindrance,
        found.reason,
    )


def test_one_exchange_judged_is_enough() -> None:
    """A rule that held where it could be judged passes; the rest is listed."""
    found = finding("chat.response.id", an_exchange(), an_exchange("chat.long", status=500))

    assert (Outcome.PASS, ("chat.basic",)) == (found.outcome, found.judged)
    assert ["chat.long"] == [name for name, _ in found.unjudged]


@pytest.mark.parametrize(
    ("left_out", "foreign", "outcome", "reason", "hindrance"),
    [
        ({}, False, Outcome.INCONCLUSIVE, "not sent: chat.basic", Hindrance.RUN),
        ({"chat.basic": "budget: x"}, False, Outcome.INCONCLUSIVE, "budget: x", Hindrance.RUN),
        ({"chat.basic": NO_CHAT}, False, Outcome.SKIP, f"not claimed: {NO_CHAT}", None),
        ({"chat.basic": ONLY_FULL}, False, Outcome.SKIP, f"not sent: {ONLY_FULL}", None),
        ({}, True, Outcome.SKIP, "nothing to judge: no exchange of this kind in the traffic", None),
    ],
    ids=["not sent", "budget", "not claimed", "another suite", "foreign"],
)
def test_without_an_exchange(
    left_out: dict[str, str],
    foreign: bool,
    outcome: Outcome,
    reason: str,
    hindrance: Hindrance | None,
) -> None:
    """Why there is none decides: the run, the profile, or traffic that we did not make."""
    found = Judge([], BASE, left_out=left_out, foreign=foreign).finding(a_check())

    assert (outcome, reason, hindrance) == (found.outcome, found.reason, found.hindrance)


def test_a_check_that_needs_nothing_and_has_nothing() -> None:
    """A check without probes that met no exchange says so."""
    assert "not sent: nothing" == Judge([], BASE).finding(a_check(probes=())).reason


def test_what_is_not_claimed_is_skipped() -> None:
    """A profile that rules a check out is believed, and named."""
    found = finding("stream.done", profile=with_streaming(done=Sends.NEVER))

    assert (Outcome.SKIP, ()) == (found.outcome, found.problems)
    assert found.reason.startswith("not claimed: ")


def test_a_check_that_breaks_is_our_error() -> None:
    """Our own bug becomes a finding that says where, and does not end the run."""

    def broken(x: Reading, profile: Profile) -> Iterable[Problem]:
        raise KeyError("choices")

    found = verdict(replace(a_check(), problems=broken), an_exchange(), an_exchange("chat.long"))

    assert Outcome.ERROR is found.outcome
    assert found.reason.startswith("KeyError: 'choices' (broken, line ")


# Waivers ------------------------------------------------------------------------------------------


def waiving(*waivers: Waiver) -> Profile:
    """A profile with these waivers."""
    return a_profile(waivers=waivers)


def a_waiver(check: str = "chat.response.id", exchange: str = "*") -> Waiver:
    """A waiver of a check, on all exchanges or some."""
    return Waiver(check, "Ids are for people.", "2026-05-01", exchange)


def test_a_waived_problem_stays_visible() -> None:
    """A waiver moves a problem to another column, with its reason."""
    found = findings(NO_ID, profile=waiving(a_waiver()))["chat.response.id"]

    assert (Outcome.WAIVED, "Ids are for people.") == (found.outcome, found.reason)
    assert "Ids are for people." == found.problems[0].waived


def test_a_waiver_covers_its_exchanges_only() -> None:
    """A problem elsewhere fails as ever."""
    other = replace(NO_ID, id="chat.long", probe="chat.long")
    found = findings(NO_ID, other, profile=waiving(a_waiver(exchange="chat.basic")))

    assert Outcome.FAIL is found["chat.response.id"].outcome
    assert 1 == sum(p.waived is None for p in found["chat.response.id"].problems)


def test_a_waiver_without_a_problem_is_stale() -> None:
    """What no longer departs needs no waiver."""
    found = findings(an_exchange(), profile=waiving(a_waiver()))["chat.response.id"]

    assert Outcome.STALE is found.outcome
    assert "the waiver of 'chat.response.id' (Ids are for people.) meets no problem; remove it" == (
        found.reason
    )


@pytest.mark.parametrize(
    ("waiver", "exchanges"),
    [
        (a_waiver(), (an_exchange(status=500),)),
        (a_waiver(exchange="tools.*"), (an_exchange(),)),
        (a_waiver("chat.response.*"), (NO_ID,)),
        (a_waiver("no.such.check"), (an_exchange(),)),
    ],
    ids=["not exercised", "elsewhere", "glob", "unknown"],
)
def test_a_waiver_is_not_stale(waiver: Waiver, exchanges: tuple[Exchange, ...]) -> None:
    """Only what was exercised where the waiver applies, and met no problem, is stale."""
    found = findings(*exchanges, profile=waiving(waiver))

    assert Outcome.STALE not in {f.outcome for f in found.values()}


def test_a_waiver_of_many_checks_is_stale_once() -> None:
    """A glob that meets no problem at all is told by the first of its checks."""
    found = findings(an_exchange(), profile=waiving(a_waiver("chat.response.choice*")))

    assert 1 == len([i for i, f in found.items() if f.outcome is Outcome.STALE])


def test_a_waiver_of_a_problem_that_is_not_shown_is_not_stale() -> None:
    """Problems beyond those kept still count."""
    many = [replace(a_problem(), exchange=f"x{n:03}") for n in range(PROBLEMS_KEPT + 1)]
    profile = waiving(a_waiver("area.rule", f"x{PROBLEMS_KEPT:03}"))
    found = Judge([an_exchange()], profile).findings([a_check(*many)])[0]

    assert Outcome.FAIL is found.outcome


# Exit codes ---------------------------------------------------------------------------------------


def told(outcome: Outcome, level: Level = MUST, hindrance: Hindrance | None = None) -> Finding:
    """A finding of this outcome."""
    return Finding("area.rule", level, outcome, "", "", hindrance=hindrance)


INCONCLUSIVE = Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("found", "code", "strict"),
    [
        ([], 0, 0),
        ([told(Outcome.PASS), told(Outcome.NOTE), told(Outcome.WAIVED), told(Outcome.SKIP)], 0, 0),
        ([told(Outcome.FAIL)], 1, 1),
        ([told(Outcome.STALE)], 1, 1),
        ([told(Outcome.WARN, SHOULD)], 0, 1),
        ([told(Outcome.FAIL), told(Outcome.ERROR)], 4, 4),
        ([told(INCONCLUSIVE, hindrance=Hindrance.RUN)], 3, 3),
        ([told(INCONCLUSIVE, hindrance=Hindrance.RUN), told(Outcome.FAIL)], 1, 1),
        ([told(INCONCLUSIVE, SHOULD, Hindrance.RUN)], 0, 0),
        ([told(INCONCLUSIVE, hindrance=Hindrance.MODEL)], 0, 3),
        ([told(INCONCLUSIVE, hindrance=Hindrance.ENDPOINT)], 0, 3),
    ],
    ids=["nothing", "content", "fail", "stale", "warn", "error", "run", "run and fail", "should",
         "model", "endpoint"],
)  # fmt: skip
def test_exit_codes(found: list[Finding], code: int, strict: int) -> None:
    """The exit code is that of the README's table, with and without --strict."""
    assert (code, strict) == (exit_code(found), exit_code(found, strict=True))


# Exchanges ----------------------------------------------------------------------------------------


def test_the_order_of_exchanges_does_not_matter() -> None:
    """Findings are those of the set of exchanges, however they were recorded."""
    run = [*a_right_run(), NO_ID, unanswered("chat.system"), an_exchange("chat.long", status=500)]
    shuffled = list({x.id: x for x in run}.values())
    expected = findings(*shuffled)
    random.Random(7).shuffle(shuffled)

    assert expected == findings(*shuffled)
    assert list(expected) == sorted(expected)


def test_the_order_of_checks_does_not_matter() -> None:
    """Findings come sorted by id."""
    checks = list(all_checks().values())
    judge = Judge(a_right_run(), BASE)

    assert judge.findings(checks) == judge.findings(checks[::-1])


def forms(*exchanges: Exchange) -> list[list[str]]:
    """The ids of the pairs among these exchanges."""
    return [[x.id for x in pair] for pair in pairs([Reading(x) for x in exchanges])]


def test_one_request_in_two_forms_is_a_pair() -> None:
    """Both forms of a request belong together, whatever stream options say; the first of each counts."""
    run = sorted(a_right_run(), key=lambda x: x.id)

    assert [
        ["chat.basic", "chat.stream.basic"],
        ["chat.long", "chat.stream.long"],
        ["tools.named", "tools.stream.named"],
        ["tools.required", "tools.stream.required"],
    ] == sorted(p for p in forms(*run) if p[0].startswith(("chat", "tools")))


def test_of_very_many_pairs_the_same_are_compared_in_any_order() -> None:
    """So many, and none of them without its companion."""
    made = [
        an_exchange(probe, id=f"{probe}-{n:05}", asks={"seed": n})
        for n in range(2 * LINKED_AT_MOST + 200)
        for probe in ("chat.basic", "chat.stream.basic")
    ]
    found = forms(*made)

    assert LINKED_AT_MOST == len(found)
    assert all(one[-5:] == other[-5:] for one, other in found)
    assert found == forms(*reversed(made))


def test_other_requests_are_no_pair() -> None:
    """Another model, or no body at all, is another request."""
    plain = an_exchange(asks={"model": "small"})

    assert [] == forms(plain, an_exchange("chat.stream.basic"), an_exchange("models.list"))


def test_other_peoples_requests_are_not_compared() -> None:
    """Two recordings of one request may lie days apart."""
    request = a_request()
    plain = an_exchange(None, request=request, id="a")
    stream = an_exchange(
        None, request=a_request({"model": "tiny", "stream": True}), status=400, json={}, id="b"
    )
    found = Judge([plain, stream], BASE, foreign=True).finding(all_checks()["parity.status"])

    assert Outcome.SKIP is found.outcome


def test_a_problem_belongs_to_its_exchange() -> None:
    """A problem names the exchange it was met on: of a pair the stream, unless the check says."""
    own = replace(a_problem(), exchange="chat.basic")
    pair = (an_exchange(), an_exchange("chat.stream.basic"))
    found = verdict(a_check(a_problem(), own, scope=Scope.PAIR), *pair)

    assert ["chat.stream.basic", "chat.basic"] == [p.exchange for p in found.problems]
    assert ("chat.basic", "chat.stream.basic") == found.judged


def test_all_that_is_linked_must_be_there() -> None:
    """A check of several probes is not judged while one of them is missing."""
    check = a_check(scope=Scope.LINKED, probes=("chat.basic", "models.list"))

    assert Outcome.INCONCLUSIVE is verdict(check, an_exchange()).outcome
    assert Outcome.PASS is verdict(check, an_exchange(), an_exchange("models.list")).outcome


def test_what_is_compared_has_a_limit() -> None:
    """Of very many linked exchanges the first are compared, so that memory stays bounded."""
    check = a_check(scope=Scope.LINKED)
    one = an_exchange()
    numbers = range(3 * LINKED_AT_MOST, 0, -1)
    made_up = replace(one, id="generated.valid:n#1")
    found = verdict(check, made_up, *(replace(one, id=f"x{n:05}") for n in numbers))

    assert LINKED_AT_MOST == len(found.judged) + found.more_judged
    assert tuple(f"x{n:05}" for n in range(1, LISTED + 1)) == found.judged


def test_a_refusal_of_everything_says_nothing_of_mistakes() -> None:
    """A mistake answered like the ordinary request shows no sense for the mistake."""
    ordinary = an_exchange(status=401, json=an_error())
    mistake = an_exchange("errors.missing-model", status=401)

    assert Outcome.INCONCLUSIVE is finding("errors.missing-model", ordinary, mistake).outcome
    assert Outcome.PASS is finding("errors.missing-model", an_exchange(), mistake).outcome


# Evidence -----------------------------------------------------------------------------------------

STREAM = Reading(an_exchange("chat.stream.basic"))
PLAIN = Reading(an_exchange())


@pytest.mark.parametrize(
    ("x", "at", "begins", "holds"),
    [
        (STREAM, "event 1", 'data: {"id"', '"role": "assistant"'),
        (STREAM, "event 5", "data: [DONE]", ""),
        (STREAM, "event 4 and 3 more: /id", 'data: {"id"', '"finish_reason": "stop"'),
        (STREAM, "event 4: tool call 0", 'data: {"id"', "stop"),
        (STREAM, "event 6", "", ""),
        (STREAM, "event x", "", ""),
        (STREAM, "byte 0 of the body", 'data: {"id"', ""),
        (STREAM, "byte 100 of the body", '.completion.chunk"', "tiny"),
        (STREAM, "byte 999999 of the body", "", ""),
        (PLAIN, "/usage/total_tokens", 'pletion_tokens": 3', '"total_tokens": 12'),
        (PLAIN, "/choices/0", '{"id"', ""),
        (PLAIN, "/", '{"id"', ""),
        (PLAIN, "/gone", '{"id"', ""),
        (PLAIN, "status", "", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_evidence_is_what_the_place_points_to(x: Reading, at: str, begins: str, holds: str) -> None:
    """The bytes at a place, and nothing where there are none."""
    shown = evidence(x, at)

    assert shown.startswith(begins) or begins in shown[:60]
    assert holds in shown
    assert begins or not shown


def test_a_problem_shows_its_evidence_cut_to_size() -> None:
    """Texts are cut, and say how long they were; a check's own evidence comes first."""
    long = Problem("/id", "e" * 300, "a" * 300, evidence="own" * 200)
    shown = verdict(a_check(long, a_problem(at="/id"))).problems

    assert "a" * 200 + "… (300 characters)" == shown[0].actual
    assert "e" * 200 + "… (300 characters)" == shown[0].expected
    assert shown[0].evidence.startswith("ownown")
    assert len(shown[0].evidence) < 430
    assert '{"id": "chatcmpl-1"' in shown[1].evidence


def test_an_exchange_that_is_not_there_has_no_evidence() -> None:
    """A check may name an exchange that nobody has."""
    found = verdict(a_check(replace(a_problem(), exchange="elsewhere")))

    assert "" == found.problems[0].evidence


# Hostility ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [200, 600, 900, 950, 970, 980, 990, 100_000], ids=str)
@pytest.mark.parametrize("opening", ["[", '{"error":'], ids=["arrays", "objects"])
def test_deep_nesting_breaks_no_check(depth: int, opening: str) -> None:
    """However deep an answer is nested, no check breaks on it."""
    ending = {"[": "]", '{"error":': "}"}[opening]
    deep = opening * depth + "1" + ending * depth
    bodies = [f'{{"id": {deep}}}', f'{{"error": {deep}}}', f'{{"choices": [{{"index": 0, "delta": {deep}, "message": {deep}}}]}}']  # fmt: skip
    exchanges = [
        an_exchange(probe, id=f"{probe}#{n}", body=b, status=status, content_type=kind)
        for n, body in enumerate(bodies)
        for probe, status, kind, b in (
            ("chat.basic", 200, "application/json", body.encode()),
            ("errors.missing-model", 400, "application/json", body.encode()),
            ("models.list", 200, "application/json", body.encode()),
            ("chat.stream.usage", 200, "text/event-stream", b"data: " + body.encode() + b"\n\n"),
        )
    ]
    found = findings(*exchanges)

    assert [] == [(i, f.reason) for i, f in found.items() if f.outcome is Outcome.ERROR]


HUGE = a_stream(
    [role_chunk(), *[a_chunk()] * 5_000, finish_chunk(), usage_chunk(usage=a_usage(9, 5_000))]
)


def test_a_long_stream_is_judged_in_time() -> None:
    """Thousands of chunks are no reason to break or to wait."""
    found = findings(an_exchange("chat.stream.usage", stream=HUGE))

    assert not {Outcome.FAIL, Outcome.ERROR} & {f.outcome for f in found.values()}


def test_an_attempt_without_anything_is_read() -> None:
    """An attempt that holds nothing but a status is judged like any other."""
    bare = replace(an_exchange(), attempts=(Attempt(200),))

    assert Outcome.ERROR not in {f.outcome for f in findings(bare).values()}


class Counted(bytes):
    """Bytes that tell when they are let go."""

    alive = 0

    def __new__(cls, data: bytes) -> Counted:
        """One more."""
        cls.alive += 1
        return super().__new__(cls, data)

    def __del__(self) -> None:
        Counted.alive -= 1


def test_what_was_judged_is_let_go() -> None:
    """Of a stream of exchanges one at a time is in memory, whether or not it has problems."""
    most = 0

    def passing() -> Iterator[Exchange]:
        nonlocal most
        for number in range(300):
            chunks = (Chunk(0.0, Counted(b"{}")),)
            yield replace(an_exchange(), id=f"x{number}", attempts=(Attempt(200, chunks=chunks),))
            del chunks
            most = max(most, Counted.alive)

    for check in (a_check(), a_check(a_problem())):
        found = Judge(passing(), BASE).finding(check)
        assert 300 == len(found.judged)
    assert most <= 2


@pytest.mark.parametrize("why_not", [None, Unjudged("it rained")], ids=["judged", "unjudged"])
def test_a_finding_lists_so_many_exchanges(why_not: Unjudged | None) -> None:
    """The first by name, in whatever order they came; the others are counted."""
    numbers = [*range(LISTED + 200, 0, -1)]
    exchanges = [replace(an_exchange(), id=f"x{n:05}") for n in numbers]
    found = verdict(a_check(why_not=why_not), *exchanges)
    listed = found.judged or tuple(name for name, _ in found.unjudged)

    assert tuple(f"x{n:05}" for n in range(1, LISTED + 1)) == listed
    assert (200, 0) == (
        (found.more_judged, found.more_unjudged)
        if why_not is None
        else (found.more_unjudged, found.more_judged)
    )


def test_of_many_problems_the_gravest_are_kept() -> None:
    """However late they come; what is counted counts them all."""
    check = a_check(a_problem(MAY), level=MUST)
    grave = replace(
        check, problems=lambda x, profile: iter([a_problem(MAY if x.id < "x300" else None)])
    )
    judge = Judge((replace(an_exchange(), id=f"x{n:03}") for n in range(310)), BASE)
    found = judge.finding(grave)

    assert (Outcome.FAIL, PROBLEMS_KEPT) == (found.outcome, len(found.problems))
    assert [f"x{n}" for n in range(300, 310)] == [p.exchange for p in found.problems[:10]]
    assert ["x000", "x001"] == [p.exchange for p in found.problems[10:12]]
    assert "310 of 310 exchanges of chat.basic" == found.reason
    assert {p.exchange for p in found.problems} == judge.unlike.keys()
