"""Mistakes in the conversation: roles, contents, tool calls and their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from conformance.model.profile import Cause, Policy, Profile, Reaction
from conformance.refserver.exchange import Obj
from conformance.refserver.limits import spoken, type_name
from conformance.refserver.mistakes import Mistake, bad_value, missing, wrong_type

ROLES = ("developer", "system", "user", "assistant", "tool", "function")
_PARTS = ("text", "image_url", "input_audio", "file", "refusal")
_PART_MEMBER = {"text": str, "image_url": dict, "input_audio": dict, "file": dict, "refusal": str}
_KIND = {"string": "string", "array": "parts", "null": "null"}


def message_mistakes(body: Obj, profile: Profile, *, lenient: bool) -> Iterator[Mistake]:
    """What is wrong with the messages; the lenient form looks closely at the first one only.

    A server that a fault makes write broken messages takes them back in the next turn:
    otherwise one cause would show twice.
    """
    messages = body["messages"]
    for number, message in enumerate(messages):
        label = f"messages[{number}]"
        if not isinstance(message, dict):
            found = wrong_type(label, "an object", spoken(message))
            yield Mistake(found.message, Cause.WRONG_TYPE_MESSAGES, label, found.code)
            messages[number] = {"role": "user", "content": str(message)}
        elif not lenient or number == 0:
            yield from _role(label, message, profile, str(body.get("model")))
            yield from _content(label, message, profile)
            yield from _calls(label, message)
    if not lenient or (_calls_apart(messages) and _roles_known(messages)):
        policy = profile.messages.unmatched_calls
        yield from (replace(m, policy=policy) for m in _order(messages) if _refuses(policy))


def _roles_known(messages: list[Obj]) -> bool:
    """Whether it can be told whose turn each message is."""
    return all(message.get("role") in ROLES for message in messages)


def _calls_apart(messages: list[Obj]) -> bool:
    """Whether every call has an id of its own, so that a missing result is the caller's mistake."""
    listed = [message.get("tool_calls") for message in messages]
    calls = [call for found in listed if isinstance(found, list) for call in found]
    ids = [call.get("id") for call in calls if isinstance(call, dict)]
    named = all(isinstance(one, str) and one for one in ids)
    return named and len({*map(str, ids)}) == len(calls)


def _role(label: str, message: Obj, profile: Profile, model: str) -> Iterator[Mistake]:
    role = message.get("role")
    if role is None:
        yield missing(f"{label}.role")
    elif not isinstance(role, str):
        yield wrong_type(f"{label}.role", "a string", spoken(role))
    elif role not in _roles(profile, model):
        policy = profile.messages.other_roles
        if _refuses(policy):
            allowed = ", ".join(f"'{name}'" for name in _roles(profile, model))
            yield bad_value(
                f"{label}.role",
                f"'{role[:40]}'",
                f"Supported values are: {allowed}.",
                policy,
            )


def _refuses(policy: Policy) -> bool:
    """Whether a policy refuses; one that is not stated does."""
    return policy.reactions[:1] in ((), (Reaction.REJECT,))


def _roles(profile: Profile, model: str) -> tuple[str, ...]:
    for variant in profile.models.variants:
        if variant.roles is not None and fnmatchcase(model, variant.models):
            return variant.roles
    return ROLES if profile.messages.roles is None else profile.messages.roles


def _content(label: str, message: Obj, profile: Profile) -> Iterator[Mistake]:
    content = message.get("content")
    label = f"{label}.content"
    if content is None and not _may_be_empty(message, profile):
        yield Mistake(f"Invalid value for '{label}': expected a string, got null.", param=label)
    kind = _KIND.get(type_name(content))
    allowed = profile.messages.content
    if kind is None or (content is not None and allowed is not None and kind not in allowed):
        wanted = "a string" if allowed == ("string",) else "one of a string or array of objects"
        if _refuses(profile.wrong_type):
            yield wrong_type(label, wanted, spoken(content), profile.wrong_type)
    elif isinstance(content, list):
        yield from _parts(label, content, profile)


def _may_be_empty(message: Obj, profile: Profile) -> bool:
    if "null" in (profile.messages.content or ()) or message.get("role") == "function":
        return True
    substitutes = ("tool_calls", "function_call", "refusal", "audio")
    return message.get("role") == "assistant" and any(message.get(name) for name in substitutes)


def _parts(label: str, parts: list[Any], profile: Profile) -> Iterator[Mistake]:
    allowed = _PARTS if profile.messages.parts is None else profile.messages.parts
    if not parts:
        message = f"Invalid '{label}': empty array. Expected an array with minimum length 1."
        yield Mistake(message, param=label, code="empty_array")
    for number, part in enumerate(parts):
        place = f"{label}[{number}]"
        if not isinstance(part, dict):
            yield wrong_type(place, "an object", spoken(part))
        elif "type" not in part:
            yield missing(f"{place}.type")
        elif (kind := part["type"]) not in allowed:
            listed, policy = ", ".join(f"'{name}'" for name in allowed), profile.out_of_range
            if _refuses(policy):
                shown, told = f"'{str(kind)[:40]}'", f"Supported values: {listed}."
                yield bad_value(f"{place}.type", shown, told, policy)
        elif kind in _PART_MEMBER and not isinstance(part.get(kind), _PART_MEMBER[kind]):
            yield missing(f"{place}.{kind}")


def _calls(label: str, message: Obj) -> Iterator[Mistake]:
    calls = message.get("tool_calls")
    label = f"{label}.tool_calls"
    if calls is None:
        return
    if not isinstance(calls, list):
        yield wrong_type(label, "an array of objects", spoken(calls))
        message["tool_calls"] = []
        return
    if not calls:
        yield Mistake(f"Invalid '{label}': empty array.", param=label, code="empty_array")
    for number, call in enumerate(calls):
        if not isinstance(call, dict):
            yield wrong_type(f"{label}[{number}]", "an object", spoken(call))
            calls[number] = {}
            continue
        yield from _call(f"{label}[{number}]", call)


def _call(label: str, call: Obj) -> Iterator[Mistake]:
    kind = "custom" if call.get("type") == "custom" else "function"
    given = call.get(kind)
    text = "input" if kind == "custom" else "arguments"
    if not isinstance(call.get("id"), str):
        yield missing(f"{label}.id")
    if call.get("type") not in ("function", "custom"):
        yield missing(f"{label}.type")
    if not isinstance(given, dict):
        yield missing(f"{label}.{kind}")
        return
    for member in ("name", text):
        if not isinstance(given.get(member), str):
            yield missing(f"{label}.{kind}.{member}")


def _order(messages: list[Obj]) -> Iterator[Mistake]:
    open_ids: list[Any] = []
    for number, message in enumerate(messages):
        label = f"messages.[{number}].role"
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_ids:
                text = (
                    "messages with role 'tool' must answer a preceding message with 'tool_calls'."
                )
                yield Mistake(f"Invalid parameter: {text}", param=label)
            else:
                open_ids.remove(message["tool_call_id"])
        else:
            if open_ids:
                yield _unanswered(label)
            calls = message.get("tool_calls") if message.get("role") == "assistant" else None
            open_ids = [call.get("id") for call in calls or () if isinstance(call, dict)]
    if open_ids:
        yield _unanswered(f"messages.[{len(messages)}].role")


def _unanswered(label: str) -> Mistake:
    text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
    return Mistake(text, param=label)
