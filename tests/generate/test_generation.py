"""What searches find, make small, send again, remember and leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.checks.registry import all_checks
from conformance.generate.generation import memory_of
from conformance.judge import Judge
from conformance.model.exchange import Attempt
from conformance.model.finding import Outcome
from conformance.model.request import Request
from conformance.profiles.load import load_profile
from conformance.refserver.faults import fault_named
from tests.builders import an_exchange

from .searching import OPENAI, TARGET, Body, Hunt, body_of, failing, server

VALID = "generated.valid-accepted"
LOUD = (Outcome.FAIL, Outcome.WARN, Outcome.ERROR, Outcome.STALE)


def n_and_user(body: Body) -> bool:
    """A combination of two parameters."""
    return body.get("n", 1) > 1 and body.get("user") is not None


@pytest.mark.parametrize("name", ["openai", "base"])
def test_the_reference_server_sets_nothing_off(name: str) -> None:
    """Whatever is made up, a right server is found to be right."""
    profile = load_profile(name)
    hunt = Hunt(server(profile), profile, examples=2)()
    found = Judge(hunt.sent, profile).findings(all_checks().values())

    assert [] == [(f.check, f.problems[0]) for f in found if f.outcome in LOUD]
    assert {"generated.valid", "generated.malformed", "generated.text"} <= {
        x.probe for x in hunt.sent
    }


@pytest.mark.parametrize("seed", range(2))
def test_a_combination_is_found_and_made_small(seed: int) -> None:
    """Of a request with a dozen parameters the two remain that break it."""
    hunt = Hunt(failing(n_and_user))("generated.valid:n", seed=seed)
    [smallest] = hunt.minimal.values()

    assert {"n": 2, "user": "a"} == smallest


def test_the_smallest_request_asks_for_the_fewest_tokens() -> None:
    """What is sent again and again costs little."""
    hunt = Hunt(failing(n_and_user))("generated.valid:n")
    [last] = [x for x in hunt.sent if x.id == "generated.valid:n:minimal"]

    assert 1 == body_of(last.request)["max_tokens"]


def test_the_smallest_request_is_sent_three_times() -> None:
    """How often it fails is told apart from whether."""
    hunt = Hunt(failing(n_and_user))("generated.valid:n")
    again = [x.id for x in hunt.sent if ":minimal" in x.id]
    finding = Judge(hunt.sent, OPENAI).finding(all_checks()[VALID])

    assert [f"generated.valid:n:minimal{more}" for more in ("", "#2", "#3")] == again
    assert "3 of 3 exchanges of generated.valid:n:minimal" in finding.reason


def test_what_fails_only_now_and_then_is_made_small_all_the_same() -> None:
    """A request is sent once, and its answer stands while the search lasts."""
    hits = iter([True, False, True, False, False] * 1000)
    hunt = Hunt(failing(lambda body: n_and_user(body) and next(hits)))("generated.valid:n")
    finding = Judge(hunt.sent, OPENAI).finding(all_checks()[VALID])

    assert hunt.minimal
    assert "of 3 exchanges of generated.valid:n:minimal" in finding.reason


def test_one_bug_does_not_hide_another() -> None:
    """Two checks fail for reasons of their own, and each gets its smallest request."""
    refusing = failing(lambda body: "metadata" in body)

    def answer(request: Request) -> Attempt:
        crashes = body_of(request).get("top_p") is not None
        return Attempt(500) if crashes else refusing(request)

    hunt = Hunt(answer)("generated.valid:seed")

    assert {"top_p", "metadata"} <= {name for body in hunt.minimal.values() for name in body}


def test_one_bug_is_searched_for_once() -> None:
    """Other searches meet the same failure and leave it alone once it is explained."""
    hunt = Hunt(failing(n_and_user))(
        "generated.valid:n", "generated.valid:user", "generated.valid:seed"
    )

    assert 1 == len(hunt.minimal)


def test_what_a_named_probe_has_shown_is_left_alone() -> None:
    """A parameter that is refused by itself is no news in company."""
    shown = an_exchange("param.user.value", status=400, asks={"user": "x"}, body=b"")
    hunt = Hunt(failing(lambda body: "user" in body))("generated.valid:n", earlier=[shown])

    assert {} == hunt.minimal
    assert VALID in hunt.failed


def test_a_known_failure_does_not_hide_another() -> None:
    """What is known is passed over, and the search goes on to what is not."""
    shown = an_exchange("param.user.value", status=400, asks={"user": "x"}, body=b"")
    broken = failing(lambda body: "user" in body or "metadata" in body)
    hunt = Hunt(broken)("generated.valid:n", earlier=[shown])

    assert [{"n", "metadata"}] == [set(body) for body in hunt.minimal.values()]


def test_the_budget_bounds_a_search() -> None:
    """It ends with what it has, and leaves word of what it could not try."""
    hunt = Hunt(failing(n_and_user), most=15)("generated.valid:n", "generated.valid:user")

    assert 15 == len(hunt.sent)
    assert {"generated.valid:n:rest", "generated.valid:user:rest"} >= {x.id for x in hunt.notes}
    assert {"budget: --max-requests reached"} == {x.not_sent for x in hunt.notes}
    assert VALID in hunt.failed


def test_nothing_is_sent_where_the_smallest_request_is_refused() -> None:
    """A request that cannot work says nothing about what was added to it."""
    refused = an_exchange("chat.basic", status=401, json={"error": {}})
    hunt = Hunt()("generated.valid:n", earlier=[refused])

    assert [] == hunt.sent
    assert ["after chat.basic: status 401"] == [x.not_sent for x in hunt.notes]


def test_nothing_is_sent_twice() -> None:
    """Equal requests of one search and of others are one exchange."""
    hunt = Hunt()("generated.valid:n", "generated.valid:user", "generated.text:plain")
    sent = [x.request.fingerprint for x in hunt.sent]

    assert len(set(sent)) == len(sent)


def test_a_seed_gives_the_same_requests() -> None:
    """And another seed others."""
    one, two, three = (Hunt(examples=8)("generated.valid:n", seed=s) for s in (1, 1, 2))

    assert [x.request for x in one.sent] == [x.request for x in two.sent]
    assert [x.request for x in one.sent] != [x.request for x in three.sent]


def test_found_failures_are_tried_first_next_time(tmp_path: Path) -> None:
    """The second run begins with what the first one ended with."""
    first = Hunt(failing(n_and_user))("generated.valid:n", memory=tmp_path)
    second = Hunt(failing(n_and_user))("generated.valid:n", memory=tmp_path, seed=99)
    [smallest] = first.minimal.values()

    assert n_and_user(body_of(second.sent[0].request))
    assert [smallest] == list(second.minimal.values())


def test_another_target_has_a_memory_of_its_own(tmp_path: Path) -> None:
    """What fails at one endpoint is no news of another, and no name is written."""
    Hunt(failing(n_and_user))("generated.valid:n", memory=tmp_path)
    places = [path.name for path in tmp_path.iterdir() if path.is_dir()]

    assert not [name for name in places if TARGET.model in name or "127.0.0.1" in name]


def test_an_earlier_run_is_gone_on_with() -> None:
    """What a recording holds is not sent again, and new exchanges have new ids."""
    first = Hunt(examples=8)("generated.valid:n")
    second = Hunt(examples=8)("generated.valid:n", earlier=first.sent)
    third = Hunt(examples=12)("generated.valid:n", earlier=first.sent)

    assert [] == second.sent
    assert not {x.id for x in first.sent} & {x.id for x in third.sent}


def test_the_smallest_is_not_sent_again_after_a_resumption() -> None:
    """It was confirmed before."""
    first = Hunt(failing(n_and_user))("generated.valid:n")
    second = Hunt(failing(n_and_user))("generated.valid:n", earlier=first.sent)

    assert {} == second.minimal


def test_server_errors_are_not_provoked_without_end() -> None:
    """A search that crashes the server ends soon."""
    hunt = Hunt(failing(lambda body: "user" in body, 500))("generated.valid:user")
    crashes = [x for x in hunt.sent if x.last and x.last.status == 500 and ":minimal" not in x.id]

    assert len(crashes) <= 25


def test_a_defect_beside_something_else_is_found() -> None:
    """One value out of range, overlooked where another parameter stands beside it."""
    fault = fault_named("generated-defect-beside-metadata-passes")
    hunt = Hunt(server(fault=fault), examples=30)("generated.defect:temperature")

    assert {"temperature", "metadata"} in [set(body) for body in hunt.minimal.values()]


@pytest.mark.parametrize(
    ("environment", "kept"),
    [
        ({}, False),
        ({"XDG_CACHE_HOME": "{here}"}, True),
        ({"HOME": "{here}"}, True),
        ({"XDG_CACHE_HOME": "/proc/no-such-place"}, False),
    ],
    ids=["nowhere", "XDG", "home", "not writable"],
)
def test_the_memory_is_under_the_users_cache(
    environment: dict[str, str], kept: bool, tmp_path: Path
) -> None:
    """Where there is none to write to, nothing is kept."""
    told = {name: value.format(here=tmp_path) for name, value in environment.items()}
    place = memory_of(told)

    assert kept == (place is not None)
    assert place is None or tmp_path in place.parents
