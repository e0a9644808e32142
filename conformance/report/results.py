"""results.json: the document that machines read; its schema is ``schemas/results.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf

from conformance.model.capability import Row
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.finding import Finding, Hindrance, Problem
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.report.curl import with_curl
from conformance.report.escaping import cut, in_json
from conformance.report.verdict import counts, verdict_sentence
from conformance.spec.clauses import Clause, clauses

FORMAT = "1"
SUITE = "openai-conformance"

Usage = Callable[[Exchange], tuple[int, int]]


def results(
    findings: Iterable[Finding],
    exchanges: Iterable[Exchange],
    *,
    plan: Mapping[str, JSON],
    target: Mapping[str, JSON],
    profile: Profile,
    suite: Mapping[str, JSON],
    cost: Mapping[str, JSON],
    exit_code: int,
    capabilities: Mapping[str, JSON] | None = None,
    rules: Mapping[str, Clause] | None = None,
) -> dict[str, JSON]:
    """The document of one run; ``plan`` is that of the recording's header, ``cost`` is ``cost_of``'s.

    Curl lines that findings lack are made for ``target["base_url"]`` and the profile's key variable.
    """
    found = sorted(findings, key=lambda finding: finding.check)
    told = with_curl(
        found, exchanges, origin_of(target), profile.endpoint.auth.env, profile.endpoint.headers
    )
    known = clauses() if rules is None else rules
    return {
        "format": FORMAT,
        "suite": _ordered(suite, {"name": SUITE, "version": "", "digest": ""}),
        "target": _ordered(target, {"base_url": "", "model": ""}),
        "profile": {"name": profile.name, "title": profile.title, "digest": profile.digest},
        "plan": plan_of(plan),
        "cost": _ordered(cost, dict(cost_of((), lambda _: (0, 0)))),
        "summary": _summary(found, exit_code),
        "results": [_result(finding, known) for finding in told],
        "capabilities": dict(sorted((capabilities or {}).items())),
    }


def capabilities_of(rows: Iterable[Row]) -> dict[str, JSON]:
    """The capability table as results carry it, by the parameter's name."""
    return {
        cut(row.parameter): {
            "area": row.area,
            "claimed": cut(row.claimed),
            "observed": row.observed.value,
            "how": cut(row.how),
            "detail": cut(row.detail),
            "exchanges": list(row.exchanges),
            "against": list(row.against),
        }
        for row in rows
    }


def dumps(document: Mapping[str, JSON]) -> str:
    """Canonical text: the document's own order, two spaces, unseen characters escaped, a final line end."""
    return in_json(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)) + "\n"


def cost_of(exchanges: Iterable[Exchange], usage_of: Usage) -> dict[str, JSON]:
    """What was spent; ``usage_of`` tells an answer's input and output tokens, zeros where it has none."""
    cost = Cost()
    for exchange in exchanges:
        cost.add(exchange, usage_of(exchange))
    return cost.total()


class Cost:
    """Adds up what exchanges cost."""

    def __init__(self) -> None:
        self._requests = self._retries = self._in = self._out = 0
        self._first = inf
        self._last = 0.0

    def add(self, exchange: Exchange, used: tuple[int, int]) -> None:
        """Count one exchange, whose answer used so many input and output tokens."""
        sent = [attempt for attempt in exchange.attempts if _was_sent(attempt)]
        if not sent:
            return
        self._requests += len(sent)
        self._retries += len(sent) - 1
        self._in, self._out = self._in + max(0, used[0]), self._out + max(0, used[1])
        self._first = min(self._first, *(attempt.started for attempt in sent), inf)
        self._last = max(self._last, *(attempt.started + attempt.seconds for attempt in sent), 0.0)

    def total(self) -> dict[str, JSON]:
        """The sums; seconds are from the first start to the last end."""
        seconds = self._last - self._first if self._requests else 0.0
        return {
            "requests": self._requests,
            "retries": self._retries,
            "input_tokens": self._in,
            "output_tokens": self._out,
            "seconds": round(max(0.0, seconds), 4),
        }


