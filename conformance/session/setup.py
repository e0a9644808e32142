"""What a run needs to know before it can plan: profile, target, key, and the checks that are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.checks.registry import matching
from conformance.engine.secret import Secret
from conformance.model.errors import UsageError
from conformance.model.profile import Profile, Support
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.plan import checks_of_suite
from conformance.profiles.load import load_profile


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run needs to know before it can plan."""

    options: Options
    profile: Profile
    target: Target
    secret: Secret | None


def prepare(options: Options) -> Setup:
    """Profile, target and key of a run; a ConformanceError says what is missing or wrong."""
    profile = load_profile(options.profile or "base")
    url = options.base_url or profile.endpoint.base_url
    if url is None:
        raise UsageError(
            "no endpoint: give its base URL with --base-url, such as http://127.0.0.1:8000/v1"
        )
    origin, prefix = parse_base_url(url)
    model = options.model or profile.models.chat
    if not model:
        raise UsageError("no model: name one that the endpoint serves with --model")
    key, variable = options.key(
        profile.endpoint.auth.env, required=profile.endpoint.auth.required is True
    )
    auth = replace(profile.endpoint.auth, env=variable or profile.endpoint.auth.env)
    profile = replace(profile, endpoint=replace(profile.endpoint, auth=auth))
    target = Target(origin, prefix, model, limit_parameter(profile, model))
    return Setup(options, profile, target, Secret(key) if key else None)


def limit_parameter(profile: Profile, model: str) -> str:
    """The parameter with which the profile lets a request limit its output."""
    older = profile.parameter("max_tokens", model).support
    newer = profile.parameter("max_completion_tokens", model).support
    only_newer = older is Support.NONE and newer in (Support.FULL, Support.PARTIAL, Support.UNKNOWN)
    return "max_completion_tokens" if only_newer else "max_tokens"


def selected_checks(options: Options) -> list[str]:
    """The checks of the suite that match the globs; a UsageError where a glob matches nothing."""
    ids = checks_of_suite(options.suite)
    if not options.check:
        return ids
    for glob in options.check:
        if not matching([glob]):
            raise UsageError(
                f"--check {glob!r} matches no check; `conformance list checks` shows all"
            )
    chosen = [i for i in matching(options.check) if i in ids]
    if not chosen:
        raise UsageError(f"none of the checks that --check names is in the suite {options.suite}")
    return chosen
