"""The checks of requests that were made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from conformance.checks.generated import hopeless
from conformance.model.exchange import Ended, Exchange
from conformance.model.finding import Hindrance, Outcome
from conformance.model.profile import Errors, Parameter, Support
from conformance.model.request import Credentials, Operation, Request
from conformance.wire.reading import Reading
from tests.builders import (
    NOTE,
    WARN,
    Case,
    Value,
    a_completion,
    a_request,
    a_stream,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    idle,
    role_chunk,
    verify,
)
from tests.checks.test_parameters import claiming, full

SAY_OK: Value = [{"role": "user", "content": "Say OK."}]
CLAIMED = claiming(full("temperature", types=("number",), maximum=2), full("user"))
HIDING = claiming(full("temperature"), full("user"), errors=Errors(with_status_200=True))
INFERRED = claiming(full("temperature"), Parameter("user", Support.UNKNOWN))


def made_up(kind: str, fields: Mapping[str, Value], number: int = 1, **how: Any) -> Exchange:
    """What came of a request with these members, made up for a property."""
    body = {"model": "tiny", "messages": SAY_OK, **fields}
    return an_exchange(
        f"generated.{kind}", id=f"generated.{kind}:user#{number}", request=a_request(body), **how
    )


def raw(body: bytes, status: int = 400, number: int = 1, **how: Any) -> Exchange:
    """What came of a body that was sent as it is."""
    path = "/v1/chat/completions"
    request = Request("POST", path, Operation.CHAT, (), body, Credentials.KEY)
    told = {"json": an_error() if status >= 400 else a_completion(), **how}
    probe = "generated.malformed"
    return an_exchange(probe, id=f"{probe}:cut#{number}", request=request, status=status, **told)


def saying(text: str, status: int = 400, **how: Any) -> Exchange:
    """What came of a message with this text."""
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": text}]})
    request = Request("POST", "/v1/chat/completions", Operation.CHAT, (), body.encode())
    told = {"json": an_error() if status >= 400 else a_completion(), **how}
    probe = "generated.text"
    return an_exchange(probe, id=f"{probe}:plain#1", request=request, status=status, **told)


def streaming(text: str, **how: Any) -> Exchange:
    """What came of a message with this text, as a stream."""
    messages = [{"role": "user", "content": text}]
    body = json.dumps({"model": "tiny", "messages": messages, "stream": True})
    request = Request("POST", "/v1/chat/completions", Operation.CHAT, (), body.encode())
    probe = "generated.text"
    return an_exchange(probe, id=f"{probe}:stream#1", request=request, status=200, **how)


BOTH = {"temperature": 1, "user": "me"}
REFUSED: dict[str, Any] = {"status": 400, "json": an_error()}
NO_ROOM = an_error(message="Could not finish: max_tokens or model output limit was reached.")
VALID, DEFECT = "generated.valid-accepted", "generated.defect-refused"
MALFORMED, TEXT = "generated.malformed-refused", "generated.text-accepted"
CUT = b'{"model": "tiny", "messages": [{"role": "user"'

CASES = [
    holds(VALID, "accepted", made_up("valid", BOTH), profile=CLAIMED),
    breaks(VALID, "refused", made_up("valid", BOTH, **REFUSED), profile=CLAIMED, at="status, for temperature, user"),
    idle(VALID, "an error with 200, which has a check of its own", made_up("valid", BOTH, status=200, json=an_error()), profile=CLAIMED, outcome=Outcome.INCONCLUSIVE, also=("chat.response.not-an-error",)),
    breaks(VALID, "an error with 200, as the profile says of refusals", made_up("valid", BOTH, status=200, json=an_error()), profile=HIDING, at="status, for temperature, user"),
    breaks(VALID, "refused where a parameter is left open", made_up("valid", BOTH, **REFUSED), profile=INFERRED, at="status, for temperature, user", outcome=NOTE),
    idle(VALID, "no room for an answer", made_up("valid", BOTH, status=400, json=NO_ROOM), profile=CLAIMED, outcome=Outcome.INCONCLUSIVE),
    idle(VALID, "a server error, which has a check of its own", made_up("valid", BOTH, status=500, json=an_error()), profile=CLAIMED, outcome=Outcome.INCONCLUSIVE, also=("http.no-server-error",)),
    idle(VALID, "no such model", made_up("valid", BOTH, status=404, json=an_error(message="The model `tiny` does not exist.")), profile=CLAIMED, outcome=Outcome.INCONCLUSIVE),
    idle(VALID, "no such recording", made_up("valid", BOTH, status=404, json=an_error(message="No fixture matched.")), profile=CLAIMED, outcome=Outcome.INCONCLUSIVE),
    idle(VALID, "no such recording for the smallest request", made_up("valid", {}, status=404, json=an_error(message="No fixture matched.")), profile=CLAIMED, outcome=Outcome.INCONCLUSIVE),
    breaks(VALID, "not found because of a parameter", made_up("valid", BOTH, status=404, json=an_error(message="No endpoint supports temperature.")), profile=CLAIMED, at="status, for temperature, user"),
    holds(DEFECT, "refused", made_up("defect", {"temperature": 3, "user": "me"}, **REFUSED), profile=CLAIMED),
    breaks(DEFECT, "passed over", made_up("defect", {"temperature": 3, "user": "me"}), profile=CLAIMED, at="temperature"),
    breaks(DEFECT, "refused otherwise", made_up("defect", {"temperature": "x"}, status=422, json=an_error()), profile=CLAIMED, at="temperature"),
    holds(MALFORMED, "cut and refused", raw(CUT)),
    breaks(MALFORMED, "cut and read", raw(CUT, 200), at="status"),
    breaks(MALFORMED, "something behind it", raw(b'{"model": "tiny"} x', 200), at="status", outcome=NOTE),
    breaks(MALFORMED, "no number", raw(b'{"temperature": NaN}', 200), at="status", outcome=NOTE),
    breaks(MALFORMED, "a byte order mark", raw(b'\xef\xbb\xbf{"model": "tiny"}', 200), at="status", outcome=NOTE),
    breaks(MALFORMED, "UTF-16", raw('{"model": "tiny"}'.encode("utf-16"), 200), at="status", outcome=NOTE),
    breaks(MALFORMED, "a line break in a string", raw(b'{"model": "ti\nny"}', 200), at="status", outcome=NOTE),
    holds(TEXT, "taken", saying("\U0001f469\u200d\U0001f680", 200)),
    breaks(TEXT, "refused", saying("\U0001f469\u200d\U0001f680"), at="status"),
    breaks(TEXT, "NUL refused", saying("\x00"), at="status", outcome=NOTE),
    breaks(TEXT, "half a character refused", saying("\ud83d"), at="status", outcome=NOTE),
    breaks(TEXT, "half a character fatal", saying("\ud83d", 500), at="status", outcome=WARN),
    breaks(TEXT, "half a character ends a stream with an error", streaming("\ud83d", stream=[role_chunk(), an_error()]), at="body", actual="200, and a stream that breaks off", outcome=WARN),
    breaks(TEXT, "half a character cuts a stream", streaming("\ud83d", stream=a_stream()[:300], ended=Ended.CUT), at="body", outcome=WARN),
    holds(TEXT, "half a character streamed", streaming("\ud83d", stream=a_stream())),
    idle(TEXT, "whole characters fatal", saying("\U0001f469", 500), outcome=Outcome.INCONCLUSIVE, also=("http.no-server-error",)),
    holds(TEXT, "whole characters cut", streaming("\U0001f469", stream=a_stream()[:300], ended=Ended.CUT), also=("stream.complete",)),
    idle(TEXT, "half a character, and the endpoint is busy", saying("\ud83d", 503), outcome=Outcome.INCONCLUSIVE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_generated(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("body", "said"),
    [(b'{"model": "tiny"}', "passes for JSON"), (b"[" * 500 + b"]" * 500, "deeply nested")],
    ids=["JSON", "nested"],
)
def test_what_may_be_read_is_not_judged(body: bytes, said: str) -> None:
    """Repeated names, huge numbers and deep nesting are JSON by the letter."""
    found = finding(MALFORMED, raw(body, 200))

    assert Outcome.SKIP is found.outcome, said


@pytest.mark.parametrize(
    ("body", "is_hopeless"),
    [
        (CUT, True),
        (b'{"a": "\\u00', True),
        (b'{"a": 1}}', False),
        (b'{"a": 1} ', False),
        (b'{"a": "\xff"', False),
        (b'{"a": NaN}', False),
        (b'\xef\xbb\xbf{"a": ', False),
    ],
)
def test_what_no_reader_makes_json_of(body: bytes, is_hopeless: bool) -> None:
    """A body without its end cannot be read; all else some parser reads."""
    assert is_hopeless == hopeless(Reading(raw(body)))


def test_a_defect_of_the_output_limit_is_one() -> None:
    """The limit that every request has is passed over, unless it is the defect."""
    claims = claiming(full("max_tokens", types=("integer",)))
    body = {"model": "tiny", "messages": SAY_OK, "max_tokens": "x"}
    probe = "generated.defect"
    found = finding(
        DEFECT,
        an_exchange(probe, id=f"{probe}:max-tokens#1", request=a_request(body)),
        profile=claims,
    )

    assert Outcome.FAIL is found.outcome


def test_the_smallest_comes_first_and_alone() -> None:
    """Of many failing requests a finding shows the smallest, and how often it fails."""
    big = [made_up("valid", {**BOTH, "temperature": n / 10}, n, **REFUSED) for n in range(1, 9)]
    small = [
        an_exchange(
            "generated.valid",
            id=f"generated.valid:user:minimal{again}",
            request=a_request({"model": "tiny", "messages": SAY_OK, "user": "0"}),
            **how,
        )
        for again, how in (("", REFUSED), ("#2", REFUSED), ("#3", {}))
    ]
    found = finding(VALID, *big, *small, profile=CLAIMED)

    assert ["generated.valid:user:minimal", "generated.valid:user:minimal#2"] == [
        p.exchange for p in found.problems
    ]
    assert "2 of 3 exchanges of generated.valid:user:minimal" in found.reason


def test_the_shortest_comes_first_where_none_was_made_smaller() -> None:
    """A run that ended early shows what is quickest to read."""
    long = made_up("valid", {**BOTH, "user": "a" * 40}, 1, **REFUSED)
    short = made_up("valid", BOTH, 2, **REFUSED)
    found = finding(VALID, long, short, profile=CLAIMED)

    assert [short.id, long.id] == [p.exchange for p in found.problems]


def test_what_was_left_out_is_told() -> None:
    """A search that the budget ended leaves word, and the check is inconclusive."""
    rest = Exchange(
        "generated.valid:user:rest",
        a_request({}),
        probe="generated.valid",
        not_sent="budget: --max-requests 5 reached",
    )
    found = finding(VALID, rest, profile=CLAIMED)

    assert (Outcome.INCONCLUSIVE, Hindrance.RUN) == (found.outcome, found.hindrance)
    assert "budget: --max-requests 5 reached" in found.reason


@pytest.mark.parametrize(
    ("check", "outcome"),
    [(VALID, Outcome.INCONCLUSIVE), ("chat.response.id", Outcome.PASS)],
    ids=["its own", "general"],
)
def test_a_search_that_was_cut_short_proves_nothing(check: str, outcome: Outcome) -> None:
    """What was accepted until then does not pass for all; general rules were exercised elsewhere."""
    rest = Exchange(
        "generated.valid:user:rest",
        a_request({}),
        probe="generated.valid",
        not_sent="interrupted",
    )
    found = finding(check, made_up("valid", BOTH), rest, profile=CLAIMED)

    assert outcome is found.outcome
