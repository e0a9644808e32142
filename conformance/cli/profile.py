"""``profile list | check | show``."""

from __future__ import annotations

import difflib
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import typer

from conformance.model.profile import Profile

app = typer.Typer(
    help="List, validate or print profiles: what an endpoint claims.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_profiles() -> None:
    """List the shipped profiles."""
    from conformance.profiles.load import load_profile, profile_names

    for name in profile_names():
        profile = load_profile(name)
        print(f"{name:24}  {profile.title}")


@app.command("check")
def check(file: Path = typer.Argument(..., help="A profile, such as profiles/acme.yaml.")) -> None:
    """Validate a profile file; every mistake is told with its line and the nearest right word."""
    from conformance.profiles.load import load_profile

    profile = load_profile(str(file))
    for warning in unknown_waivers(profile):
        print(f"{file}: {warning}", file=sys.stderr)
    print(
        f"{file}: ok, profile {profile.name} ({len(profile.parameters)} parameters, {len(profile.waivers)} waivers)"
    )


def unknown_waivers(profile: Profile) -> list[str]:
    """Waivers whose check no check id matches, each as a sentence with the nearest id."""
    from conformance.checks.registry import all_checks

    told = []
    for waiver in profile.waivers:
        if not any(fnmatchcase(id, waiver.check) for id in all_checks()):
            near = difflib.get_close_matches(waiver.check, all_checks(), 1, 0.4)
            told.append(
                f"no check is called {waiver.check!r}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
    return told


@app.command("show")
def show(name: str = typer.Argument(..., help="A shipped profile or a file.")) -> None:
    """Print a profile as it is resolved, with all that it inherits."""
    from conformance.profiles.load import describe, load_profile

    print(describe(load_profile(name)), end="")
