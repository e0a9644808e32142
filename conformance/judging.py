"""From exchanges to findings and results.json: the same for a live run, a recording and foreign traffic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from conformance import __version__
from conformance.capabilities.table import Table
from conformance.checks.registry import all_checks
from conformance.judge import Judge, exit_code
from conformance.model.capability import Row
from conformance.model.exchange import Exchange
from conformance.model.finding import Finding
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.report.curl import with_curl
from conformance.report.results import Cost, capabilities_of, origin_of, results
from conformance.wire.answer import stated_usage
from conformance.wire.reading import Reading


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run came to: findings with their curl lines, the results document, the exit code."""

    findings: tuple[Finding, ...]
    exit_code: int
    document: dict[str, JSON]
    profile: Profile
    target: Mapping[str, JSON]
    suite: Mapping[str, JSON]
    cost: Mapping[str, JSON]
    capabilities: tuple[Row, ...] = ()
    """What was seen of each parameter."""


@cache
def suite_digest() -> str:
    """Sixteen hex digits that change when a check is added, removed or given another level or rule."""
    said = [f"{c.id} {c.level} {c.title} {c.clause}" for c in all_checks().values()]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def suite_facts() -> dict[str, JSON]:
    """Name, version and digest of this suite, as recordings and results carry them."""
    return {"name": "openai-conformance", "version": __version__, "digest": suite_digest()}


def judge_exchanges(
    exchanges: Iterable[Exchange],
    profile: Profile,
    selected: Iterable[str],
    *,
    plan: Mapping[str, JSON] | None = None,
    target: Mapping[str, JSON] | None = None,
    suite: Mapping[str, JSON] | None = None,
    foreign: bool = False,
    strict: bool = False,
    settled: Callable[[Exchange], bool] | None = None,
) -> Judgement:
    """Judge the selected checks on these exchanges, each read once, and make the results document."""
    known = all_checks()
    cost = Cost()
    chosen: list[JSON] = [i for i in selected if i in known]
    planned: dict[str, JSON] = dict(plan or {"checks": chosen})
    where: Mapping[str, JSON] = target or {}
    model, left_out = where.get("model"), _left_out(planned)
    named = model if isinstance(model, str) else None
    table = Table(profile, model=named, left_out=left_out, foreign=foreign)

    def note(x: Reading) -> None:
        cost.add(x.exchange, usage_in(x))
        table.take(x)

    judge = Judge(
        exchanges,
        profile,
        left_out=left_out,
        foreign=foreign,
        on_reading=note,
        settled=settled,
    )
    findings = judge.findings(known[str(i)] for i in chosen)
    code, rows = exit_code(findings, strict=strict), table.rows(findings)
    facts, spent = suite or suite_facts(), cost.total()
    found = tuple(judge.unlike.values())
    told = with_curl(
        findings, found, origin_of(where), profile.endpoint.auth.env, profile.endpoint.headers
    )
    document = results(
        findings,
        found,
        plan=planned,
        target={name: where[name] for name in ("base_url", "model") if name in where},
        profile=profile,
        suite=facts,
        cost=spent,
        exit_code=code,
        capabilities=capabilities_of(rows),
    )
    return Judgement(tuple(told), code, document, profile, where, facts, spent, rows)


def _left_out(plan: Mapping[str, JSON]) -> dict[str, str]:
    entries = plan.get("left_out")
    found: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else []:
        match entry:
            case [str(probe), str(reason)]:
                found[probe] = reason
    return found


def usage_of(exchange: Exchange) -> tuple[int, int]:
    """Prompt and completion tokens that an answer says were used; zeros where it says nothing."""
    return usage_in(Reading(exchange))


def usage_in(reading: Reading) -> tuple[int, int]:
    """The same of an exchange that is being read already."""
    found = stated_usage(reading)
    if not isinstance(found, dict):
        return 0, 0
    counts = [found.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (
        c if isinstance(c, int) and not isinstance(c, bool) and c > 0 else 0 for c in counts
    )
    return prompt, completion
