"""The plugin's options, and the ``Options`` they make; the same names serve as environment variables."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from conformance.model.errors import UsageError
from conformance.options import (
    DEFAULT_CONCURRENCY,
    DEFAULT_EXAMPLES,
    DEFAULT_TIMEOUT,
    PREFIX,
    SUITES,
    Options,
)

_TEXTS = (
    ("base-url", "URL", "the endpoint's base URL, such as http://127.0.0.1:8000/v1"),
    ("model", "NAME", "the model that requests name"),
    ("profile", "NAME|FILE", "what the endpoint claims; default: base"),
    ("api-key-env", "NAME", "the environment variable that holds the key"),
    ("suite", "SUITE", "smoke, core or full"),
    ("concurrency", "N", f"requests at once, at most (default {DEFAULT_CONCURRENCY})"),
    ("rate", "N", "requests a second, at most"),
    ("max-requests", "N", "requests in all, at most"),
    ("max-output-tokens", "N", "requested output tokens in all, at most"),
    ("seed", "N", "what generated requests follow from"),
    ("max-examples", "N", "requests that the full suite generates for each property (default 20)"),
    ("timeout", "SECONDS", f"for one request (default {DEFAULT_TIMEOUT:g})"),
    ("recording", "FILE", "where the exchanges are written"),
    ("repeat", "N", "send streams and the smallest requests N times (default 1)"),
    ("replay", "FILE", "judge this recording; send nothing"),
    ("json", "FILE", "write results.json here"),
    ("markdown", "FILE", "write a step summary here"),
)
RECORDING = "conformance-report/recording.jsonl"
_YES = ("1", "true", "True", "yes", "on")


def add(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("conformance", "conformance of an OpenAI-compatible endpoint")
    for name, metavar, help_text in _TEXTS:
        group.addoption(
            f"--conformance-{name}", dest=_dest(name), metavar=metavar, default=None, help=help_text
        )
    group.addoption(
        "--conformance-check",
        dest=_dest("check"),
        metavar="GLOB",
        action="append",
        default=[],
        help="only checks that match; may be repeated",
    )
    group.addoption(
        "--conformance-strict",
        dest=_dest("strict"),
        action="store_true",
        default=False,
        help="a broken SHOULD rule fails",
    )
    group.addoption(
        "--conformance-resume",
        dest=_dest("resume"),
        action="store_true",
        default=False,
        help="go on with the recording that is there",
    )


def _dest(name: str) -> str:
    return f"conformance_{name.replace('-', '_')}"


def given(config: pytest.Config) -> bool:
    """Whether any of our options was given on the command line."""
    names = [name for name, _, _ in _TEXTS]
    return any(config.getoption(_dest(n)) is not None for n in names) or any(
        config.getoption(_dest(n)) for n in ("check", "strict", "resume")
    )


def text(config: pytest.Config, name: str) -> str | None:
    """An option's text: the command line first, then the environment variable of its name."""
    value = config.getoption(_dest(name))
    return (_variable(name) if value is None else value) or None


def _variable(name: str) -> str | None:
    return os.environ.get(PREFIX + name.replace("-", "_").upper())


def number(config: pytest.Config, name: str, kind: type[Any]) -> Any:
    """An option's number, None if it was not given; a UsageError says what is no number."""
    value = text(config, name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise UsageError(f"--conformance-{name} takes {wanted}, not {value!r}") from None


def in_pytests_words(sentence: str) -> str:
    """A sentence about options of ``conformance run``, with their names here."""
    names = "|".join([*(name for name, _, _ in _TEXTS), "check", "strict", "resume"])
    return re.sub(rf"(?<![\w-])--({names})\b(?!-)", r"--conformance-\1", sentence)


def options(config: pytest.Config) -> Options:
    """The options of the run."""
    concurrency = number(config, "concurrency", int)
    timeout = number(config, "timeout", float)
    repeat = number(config, "repeat", int)
    examples = number(config, "max-examples", int)
    return Options(
        base_url=text(config, "base-url"),
        model=text(config, "model"),
        profile=text(config, "profile"),
        api_key_env=text(config, "api-key-env"),
        suite=text(config, "suite") or SUITES[1],
        check=tuple(config.getoption(_dest("check")) or (_variable("check") or "").split()),
        concurrency=DEFAULT_CONCURRENCY if concurrency is None else concurrency,
        rate=number(config, "rate", float),
        max_requests=number(config, "max-requests", int),
        max_output_tokens=number(config, "max-output-tokens", int),
        seed=number(config, "seed", int),
        max_examples=DEFAULT_EXAMPLES if examples is None else examples,
        timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
        recording=Path(text(config, "recording") or RECORDING),
        repeat=1 if repeat is None else repeat,
        resume=bool(config.getoption(_dest("resume"))) or _variable("resume") in _YES,
        strict=bool(config.getoption(_dest("strict"))) or _variable("strict") in _YES,
    )
