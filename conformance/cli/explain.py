"""``list`` and ``explain``: what the suite knows, as text or JSON."""

from __future__ import annotations

import difflib
import json
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from conformance.model.errors import UsageError

if TYPE_CHECKING:
    from conformance.probes.registry import Probe


class Things(StrEnum):
    """What can be listed."""

    CHECKS = "checks"
    PROBES = "probes"
    PROFILES = "profiles"
    FAULTS = "faults"
    ODDITIES = "oddities"


class Format(StrEnum):
    """How output is written."""

    TEXT = "text"
    JSON = "json"


_PROFILE = typer.Option(
    "base",
    "--profile",
    metavar="NAME|FILE",
    help="The claims that say how many requests a family of probes makes.",
)


def rows(what: Things, profile: str = "base") -> list[dict[str, str]]:
    """One row for each thing: its id first, its title last."""
    if what is Things.CHECKS:
        from conformance.checks.registry import all_checks

        return [
            {"id": c.id, "level": c.level.value, "title": c.title} for c in all_checks().values()
        ]
    if what is Things.PROBES:
        from conformance.probes.registry import all_probes

        return [
            {
                "id": p.id,
                "request": f"{p.method} {p.operation.value}{_times(p, profile)}",
                "title": p.title,
            }
            for p in all_probes().values()
        ]
    if what is Things.FAULTS:
        from conformance.refserver.faults import FAULTS

        return [
            {"id": f.name, "caught by": ", ".join(sorted(f.caught_by)), "title": f.title}
            for f in sorted(FAULTS, key=lambda f: f.name)
        ]
    if what is Things.ODDITIES:
        from conformance.refserver.oddities import ODDITIES

        return [{"id": o.name, "title": o.title} for o in sorted(ODDITIES, key=lambda o: o.name)]
    from conformance.profiles.load import load_profile, profile_names

    return [{"id": name, "title": load_profile(name).title} for name in profile_names()]


def _times(probe: Probe, profile: str) -> str:
    """How often a family asks in the full suite; nothing for other probes."""
    return f", {_cases(probe, profile, 'full')} times" if probe.cases else ""


def _cases(probe: Probe, profile: str, suite: str) -> int:
    """How many requests a family makes in a suite by these claims."""
    from conformance.model.plan import Suite
    from conformance.model.target import Target
    from conformance.probes.registry import steps_of
    from conformance.profiles.load import load_profile

    target = Target("http://127.0.0.1", "/v1", "model")
    return len(steps_of(probe, target, load_profile(profile), Suite[suite.upper()]))


def list_things(
    what: Things = typer.Argument(Things.CHECKS, help="What to list."),
    profile: str = _PROFILE,
    format: Format = typer.Option(Format.TEXT, "--format", help="text or json."),
) -> None:
    """List checks, probes, profiles, faults or oddities. Sends nothing."""
    found = rows(what, profile)
    if format is Format.JSON:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    columns = list(found[0]) if found else []
    widths = {c: min(44, max(len(row[c]) for row in found)) for c in columns}
    for row in found:
        print("  ".join(row[c].ljust(widths[c]) for c in columns).rstrip())


def explain(
    id: str = typer.Argument(..., metavar="ID", help="A check, probe, profile, fault or oddity."),
    profile: str = _PROFILE,
    format: Format = typer.Option(Format.TEXT, "--format", help="text or json."),
) -> None:
    """Explain a check: the rule, its source, why it matters, who breaks, how to fix it. Sends nothing."""
    facts = explanation(id, profile)
    if format is Format.JSON:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    print(f"{facts.pop('id')}  ({facts.pop('kind')})")
    for name, value in facts.items():
        lines = value if isinstance(value, list) else [value]
        if not lines:
            continue
        print(f"\n{name}:")
        for line in lines:
            print(_wrapped(str(line), bullet=isinstance(value, list)))


def _wrapped(text: str, *, bullet: bool) -> str:
    from textwrap import fill

    start = "  - " if bullet else "  "
    return "\n".join(
        fill(line, 96, initial_indent=start, subsequent_indent=" " * len(start))
        for line in text.splitlines() or [""]
    )


