"""The words of a violation: where, what the schema asks for, what was there; and how values are cut to be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.model.json import JSON

LONGEST = 200
"""How many characters of a value are shown."""
MESSAGE = 160
"""How many of what an error says."""
BRIEF = 80
"""How many of a text that an answer holds."""
EVIDENCE = 300
"""How many bytes of a body are evidence."""


def pointer(path: tuple[str | int, ...]) -> str:
    """A path as a JSON Pointer, RFC 6901."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def stated(keyword: str, rule: Any, rules: Mapping[str, Any]) -> str:
    """What a broken keyword asks for; ``rules`` is the schema it stands in."""
    match keyword:
        case "required":
            return "required"
        case "type":
            return _types(rule, rules)
        case "const":
            return f"the constant {_plain(rule)}"
        case "enum":
            return f"one of {', '.join(_word(value) for value in rule)}"
        case "minimum":
            return f"at least {rule}"
        case "maximum":
            return f"at most {rule}"
        case "minItems":
            return f"at least {rule} {'item' if rule == 1 else 'items'}"
        case "minLength":
            return "not empty" if rule == 1 else f"at least {rule} characters"
        case "pattern":
            return f"text that matches {rule}"
        case "additionalProperties" if rule is False:
            return f"no keys but {', '.join(rules.get('properties', ()))}"
        case _:
            return f"{keyword} {cut(_plain(rule))}"


def shown(value: JSON, path: tuple[str | int, ...], keyword: str) -> str:
    """What was found at a path: ``absent`` for a missing property, with its type where that is wrong."""
    if keyword == "required":
        return "absent"
    for step in path:
        value = value[step]  # type: ignore[index]
    text = cut(_plain(value))
    if keyword != "type" or value is None:
        return text
    kind = type_of(value)
    return f"{cut(text, LONGEST - len(kind) - 3)} ({kind})"


def type_of(value: JSON) -> str:
    """The JSON type of a value; a whole number written without fraction is an integer."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning and ``…``."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def quoted(text: str, longest: int = BRIEF) -> str:
    """The text in quotes, cut to what a finding has room for."""
    return repr(cut(text, longest))


def as_sent(members: Mapping[str, JSON], name: str) -> str:
    """A member of an error as it came; ``absent`` where it did not."""
    return cut(f"{members[name]!r}", MESSAGE) if name in members else "absent"


def beginning(body: bytes, longest: int = EVIDENCE) -> str:
    """The first bytes of a body as text, whatever they are."""
    return body[:longest].decode("utf-8", "replace")


def _types(rule: Any, rules: Mapping[str, Any]) -> str:
    names = [rule] if isinstance(rule, str) else list(rule)
    items = rules.get("items")
    inner = items.get("type") if isinstance(items, Mapping) else None
    if isinstance(inner, str):
        names = [f"array of {inner}s" if name == "array" else name for name in names]
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _word(value: object) -> str:
    return value if isinstance(value, str) and value else _plain(value)


def _plain(value: Any) -> str:
    """JSON text of the value's beginning: never more work than the few characters that will be seen."""
    text = _text(_head(value, LONGEST))
    # A lone surrogate is legal in JSON's escapes and illegal in any output.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:  # an integer of more digits than Python agrees to print
        return "a number too long to be shown"


def _head(value: Any, budget: int, depth: int = 0) -> Any:
    """A copy with long texts, long lists and deep nesting cut off."""
    if isinstance(value, str):
        return value[: budget + 1]
    if not isinstance(value, (list, dict)) or not value:
        return value
    if depth == 4:
        return "…"
    few = max(1, budget // 4)
    if isinstance(value, list):
        return [_head(item, few, depth + 1) for item in value[: few + 1]]
    names = list(value)[: few + 1]
    return {name[:budget]: _head(value[name], few, depth + 1) for name in names}
