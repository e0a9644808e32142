"""Which operation a path means, by the profile's own paths."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from conformance.model.profile import Cause, Profile
from conformance.model.request import Operation
from conformance.model.target import DEFAULT_PATHS
from conformance.refserver.mistakes import Mistake

METHODS = {Operation.CHAT: "POST", Operation.MODELS: "GET", Operation.MODEL: "GET"}


@dataclass(frozen=True, slots=True)
class Route:
    """The operation that a path means; ``model`` is the id at the end of a model's path."""

    operation: Operation
    model: str | None = None


def route(path: str, profile: Profile, prefix: str) -> Route:
    """What a percent-encoded path means; paths with a placeholder are tried last."""
    path = path.partition("?")[0]
    templates = [
        (
            prefix.rstrip("/") + "/" + template if not template.startswith("/") else template,
            operation,
        )
        for operation in METHODS
        for template in profile.endpoint.paths.get(operation, DEFAULT_PATHS[operation])
    ]
    for template, operation in sorted(templates, key=lambda pair: "{model}" in pair[0]):
        head, placeholder, tail = template.partition("{model}")
        if not placeholder and unquote(path) == unquote(template):
            return Route(operation)
        if placeholder and (model := _between(path, head, tail)):
            return Route(operation, unquote(model))
    return Route(Operation.OTHER)


def _between(path: str, head: str, tail: str) -> str:
    fits = path.startswith(head) and path.endswith(tail) and len(path) > len(head) + len(tail)
    return path[len(head) : len(path) - len(tail)] if fits else ""


def misrouted(found: Route, method: str, path: str) -> Mistake | None:
    """What is wrong with a path or a method."""
    path = path.partition("?")[0][:100]
    if found.operation is Operation.OTHER:
        return Mistake(f"Invalid URL ({method} {path})", Cause.UNKNOWN_PATH, status=404)
    allowed = METHODS[found.operation]
    if method != allowed:
        return Mistake(
            f"Only {allowed} requests are accepted.",
            Cause.WRONG_METHOD,
            code="method_not_supported",
            status=405,
            allow=(allowed,),
        )
    return None
