"""Findings and exchanges for tests of reports, friendly and hostile ones."""

from __future__ import annotations

from conformance.model.capability import Observed, Row
from conformance.model.exchange import Attempt, Exchange
from conformance.model.finding import Finding, Hindrance, Level, Outcome, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.model.request import Credentials, Headers, Operation, Request
from conformance.spec.clauses import Clause, Source

HOSTILE = {
    "ansi": "\x1b[31mred\x1b]0;title\x07\x1b[2J",
    "c1-control": "a\x9b31mb\x85c",
    "rich-markup": "[red]x[/red] [link=file:///etc/passwd]y[/link] :boom:",
    "html": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" \'',
    "backticks": "```\n# heading\n``` ` `` [a](javascript:alert(1)) ![i](http://x/y.png)",
    "pipes": "| a | b |\n|---|---|\n",
    "line-breaks": "a\r\n\r\n- b\n\n<details>\u2028c\u2029d",
    "right-to-left": "abc\u202edcba\u2066x\u2069\u200f",
    "lone-surrogate": "a\ud800b",
    "null": "a\0b",
    "mentions": "@someone #12 https://evil.example/ www.evil.example $x$",
    "megabyte": "A" * 1_000_000,
}
PROFILE = Profile("_base", "What every client needs", digest="00112233aabbccdd")
TARGET = {"base_url": "http://127.0.0.1:8000/v1", "model": "m"}
SUITE = {"version": "0.1.0", "digest": "ffee000011112222"}
COST = {
    "requests": 12,
    "retries": 1,
    "input_tokens": 1234,
    "output_tokens": 56,
    "seconds": 1.2345,
}


def a_request(body: bytes | None = b'{"model":"m"}', **parts: object) -> Request:
    """A chat request."""
    headers: Headers = (("Accept", "application/json"), ("Content-Type", "application/json"))
    given: dict[str, object] = {
        "method": "POST",
        "path": "/v1/chat/completions",
        "operation": Operation.CHAT,
        "headers": headers,
        "body": body,
        "credentials": Credentials.KEY,
    }
    return Request(**(given | parts))  # type: ignore[arg-type]


def an_exchange(id: str = "chat.basic", *attempts: Attempt, **parts: object) -> Exchange:
    """An exchange answered 200, or with these attempts."""
    return Exchange(id, a_request(**parts), attempts or (Attempt(200),))


def a_finding(check: str, outcome: Outcome, level: Level = Level.MUST, **parts: object) -> Finding:
    """A finding of a check whose clause has its own id."""
    given: dict[str, object] = {"title": "`id` is a string.", "clause": check} | parts
    return Finding(check=check, level=level, outcome=outcome, **given)  # type: ignore[arg-type]


def a_problem(at: str = "/id", **parts: object) -> Problem:
    """A problem in chat.basic."""
    given = {"expected": "a string", "actual": "7", "exchange": "chat.basic"} | parts
    return Problem(at, **given)  # type: ignore[arg-type]


def a_clause(check: str) -> Clause:
    """A clause of that id."""
    source = Source("Reference, chat", "2026-11-20", "30 of 30 recordings")
    return Clause(check, Level.MUST, source, "The id.", "Why.", ("openai-python: is None",), "Fix.")


