"""Where the messages of a chat request depart from what a profile claims: roles, forms of content, parts.

A user's text and an assistant's, one after the other, are claimed by every profile, since every client sends them;
empty texts and other orders are not.
Whether a model sees, hears or reads files is not told by a list of parts, so such parts are never claimed for sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from conformance.model.json import JSON
from conformance.model.profile import Policy, Profile, Support

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""The roles of OpenAI's own document."""
PARTS = ("text", "image_url", "input_audio", "file", "refusal")
"""The content parts of OpenAI's own document."""
MEDIA = ("image_url", "input_audio", "file")
"""Parts that only some models can make use of."""
ROLE, CONTENT, PART = "messages[].role", "messages[].content", "messages[].content[].type"
_BASIC = ("user", "assistant")
_PLAIN = ("role", "content")
_INSTEAD = ("tool_calls", "function_call", "refusal", "audio")
"""What an assistant's message may hold in place of content."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Something in a message that the profile does not claim."""

    parameter: str
    at: str
    way: str = ""
    """``unsupported``, ``type`` or ``range``; empty where the profile leaves it open."""
    expected: str = ""
    policy: Policy = field(default_factory=Policy)


def strays(body: Mapping[str, JSON], profile: Profile, model: str | None) -> Iterator[Stray]:
    """All that is not claimed in the messages of a body, in their order."""
    messages = body.get("messages")
    listed = messages if isinstance(messages, list) else []
    for number, message in enumerate(listed):
        if isinstance(message, dict):
            at = f"messages[{number}]"
            yield from _of_role(at, message, roles_of(profile, model), profile)
            yield from _of_content(at, message, profile)
            yield from _of_members(at, message, profile, model)
    if not paired(listed):
        yield Stray("messages[].tool_call_id", "messages")
    if listed and not in_turns(
        [message.get("role") for message in listed if isinstance(message, dict)]
    ):
        yield Stray(ROLE, "messages")


def roles_of(profile: Profile, model: str | None) -> tuple[str, ...] | None:
    """The roles that are claimed for a model; None where nothing is claimed."""
    for variant in profile.models.variants:
        if variant.roles is not None and model is not None and fnmatchcase(model, variant.models):
            return variant.roles
    return profile.messages.roles


def _of_role(
    at: str, message: Mapping[str, JSON], claimed: tuple[str, ...] | None, profile: Profile
) -> Iterator[Stray]:
    role = message.get("role")
    if not isinstance(role, str) or (claimed is None and role not in _BASIC):
        yield Stray(ROLE, f"{at}.role")
    elif claimed is not None and role not in claimed:
        expected = f"one of {', '.join(claimed)}"
        yield Stray(ROLE, f"{at}.role", "unsupported", expected, profile.messages.other_roles)


def _of_content(at: str, message: Mapping[str, JSON], profile: Profile) -> Iterator[Stray]:
    forms, content, at = profile.messages.content, message.get("content"), f"{at}.content"
    match content:
        case str():
            if not content and not message.get("tool_calls"):
                yield Stray(CONTENT, at)
        case None:
            instead = message.get("role") == "assistant" and any(message.get(n) for n in _INSTEAD)
            if not (instead and forms is not None and "null" in forms):
                yield Stray(CONTENT, at)
        case list():
            yield from _of_parts(at, content, str(message.get("role")), profile)
        case _:
            yield _of_another_form(at, profile)


def _of_another_form(at: str, profile: Profile) -> Stray:
    forms = profile.messages.content
    # A claim about the member itself speaks of its types already.
    if forms is None or profile.parameter(CONTENT).types:
        return Stray(CONTENT, at)
    words = {"string": "a string", "parts": "an array of parts", "null": "null"}
    expected = " or ".join(words[form] for form in forms if form in words)
    return Stray(CONTENT, at, "type", expected, profile.wrong_type)


def _of_parts(at: str, parts: list[JSON], role: str, profile: Profile) -> Iterator[Stray]:
    forms, claimed = profile.messages.content, profile.messages.parts
    if forms is not None and "parts" not in forms:
        yield _of_another_form(at, profile)
        return
    # A claim of parts is at least one of text.
    known = claimed if claimed is not None else ("text",) if forms is not None else ()
    if not parts:
        yield Stray(CONTENT, at)
    for number, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        place = f"{at}[{number}].type"
        if claimed is not None and isinstance(kind, str) and kind not in claimed:
            expected = f"one of {', '.join(claimed)}"
            yield Stray(PART, place, "range", expected, profile.out_of_range)
        elif kind not in known or not _suits(str(kind), role) or _empty(part):
            yield Stray(PART, place)


def _empty(part: JSON) -> bool:
    return isinstance(part, dict) and part.get("text") == ""


def _suits(kind: str, role: str) -> bool:
    """Whether a part is one that any model takes from this role."""
    return kind == "text" or (kind == "refusal" and role == "assistant")


def _of_members(
    at: str, message: Mapping[str, JSON], profile: Profile, model: str | None
) -> Iterator[Stray]:
    tools = profile.parameter("tools", model).support is Support.FULL
    for name, value in message.items():
        claim = f"messages[].{name}"
        theirs = tools and name in ("tool_calls", "tool_call_id")
        if name in _PLAIN or theirs or claim in profile.parameters or value is None:
            continue
        yield Stray(claim, f"{at}.{name}")


def in_turns(roles: list[JSON]) -> bool:
    """Whether user and assistant take turns, after one system message at most, and the assistant is asked at the end."""
    if roles[:1] in (["system"], ["developer"]):
        roles = roles[1:]
    before: JSON = "assistant"
    for role in roles:
        if before not in _AFTER.get(str(role), ()):
            return False
        before = role
    return before != "assistant"


_RESULTS = ("tool", "function")
_AFTER = {
    "user": ("assistant", *_RESULTS),
    "assistant": ("user", *_RESULTS),
    **dict.fromkeys(_RESULTS, ("assistant", *_RESULTS)),
}
"""What may stand before a message."""


def paired(messages: list[JSON]) -> bool:
    """Whether every tool call is answered right after it, and every result answers a call."""
    waiting: list[JSON] = []
    for message in messages:
        if not isinstance(message, dict):
            continue
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in waiting:
                return False
            waiting.remove(message.get("tool_call_id"))
        elif waiting:
            return False
        else:
            calls = message.get("tool_calls")
            waiting = [
                call.get("id")
                for call in (calls if isinstance(calls, list) else [])
                if isinstance(call, dict)
            ]
    return not waiting
