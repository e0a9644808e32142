"""The options that ``run`` and ``record`` share, and how a command is given them."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import typer

from conformance.options import DEFAULT_CONCURRENCY, DEFAULT_EXAMPLES, DEFAULT_TIMEOUT, Options

SHARED: dict[str, tuple[Any, Any]] = {
    "base_url": (
        str | None,
        typer.Option(
            None,
            "--base-url",
            envvar="CONFORMANCE_BASE_URL",
            metavar="URL",
            help="The endpoint, such as http://127.0.0.1:8000/v1. Without one: the embedded reference server.",
        ),
    ),
    "model": (
        str | None,
        typer.Option(
            None,
            "--model",
            envvar="CONFORMANCE_MODEL",
            metavar="NAME",
            help="The model that requests name.",
        ),
    ),
    "profile": (
        str | None,
        typer.Option(
            None,
            "--profile",
            envvar="CONFORMANCE_PROFILE",
            metavar="NAME|FILE",
            help="What the endpoint claims; default: base, which claims little.",
        ),
    ),
    "api_key_env": (
        str | None,
        typer.Option(
            None,
            "--api-key-env",
            envvar="CONFORMANCE_API_KEY_ENV",
            metavar="NAME",
            help="The environment variable that holds the key.",
        ),
    ),
    "suite": (
        str,
        typer.Option(
            "core",
            "--suite",
            envvar="CONFORMANCE_SUITE",
            metavar="SUITE",
            help="smoke (at most 12 requests), core, or full (every case, and generated requests).",
        ),
    ),
    "check": (
        list[str],
        typer.Option(
            [],
            "--check",
            envvar="CONFORMANCE_CHECK",
            metavar="GLOB",
            help="Only checks that match; may be repeated.",
        ),
    ),
    "concurrency": (
        int,
        typer.Option(
            DEFAULT_CONCURRENCY,
            "--concurrency",
            envvar="CONFORMANCE_CONCURRENCY",
            metavar="N",
            help="Requests at once, at most.",
        ),
    ),
    "rate": (
        float | None,
        typer.Option(
            None,
            "--rate",
            envvar="CONFORMANCE_RATE",
            metavar="N",
            help="Requests a second, at most.",
        ),
    ),
    "max_requests": (
        int | None,
        typer.Option(
            None,
            "--max-requests",
            envvar="CONFORMANCE_MAX_REQUESTS",
            metavar="N",
            help="Requests in all, at most.",
        ),
    ),
    "max_output_tokens": (
        int | None,
        typer.Option(
            None,
            "--max-output-tokens",
            envvar="CONFORMANCE_MAX_OUTPUT_TOKENS",
            metavar="N",
            help="Requested output tokens in all, at most.",
        ),
    ),
    "seed": (
        int | None,
        typer.Option(
            None,
            "--seed",
            envvar="CONFORMANCE_SEED",
            metavar="N",
            help="What generated requests follow from; without one they are the same every time.",
        ),
    ),
    "max_examples": (
        int,
        typer.Option(
            DEFAULT_EXAMPLES,
            "--max-examples",
            envvar="CONFORMANCE_MAX_EXAMPLES",
            metavar="N",
            help="Requests that the full suite generates for each property; 0: none.",
        ),
    ),
    "timeout": (
        float,
        typer.Option(
            DEFAULT_TIMEOUT,
            "--timeout",
            envvar="CONFORMANCE_TIMEOUT",
            metavar="SECONDS",
            help="For one request, to the last byte of its answer.",
        ),
    ),
    "recording": (
        Path | None,
        typer.Option(
            None,
            "--recording",
            envvar="CONFORMANCE_RECORDING",
            metavar="FILE",
            help="Where the exchanges are written.",
        ),
    ),
    "repeat": (
        int,
        typer.Option(
            1,
            "--repeat",
            envvar="CONFORMANCE_REPEAT",
            metavar="N",
            help="Send streams and the smallest requests N times, to meet what fails only now and then.",
        ),
    ),
    "resume": (
        bool,
        typer.Option(
            False,
            "--resume",
            envvar="CONFORMANCE_RESUME",
            help="Go on with the recording that is there: what it holds is not sent again.",
        ),
    ),
}
"""The type and the declaration of each, by its name in ``Options``, in the order of the help."""
QUIET = typer.Option(False, "--quiet", "-q", help="No progress, and only the verdict.")
DRY_RUN = typer.Option(
    False, "--dry-run", help="Print the plan with requests and worst-case tokens; send nothing."
)


def with_shared(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first argument is an ``Options``, told as the shared options before its own ones."""

    def told(**said: Any) -> None:
        shared = {name: said.pop(name) for name in SHARED}
        command(Options(**{**shared, "check": tuple(shared["check"])}), **said)

    _, *own = signature(command, eval_str=True).parameters.values()
    keyword = Parameter.KEYWORD_ONLY
    before = [Parameter(n, keyword, default=d, annotation=kind) for n, (kind, d) in SHARED.items()]
    after = [parameter.replace(kind=keyword) for parameter in own]
    # What typer reads: names, types and declarations of the parameters, and the help.
    told.__signature__ = signature(command).replace(parameters=[*before, *after])  # type: ignore[attr-defined]
    told.__annotations__, told.__doc__, told.__name__ = {}, command.__doc__, command.__name__
    return told
