"""Members of answers that a profile calls fixed, always empty or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.model.profile import Profile
from conformance.refserver.exchange import Obj

_Change = Callable[[Obj, str], None]


def kept_to_profile(value: Obj, profile: Profile) -> Obj:
    """An answer or a chunk with the members that the profile says it has; it is altered in place."""
    streamed = value.get("object") == "chat.completion.chunk"
    for path, fixed in profile.responses.fixed.items():
        for parent, name in _members(value, path.split(".")):
            # In chunks only what is there takes the value: a text, for one, must not come twice.
            if not streamed or (parent.get(name) is not None and "message" not in path):
                parent[name] = fixed
    for path in profile.responses.always_empty:
        for parent, name in _members(value, path.split(".")):
            parent[name] = _emptied(parent.get(name))
    for path in profile.responses.absent:
        for parent, name in _members(value, path.split(".")):
            parent.pop(name, None)
    return value


def _members(value: Any, path: list[str]) -> Iterator[tuple[Obj, str]]:
    """Where a path such as ``choices[].message.refusal`` points to; chunks say delta for message."""
    if not isinstance(value, dict):
        return
    name, *rest = path
    listed, name = name.endswith("[]"), name.removesuffix("[]")
    if name == "message" and "delta" in value:
        name = "delta"
    if not rest:
        yield value, name
    elif listed:
        items = value.get(name)
        for item in items if isinstance(items, list) else []:
            yield from _members(item, rest)
    else:
        yield from _members(value.get(name), rest)


def _emptied(value: Any) -> Any:
    return type(value)() if isinstance(value, str | list | dict) else None