def explanation(id: str, profile: str = "base") -> dict[str, object]:
    """All that is known about a thing, in the order in which it is read; a UsageError names the nearest."""
    for made in (_check, _probe, _fault, _oddity, _profile):
        facts = made(id, profile)
        if facts is not None:
            return facts
    known = [row["id"] for what in Things for row in rows(what)]
    near = difflib.get_close_matches(id, dict.fromkeys(known), 3, 0.5)
    hint = (
        f"; did you mean {' or '.join(near)}?" if near else "; `conformance list checks` shows all"
    )
    raise UsageError(f"nothing is called {id!r}{hint}")


def _check(id: str, profile: str) -> dict[str, object] | None:
    from conformance.checks.registry import all_checks
    from conformance.probes.registry import all_probes
    from conformance.refserver.faults import FAULTS
    from conformance.spec.clauses import clauses

    check = all_checks().get(id)
    if check is None:
        return None
    clause = clauses()[check.clause]
    return {
        "id": id,
        "kind": f"check, {check.level.value.upper()}",
        "rule": check.title,
        "in full": clause.says,
        "source": str(clause.source),
        "why it matters": clause.why,
        "who breaks": list(clause.breaks),
        "how to fix": clause.fix,
        "sent for it": list(check.probes),
        # A few checks have the name of their probe: then this is the only place to see its request.
        **_request(all_probes().get(id), profile),
        "faults that prove it": sorted(f.name for f in FAULTS if id in f.caught_by),
    }


def _probe(id: str, profile: str) -> dict[str, object] | None:
    from conformance.checks.registry import all_checks
    from conformance.probes.registry import all_probes

    probe = all_probes().get(id)
    if probe is None:
        return None
    return {
        "id": id,
        "kind": "probe",
        "what": probe.title,
        **_request(probe, profile),
        "serves": [c.id for c in all_checks().values() if id in c.probes],
    }


def _shown(body: bytes) -> str:
    """A body as text, or as escaped bytes where it is none; a long one is cut."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = repr(body)[2:-1]
    return text if len(text) <= 400 else f"{text[:200]}… ({len(body)} bytes)"


def _request(probe: Probe | None, profile: str) -> dict[str, object]:
    if probe is None:
        return {}
    request: dict[str, object] = {
        "request": f"{probe.method} {probe.path or probe.operation.value}"
    }
    if probe.after:
        request["body"] = f"built from the answer to {probe.after}"
    elif probe.cases is not None:
        core, full = (_cases(probe, profile, suite) for suite in ("core", "full"))
        request["requests"] = f"{core} in core, {full} in full by the claims of {profile}"
    elif isinstance(probe.body, bytes):
        request["body"] = _shown(probe.body)
    elif probe.body is not None:
        request["body"] = json.dumps(probe.body, ensure_ascii=False)
    return request


def _fault(id: str, _: str) -> dict[str, object] | None:
    from conformance.refserver.faults import FAULTS

    fault = next((f for f in FAULTS if f.name == id), None)
    if fault is None:
        return None
    return {
        "id": id,
        "kind": "fault",
        "what": fault.title,
        "caught by exactly": sorted(fault.caught_by),
    }


def _oddity(id: str, _: str) -> dict[str, object] | None:
    from conformance.refserver.oddities import ODDITIES

    oddity = next((o for o in ODDITIES if o.name == id), None)
    if oddity is None:
        return None
    return {
        "id": id,
        "kind": "oddity",
        "what": oddity.title,
        "legal because": [oddity.because] if oddity.because else [],
        "excludes": sorted(
            o.name for o in ODDITIES if o.only_one and o.only_one == oddity.only_one and o != oddity
        ),
    }


def _profile(id: str, _: str) -> dict[str, object] | None:
    from conformance.profiles.load import load_profile, profile_names

    if id not in profile_names():
        return None
    profile = load_profile(id)
    return {
        "id": id,
        "kind": "profile",
        "what": profile.title,
        "summary": profile.summary,
        "sources": [f"{s.title}{' ' + s.url if s.url else ''}" for s in profile.sources.values()],
        "statements": [f"{name}: {s.says}" for name, s in profile.statements.items()],
        "waivers": [f"{w.check}: {w.because}" for w in profile.waivers],
    }
