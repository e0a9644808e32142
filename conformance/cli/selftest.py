"""``selftest``: every check against every fault."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase

import typer

from conformance.model.errors import UsageError


def selftest(
    fault: list[str] = typer.Option(
        [], "--fault", metavar="GLOB", help="Only faults that match; may be repeated."
    ),
    profile: str = typer.Option(
        "openai", "--profile", metavar="NAME|FILE", help="The profile that the server plays."
    ),
    quiet: bool = typer.Option(
        False, "--quiet", "-q", help="Print only rows that are wrong, and the verdict."
    ),
) -> None:
    """Prove the suite: the correct server passes, and each fault is noticed by exactly the checks it names.

    Starts the reference server on 127.0.0.1; nothing else is contacted.
    """
    from conformance.profiles.load import load_profile
    from conformance.proof import clean, misnamed, prove, unproved
    from conformance.refserver.faults import FAULTS

    chosen = [f for f in FAULTS if not fault or any(fnmatchcase(f.name, g) for g in fault)]
    if not chosen:
        raise UsageError(
            f"--fault {' '.join(fault)!r} matches no fault; `conformance list faults` shows all"
        )
    wrong = 0
    claims = load_profile(profile)
    told = clean(claims, lambda line: print(f"WRONG  the correct server: {line}"))
    wrong += len(told)
    for proof in prove(chosen, claims):
        if proof.exact and quiet:
            continue
        word = "ok   " if proof.exact else "WRONG"
        print(
            f"{word}  {proof.fault.name:44} {', '.join(sorted(proof.seen & proof.fault.caught_by))}",
            flush=True,
        )
        for check in sorted(proof.missed):
            print(f"       missed by {check}")
        for check in sorted(proof.noise):
            print(f"       also set off {check}")
        wrong += not proof.exact
    if not fault:
        for check in unproved(FAULTS):
            print(f"WRONG  no fault proves {check}")
            wrong += 1
        for name, check in misnamed(FAULTS):
            print(f"WRONG  {name} names {check}, which is no check")
            wrong += 1
    print(f"{len(chosen)} faults, {wrong} wrong", file=sys.stderr if quiet else sys.stdout)
    raise typer.Exit(1 if wrong else 0)
