"""``--repeat``: what may fail only now and then is sent several times, and findings say how often it failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from conformance.checks.registry import all_checks
from conformance.judge import how_often
from conformance.judging import judge_exchanges
from conformance.model.errors import UsageError
from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.plan import Stage
from conformance.options import Options
from conformance.plan import make_plan
from conformance.report.text import finding_text
from conformance.spec.data import data_dir
from conformance.wire import strict_json
from tests.builders import BASE, TARGET, a_stream, an_exchange, finding, problems
from tests.doors import KEY, at, cli, outcomes, playing, read_results

STREAM = "chat.stream.basic"


def sent(number: int, *, empty: bool = False) -> Exchange:
    """One of several sendings of a stream; some are empty."""
    name = STREAM if number == 1 else f"{STREAM}#{number}"
    return an_exchange(STREAM, id=name, stream=a_stream([]) if empty else None)


SOME_EMPTY = [sent(n, empty=n in (2, 5)) for n in range(1, 6)]


def test_some_probes_are_sent_again() -> None:
    """Streams, the smallest request and the words to be repeated; each sending has an id of its own."""
    once = make_plan(all_checks(), BASE, TARGET)
    thrice = make_plan(all_checks(), BASE, TARGET, repeat=3)
    again = [step for step in thrice.steps if step not in once.steps]

    assert {"#2", "#3"} == {step.id[-2:] for step in again}
    assert {"chat.basic", STREAM, "isolation.canary.one"} <= {step.probe for step in again}
    assert len(again) == 2 * len({step.probe for step in again})
    assert all(step.stage is Stage.CHAT for step in again)
    assert [s.id for s in once.steps] == [s.id for s in thrice.steps if s not in again]


def test_repetitions_count_for_the_budget() -> None:
    """What does not fit is left out by its own id."""
    plan = make_plan(["stream.not-empty"], BASE, TARGET, repeat=9, max_requests=4)

    assert 4 == len(plan.steps)
    assert (f"{STREAM}#9", "budget: --max-requests 4") in plan.left_out


def test_a_finding_says_how_often() -> None:
    """The reason counts the exchanges that broke the rule among those of the same probe."""
    found = finding("stream.not-empty", *SOME_EMPTY)

    assert (Outcome.FAIL, f"2 of 5 exchanges of {STREAM}") == (found.outcome, found.reason)
    assert f"2 of 5 exchanges of {STREAM}" in finding_text(found)


def test_results_say_it_too() -> None:
    """In a member that the published schema has."""
    made = judge_exchanges(SOME_EMPTY, BASE, ["stream.not-empty"])
    schema = strict_json.parse((data_dir("schemas") / "results.schema.json").read_bytes()).value
    jsonschema.validate(made.document, schema)  # type: ignore[arg-type]
    result = made.document["results"][0]  # type: ignore[index, call-overload]

    assert f"2 of 5 exchanges of {STREAM}" == result["reason"]  # type: ignore[index, call-overload]


def test_what_was_sent_once_is_not_counted() -> None:
    """One exchange of a probe needs no count, and neither does other people's traffic."""
    once = finding("stream.not-empty", sent(1, empty=True))
    foreign = [replace(x, probe=None) for x in SOME_EMPTY]

    assert "" == once.reason
    assert "" == finding("stream.not-empty", *foreign, foreign=True).reason


def test_every_probe_is_counted_apart() -> None:
    """Several probes, several counts, in their order."""
    found = problems("stream.not-empty", *SOME_EMPTY)
    judged = [x.id for x in SOME_EMPTY]

    assert f"2 of 5 exchanges of {STREAM}" == how_often(found, [*judged, "chat.stream.long"])


@pytest.mark.parametrize("times", [0, -1])
def test_a_repetition_is_at_least_one(times: int) -> None:
    """Less makes no sense."""
    with pytest.raises(UsageError, match=r"--repeat is at least 1, not"):
        Options(repeat=times)


def test_a_right_server_stays_right(tmp_path: Path) -> None:
    """Repetition alone sets nothing off."""
    with playing(key=KEY, pace=0.005) as server:
        said = cli(
            *("run", *at(server), "--profile", "openai", "--repeat", 3, "--quiet"),
            *("--json", tmp_path / "r.json", "--recording", tmp_path / "r.jsonl"),
        )
        document = read_results(tmp_path / "r.json")

    loud = {i for i, o in outcomes(document).items() if o in ("fail", "warn", "note", "error")}
    assert (0, set()) == (said.code, loud)


def test_a_dry_run_shows_the_repetitions() -> None:
    """Before anything is sent."""
    said = cli(
        "run", "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--dry-run", "--repeat", 4
    )

    assert f"{STREAM}#4 " in said.out
    assert f"{STREAM}#5 " not in said.out


def test_cases_of_a_family_are_not_counted_together() -> None:
    """Each is a request of its own: what one of them says is no sample of another."""
    cases = [
        replace(x, probe="param.stop.value", id=f"param.stop.value:{n}")
        for n, x in enumerate(SOME_EMPTY)
    ]
    again = [
        replace(x, probe="param.stop.value", id=f"{cases[0].id}#{n}")
        for n, x in enumerate(SOME_EMPTY, 2)
    ]

    assert "" == finding("stream.not-empty", *cases).reason
    assert finding("stream.not-empty", *again).reason.endswith(
        "of 5 exchanges of param.stop.value:0"
    )