def a_handful() -> list[Finding]:
    """One finding of each outcome, and a second one with the same cause."""
    many = tuple(a_problem(f"/choices/{n}/index", evidence=f'{{"index":{n}}}') for n in range(5))
    cause = "chat.stream.basic: status 500, not 200"
    stuck = {"reason": cause, "hindrance": Hindrance.ENDPOINT}
    return [
        a_finding("auth.no-key", Outcome.SKIP, reason="not claimed: the profile has no key"),
        a_finding(
            "auth.challenge", Outcome.NOTE, Level.MAY, problems=(a_problem("header X", level=None),)
        ),
        a_finding("chat.response.choice-index", Outcome.FAIL, problems=many),
        a_finding("chat.response.id", Outcome.PASS, judged=("chat.basic",)),
        a_finding(
            "chat.response.model",
            Outcome.WAIVED,
            problems=(a_problem("/model", waived="an alias"),),
            reason="an alias",
        ),
        a_finding("chat.response.usage", Outcome.STALE, reason="the waiver meets no problem"),
        a_finding(
            "chunk.role-first",
            Outcome.WARN,
            problems=(a_problem("event 1", level=Level.SHOULD),),
        ),
        a_finding(
            "http.answered",
            Outcome.INCONCLUSIVE,
            reason="budget: --max-requests 3",
            hindrance=Hindrance.RUN,
        ),
        a_finding("parity.model", Outcome.ERROR, Level.SHOULD, reason="KeyError: 'x' (f, line 1)"),
        a_finding(
            "stream.done",
            Outcome.INCONCLUSIVE,
            unjudged=(("chat.stream.basic", Unjudged("status 500, not 200")),),
            **stuck,
        ),
        a_finding("stream.done-once", Outcome.INCONCLUSIVE, **stuck),
    ]


def a_hostile_handful(text: str) -> list[Finding]:
    """Findings in which every string that an endpoint or a traffic file can choose is this one."""
    problem = Problem(text, text, text, exchange=text, evidence=text, waived=None)
    waived = Problem(text, text, text, exchange=text, evidence=text, waived=text)
    return [
        a_finding("chat.response.choice-index", Outcome.FAIL, problems=(problem,) * 5, curl=text),
        a_finding("chat.response.model", Outcome.WAIVED, problems=(waived,), reason=text),
        a_finding("chat.response.usage", Outcome.STALE, reason=text),
        a_finding("chunk.role-first", Outcome.WARN, Level.SHOULD, problems=(problem,)),
        a_finding("http.answered", Outcome.INCONCLUSIVE, reason=text, hindrance=Hindrance.RUN),
        a_finding("parity.model", Outcome.ERROR, reason=text),
        a_finding(
            "stream.done", Outcome.NOTE, problems=(problem,), unjudged=((text, Unjudged(text)),)
        ),
        a_finding("turn.own-message", Outcome.SKIP, reason=text),
    ]


def a_row(parameter: str = "n", observed: Observed = Observed.IGNORED, **parts: object) -> Row:
    """A row of the capability table, of a profile that claims nothing."""
    given: dict[str, object] = {"area": "param", "claimed": "unknown", "how": "1 choice"} | parts
    return Row(parameter, observed=observed, **given)  # type: ignore[arg-type]


def a_table() -> tuple[Row, ...]:
    """One row of each word, as without a profile."""
    return (
        a_row("stream", Observed.SUPPORTED, claimed="full", how="an event stream came"),
        a_row("n", exchanges=("param.n.value:two",)),
        a_row("stop", Observed.CLAMPED, how="5 items cut"),
        a_row("logprobs", Observed.VARIES, how="plain: supported; in streams: ignored"),
        a_row("verbosity", Observed.REJECTED, how="400 unsupported: No."),
        a_row("tools", Observed.UNCLEAR, how="the model made no call"),
        a_row("temperature", Observed.ACCEPTED, how="", detail="outside its range: 5 accepted"),
        a_row("seed", Observed.NOT_SEEN, how="budget: --max-requests 3"),
    )


def a_claimed_table() -> tuple[Row, ...]:
    """Rows of a profile that makes claims, of which one is broken."""
    broken = ("param.n.effective",)
    return (
        a_row("n", claimed="full: at most 4", against=broken),
        a_row("stop", Observed.SUPPORTED, claimed="full"),
        a_row("user", Observed.ACCEPTED, claimed="full"),
        a_row("store", Observed.IGNORED, claimed="none: ignore"),
        a_row("audio", Observed.NOT_SEEN, claimed="none"),
    )


def a_hostile_table(text: str) -> tuple[Row, ...]:
    """Rows in which every string that an endpoint or a traffic file can choose is this one."""
    return tuple(
        a_row(text, observed, claimed=text, how=text, detail=text, exchanges=(text,))
        for observed in Observed
    )


CLAUSES = {finding.check: a_clause(finding.check) for finding in a_handful()}
