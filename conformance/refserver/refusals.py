"""Mistakes as errors: status, shape and members as the profile states them, else as OpenAI's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.model.profile import Profile, Refusal, Shape
from conformance.refserver.exchange import Headers, Obj
from conformance.refserver.mistakes import Mistake

JSON_TYPE = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal in its outward form; without ``content`` the body is empty."""

    status: int
    content: Any
    headers: Headers = (JSON_TYPE,)


def refused(mistake: Mistake, profile: Profile) -> Refused:
    """The error that a profile gives for a mistake."""
    status = stated_status(mistake, profile)
    stated = _stated(mistake, profile)
    shape = next(iter(profile.shapes(status, cause=mistake.cause)), Shape.OPENAI)
    headers = [] if shape is Shape.EMPTY else [JSON_TYPE]
    if status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="reference"'))
    if mistake.allow:
        headers.append(("Allow", ", ".join(mistake.allow)))
    return Refused(status, _body(shape, mistake, stated, status, profile), tuple(headers))


def stated_status(mistake: Mistake, profile: Profile) -> int:
    """The status a profile gives a mistake: its cause's, else its policy's, else OpenAI's.

    Below 400 the profile says that the mistake is no mistake there.
    """
    stated = _stated(mistake, profile)
    if stated.statuses:
        return stated.statuses[0]
    if mistake.policy is not None and mistake.policy.statuses:
        return mistake.policy.statuses[0]
    return mistake.status


def _stated(mistake: Mistake, profile: Profile) -> Refusal:
    return Refusal() if mistake.cause is None else profile.refusal(mistake.cause)


def _body(shape: Shape, mistake: Mistake, stated: Refusal, status: int, profile: Profile) -> Any:
    error = _members(mistake, stated, status, profile)
    match shape:
        case Shape.FLAT:
            return error
        case Shape.STATUS_MESSAGE:
            return {"status": str(status), "message": mistake.message, **profile.errors.fixed}
        case Shape.DETAIL:
            return {"detail": mistake.message}
        case Shape.ERROR_STRING:
            return {"error": mistake.message}
        case Shape.STRING:
            return mistake.message
        case Shape.EMPTY:
            return None
        case _:
            return {"error": error}


def _members(mistake: Mistake, stated: Refusal, status: int, profile: Profile) -> Obj:
    policy = mistake.policy
    named = policy is None or policy.names_parameter is not False
    code = next(iter(stated.codes), None) or (policy and policy.code) or mistake.code
    kind = next(iter(stated.types), None) or (policy and policy.type) or mistake.type
    members = {
        "message": mistake.message,
        "type": kind,
        "param": mistake.param if named else None,
        "code": _code(code, status, profile.errors.code_types),
    }
    # A profile that states no members leaves them open; an error without a message would help nobody.
    kept = {"message", *profile.errors.members}
    return {name: value for name, value in members.items() if name in kept}


def _code(code: str | None, status: int, types: tuple[str, ...]) -> str | int | None:
    if types and not {"string", "null"} & set(types):
        return int(code) if code is not None and code.isdecimal() else status
    if code is None and "null" not in types and "string" in types:
        return str(status)
    return None if types == ("null",) else code
