"""What a run is told, from the command line, from pytest's options or from ``CONFORMANCE_*`` variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from conformance.model.errors import UsageError

PREFIX = "CONFORMANCE_"
DEFAULT_CONCURRENCY = 8
DEFAULT_TIMEOUT = 60.0
DEFAULT_EXAMPLES = 20
SUITES = ("smoke", "core", "full")


@dataclass(frozen=True, slots=True)
class Options:
    """The options that ``run``, ``record`` and the pytest plugin share."""

    base_url: str | None = None
    model: str | None = None
    profile: str | None = None
    """A shipped name or a file; None means the base profile."""
    api_key_env: str | None = None
    suite: str = "core"
    check: tuple[str, ...] = ()
    """Globs of check ids; none means all of the suite."""
    concurrency: int = DEFAULT_CONCURRENCY
    rate: float | None = None
    """Requests a second, at most."""
    max_requests: int | None = None
    max_output_tokens: int | None = None
    seed: int | None = None
    """What generated requests follow from; None: always the same."""
    max_examples: int = DEFAULT_EXAMPLES
    """Requests that a full run generates for each property; 0: none."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds for one request, from its first byte to the last of the answer."""
    recording: Path | None = None
    repeat: int = 1
    """How often the probes are sent that may show a rare failure."""
    resume: bool = False
    """Go on with the recording that is there: what it holds is not sent again."""
    strict: bool = False
    quiet: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, with a sentence each."""
        if self.suite not in SUITES:
            raise UsageError(f"--suite is smoke, core or full, not {self.suite!r}")
        if self.concurrency < 1:
            raise UsageError(f"--concurrency is at least 1, not {self.concurrency}")
        if not (isfinite(self.timeout) and self.timeout > 0):
            raise UsageError(f"--timeout is a number of seconds above 0, not {self.timeout:g}")
        if self.repeat < 1:
            raise UsageError(f"--repeat is at least 1, not {self.repeat}")
        if self.max_examples < 0:
            raise UsageError(f"--max-examples is 0 or more, not {self.max_examples}")
        if self.rate is not None and not (isfinite(self.rate) and self.rate > 0):
            raise UsageError(f"--rate is a number of requests a second above 0, not {self.rate:g}")
        if self.max_requests is not None and self.max_requests < 0:
            raise UsageError(f"--max-requests is 0 or more, not {self.max_requests}")
        if self.max_output_tokens is not None and self.max_output_tokens < 0:
            raise UsageError(f"--max-output-tokens is 0 or more, not {self.max_output_tokens}")

    def key(self, named_by_profile: str | None, *, required: bool) -> tuple[str | None, str | None]:
        """The user's key and the variable it came from; a UsageError if a variable was named but is not set."""
        name = self.api_key_env or named_by_profile
        if not name:
            return None, None
        value = self.environment.get(name)
        if value is None or not value.strip():
            if not self.api_key_env and not required:
                return None, None
            state = "empty" if value is not None else "not set"
            named = "--api-key-env" if self.api_key_env else "the profile"
            raise UsageError(
                f"the environment variable {name}, which {named} names for the key, is {state}; "
                f"set it, or name another one with --api-key-env"
            )
        return value.strip(), name
