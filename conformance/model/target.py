"""The endpoint of a run: where requests go and which model they name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from conformance.model.errors import UsageError
from conformance.model.profile import Profile
from conformance.model.request import Operation

DEFAULT_PATHS = {
    Operation.CHAT: ("chat/completions",),
    Operation.MODELS: ("models",),
    Operation.MODEL: ("models/{model}",),
}


@dataclass(frozen=True, slots=True)
class Target:
    """``origin`` is scheme, host and port; ``prefix`` the path of the base URL without a closing slash."""

    origin: str
    prefix: str
    model: str
    limit_parameter: str = "max_tokens"
    """The request parameter that limits the output: max_tokens or max_completion_tokens."""

    @property
    def base_url(self) -> str:
        """The base URL an SDK would be given."""
        return self.origin + self.prefix

    def path(self, template: str, *, model: str | None = None) -> str:
        """The absolute path for a template of a profile: ``/…`` from the origin, else from the base URL."""
        filled = template.replace(
            "{model}", quote(self.model if model is None else model, safe="/:@")
        )
        return filled if filled.startswith("/") else f"{self.prefix}/{filled}"

    def paths(
        self, operation: Operation, profile: Profile, *, model: str | None = None
    ) -> tuple[str, ...]:
        """The absolute paths at which the profile puts an operation; empty: it says it has none."""
        templates = profile.endpoint.paths.get(operation, DEFAULT_PATHS.get(operation, ()))
        return tuple(self.path(template, model=model) for template in templates)


def parse_base_url(url: str) -> tuple[str, str]:
    """The origin and the path prefix of a base URL; a UsageError says what is wrong with it."""
    shown = url if len(url) <= 200 else url[:200] + "…"
    if any(c.isspace() or ord(c) < 32 for c in url):
        raise UsageError(
            f"base URL {shown!r} contains white space; write it like http://127.0.0.1:8000/v1"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"base URL {shown!r} is not a URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        hint = f"; did you mean http://{url}?" if "://" not in url else ""
        raise UsageError(f"base URL {shown!r} must begin with http:// or https://{hint}")
    if not parts.hostname:
        raise UsageError(f"base URL {shown!r} has no host; write it like http://127.0.0.1:8000/v1")
    if parts.username or parts.password:
        raise UsageError(
            "the base URL carries a user name or password; name the key's variable with --api-key-env instead"
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"base URL {shown!r} has a query or fragment; give only scheme, host, port and path"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
    prefix = parts.path.rstrip("/")
    if prefix.endswith("/chat/completions"):
        raise UsageError(
            f"base URL {shown!r} ends with /chat/completions; give the part before it, {origin + prefix.removesuffix('/chat/completions')}"
        )
    return origin, prefix
