"""``selftest``: every check against every fault, and all of them against every legal oddity."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

from conformance.model.errors import UsageError

if TYPE_CHECKING:
    from conformance.model.profile import Profile
    from conformance.proof import Proof
    from conformance.refserver.faults import Fault
    from conformance.refserver.oddities import Oddity

MIXTURES = 12
"""Random sets of oddities that are tried besides each one alone."""


def selftest(
    fault: list[str] = typer.Option(
        [], "--fault", metavar="GLOB", help="Only faults that match; may be repeated."
    ),
    oddity: list[str] = typer.Option(
        [], "--oddity", metavar="GLOB", help="Only oddities that match; may be repeated."
    ),
    profile: str = typer.Option(
        "openai", "--profile", metavar="NAME|FILE", help="The profile that the server plays."
    ),
    quiet: bool = typer.Option(
        False, "--quiet", "-q", help="Print only rows that are wrong, and the verdict."
    ),
) -> None:
    """Prove the suite: the correct server passes, and each fault is noticed by exactly the checks it names.

    What is legal but unusual, an oddity, must set off nothing above a note.
    Starts the reference server on 127.0.0.1; nothing else is contacted.
    """
    from conformance.profiles.load import load_profile
    from conformance.proof import clean
    from conformance.refserver.faults import FAULTS
    from conformance.refserver.oddities import ODDITIES

    everything = not fault and not oddity
    faults = FAULTS if everything else _matching(FAULTS, fault, "fault", "faults")
    oddities = ODDITIES if everything else _matching(ODDITIES, oddity, "oddity", "oddities")
    claims = load_profile(profile)
    told = clean(claims, lambda line: print(f"WRONG  the correct server: {line}"))
    wrong = len(told) + _faults(faults, claims, quiet=quiet)
    alarms = _oddities(oddities, claims, mixtures=MIXTURES if everything else 0, quiet=quiet)
    if everything:
        wrong += _catalogue(FAULTS)
    out = sys.stderr if quiet else sys.stdout
    if faults:
        print(f"{len(faults)} faults, {wrong} wrong", file=out)
    if oddities:
        print(f"{len(oddities)} oddities, {alarms} alarms", file=out)
    raise typer.Exit(1 if wrong or alarms else 0)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_T = TypeVar("_T", bound=_Named)


def _matching(known: Sequence[_T], globs: list[str], option: str, listed: str) -> tuple[_T, ...]:
    """Those whose names match; a UsageError where globs match nothing."""
    found = tuple(one for one in known if any(fnmatchcase(one.name, glob) for glob in globs))
    if globs and not found:
        raise UsageError(
            f"--{option} {' '.join(globs)!r} matches no {option}; `conformance list {listed}` shows all"
        )
    return found


def _faults(chosen: Sequence[Fault], claims: Profile, *, quiet: bool) -> int:
    """How many faults are not noticed as they say; a row for each."""
    from conformance.proof import prove

    wrong = 0
    for proof in prove(chosen, claims):
        wrong += not proof.exact
        if not (proof.exact and quiet):
            _row(proof)
    return wrong


def _row(proof: Proof) -> None:
    word = "ok   " if proof.exact else "WRONG"
    noticed = ", ".join(sorted(proof.seen & proof.fault.caught_by))
    print(f"{word}  {proof.fault.name:44} {noticed}", flush=True)
    for check in sorted(proof.missed):
        print(f"       missed by {check}")
    for check in sorted(proof.noise):
        print(f"       also set off {check}")


def _oddities(chosen: Sequence[Oddity], claims: Profile, *, mixtures: int, quiet: bool) -> int:
    """How many alarms the oddities set off, alone and in random sets; a row for each."""
    from conformance.proof import mixtures as mixed
    from conformance.proof import prove_legal

    alarms = 0
    for calm in prove_legal([*([one] for one in chosen), *mixed(chosen, mixtures)], claims):
        alarms += len(calm.alarms)
        if quiet and not calm.alarms:
            continue
        word = "WRONG" if calm.alarms else "ok   "
        print(f"{word}  {' + '.join(one.name for one in calm.oddities)}", flush=True)
        for alarm in calm.alarms:
            print(f"       {alarm}")
    return alarms


def _catalogue(faults: Sequence[Fault]) -> int:
    """How many checks no fault proves, and how many checks that faults name do not exist."""
    from conformance.proof import misnamed, unproved

    complaints = [f"no fault proves {check}" for check in unproved(faults)]
    complaints += [f"{name} names {check}, which is no check" for name, check in misnamed(faults)]
    for complaint in complaints:
        print(f"WRONG  {complaint}")
    return len(complaints)
