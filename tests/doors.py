"""The doors of the project, opened as a user opens them: the command line and pytest."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import pytest

from conformance.checks.registry import all_checks
from conformance.cli.main import main
from conformance.profiles.load import load_profile
from conformance.refserver.faults import fault_named
from conformance.refserver.serve import ReferenceServer

ROOT = Path(__file__).parents[1]
KEY = "sk-canary-5f3a9c017be2"
KEY_NAME = "CANARY_KEY"
MODEL = "tiny-1"
CLOSED = "http://127.0.0.1:9/v1"
"""Nobody listens on the discard port."""


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line on stderr: where a command says what is wrong."""
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a user who has set none of ours, and a key."""
    ours = ("CONFORMANCE_", "PYTEST_", "COVERAGE_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), KEY_NAME: KEY, **(more or {})}


def cli(*arguments: object, env: Mapping[str, str] | None = None) -> Said:
    """The command line in this process."""
    with patch.object(sys, "argv", ["conformance", *map(str, arguments)]):
        return _inside(main, env)


def session(*arguments: object, env: Mapping[str, str] | None = None) -> Said:
    """A pytest session in this process."""
    return _inside(lambda: sys.exit(pytest.main([*map(str, arguments)])), env)


def _inside(door: Callable[[], object], env: Mapping[str, str] | None) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment(env), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            door()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def command(*arguments: object) -> list[str]:
    """The command line as a process is started."""
    return [sys.executable, "-m", "conformance", *map(str, arguments)]


def process(
    *arguments: object,
    module: str = "conformance",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Said:
    """A command, or another Python module, in a process of its own."""
    made = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Said(made.returncode, made.stdout, made.stderr)


@contextmanager
def playing(
    profile: str = "openai", *, fault: str | None = None, key: str | None = None, **more: Any
) -> Iterator[ReferenceServer]:
    """The reference server, playing a profile, with a fault if one is named."""
    chosen = fault_named(fault) if fault else None
    with ReferenceServer(
        load_profile(profile), model=MODEL, key=key, fault=chosen, **more
    ) as server:
        yield server


def at(server: ReferenceServer, *more: object) -> list[object]:
    """The options of the command line that lead to a server."""
    key = ["--api-key-env", KEY_NAME] if server.key else []
    return ["--base-url", server.base_url, "--model", MODEL, *key, *more]


def read_results(path: Path) -> dict[str, Any]:
    """A results.json."""
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def outcomes(document: Mapping[str, Any]) -> dict[str, str]:
    """Check to outcome."""
    return {result["id"]: result["outcome"] for result in document["results"]}


def with_broken_check(patch_: pytest.MonkeyPatch, check: str) -> None:
    """A check that crashes: a bug of ours."""

    def crash(*_: object) -> NoReturn:
        raise KeyError("oops")

    known = all_checks()
    broken = {**known, check: replace(known[check], problems=crash)}
    patch_.setattr("conformance.judging.all_checks", lambda: broken)