def _was_sent(attempt: Attempt) -> bool:
    return attempt.ended is not Ended.REFUSED


def origin_of(target: Mapping[str, JSON]) -> str:
    """Scheme, host and port of a target's base URL; empty where it has none."""
    url = target.get("base_url")
    scheme, there, rest = (url if isinstance(url, str) else "").partition("://")
    return scheme + there + rest.partition("/")[0] if there else ""


def plan_of(plan: Mapping[str, JSON]) -> dict[str, JSON]:
    """The plan as results show it, from that of a recording's header (``steps``, ``left_out`` as pairs)."""
    steps = [step for step in _list(plan.get("steps")) if isinstance(step, dict)]
    probes = [step["probe"] for step in steps if isinstance(step.get("probe"), str)]
    return {
        "checks": _list(plan.get("checks")),
        "probes": _list(plan.get("probes")) or list(dict.fromkeys(probes)),
        "deselected": _list(plan.get("deselected")),
        "left_out": [_left_out(entry) for entry in _list(plan.get("left_out"))],
        "requests": _count(plan.get("requests", len(steps))),
        "max_output_tokens": _total(plan, steps, "max_output_tokens"),
        "prompt_tokens": _total(plan, steps, "prompt_tokens"),
    }


def _left_out(entry: JSON) -> JSON:
    match entry:
        case [str(probe), str(reason)]:
            return {"probe": probe, "reason": reason}
        case {"probe": str(probe), "reason": str(reason)}:
            return {"probe": probe, "reason": reason}
    return {"probe": str(entry), "reason": "not stated"}


def _total(plan: Mapping[str, JSON], steps: Sequence[Mapping[str, JSON]], name: str) -> int:
    return _count(plan[name]) if name in plan else sum(_count(step.get(name)) for step in steps)


def _count(value: JSON) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _list(value: JSON) -> list[JSON]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _ordered(given: Mapping[str, JSON], defaults: dict[str, JSON]) -> dict[str, JSON]:
    """The members that the format names, in its order, then others by name."""
    more = {key: given[key] for key in sorted(given) if key not in defaults}
    return {key: given.get(key, default) for key, default in defaults.items()} | more


def _summary(findings: Sequence[Finding], exit_code: int) -> dict[str, JSON]:
    found: dict[str, JSON] = {str(outcome): n for outcome, n in counts(findings).items()}
    return found | {"exit": exit_code, "verdict": verdict_sentence(findings, exit_code)}


def _result(finding: Finding, known: Mapping[str, Clause]) -> JSON:
    clause = known.get(finding.clause)
    entry: dict[str, JSON] = {
        "id": finding.check,
        "level": finding.level.value,
        "outcome": finding.outcome.value,
        "clause": finding.clause,
        "title": finding.title,
        "exchanges": list(finding.judged),
        **({"more_exchanges": finding.more_judged} if finding.more_judged else {}),
        "problems": [_problem(problem, finding) for problem in finding.problems],
        "breaks": list(clause.breaks) if clause else [],
    }
    if finding.reason:
        entry["reason"] = cut(finding.reason)
    entry["unjudged"] = [
        {"exchange": name, "reason": cut(why.reason), "hindrance": Hindrance(why.hindrance).value}
        for name, why in finding.unjudged
    ]
    if finding.more_unjudged:
        entry["more_unjudged"] = finding.more_unjudged
    if finding.curl and finding.problems:
        entry["curl"] = finding.curl
    return entry


def _problem(problem: Problem, finding: Finding) -> JSON:
    entry: dict[str, JSON] = {
        "at": cut(problem.at),
        "expected": cut(problem.expected),
        "actual": cut(problem.actual),
        "exchange": problem.exchange,
        "level": (problem.level or finding.level).value,
    }
    if problem.evidence:
        entry["evidence"] = cut(problem.evidence)
    if problem.waived is not None:
        entry["waived"] = problem.waived
    if problem.claims:
        entry["claims"] = [cut(claim) for claim in problem.claims]
    return entry
