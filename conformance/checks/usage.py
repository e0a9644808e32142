"""The arithmetic of usage, the same in completions and in streams."""

from __future__ import annotations

from conformance.model.finding import Problem, Unjudged
from conformance.model.json import JSON
from conformance.wire.reading import Reading

from .registry import Problems

# member of usage -> detail object and the members that are parts of it
_PARTS = (
    ("prompt_tokens", "prompt_tokens_details", ("cached_tokens",)),
    ("completion_tokens", "completion_tokens_details", ("reasoning_tokens",)),
    ("completion_tokens", "completion_tokens_details", ("accepted_prediction_tokens",)),
)


COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def carries_usage(x: Reading) -> bool:
    """Whether a stream says what was used, in whatever chunk."""
    return any(chunk.get("usage") is not None for _, chunk in x.chunks)


def uncounted(usage: JSON, *names: str) -> Unjudged | None:
    """Why usage cannot be reckoned with: one of these members is no count."""
    members = usage if isinstance(usage, dict) else {}
    lacking = [name for name in names if _count(members.get(name)) is None]
    return Unjudged(f"the usage has no {lacking[0]} that is a count") if lacking else None


def has_parts(usage: JSON) -> bool:
    """Whether usage has a whole and a part of it that can be compared."""
    if not isinstance(usage, dict):
        return False
    for member, details_name, parts in _PARTS:
        details = usage.get(details_name)
        found = isinstance(details, dict) and any(_count(details.get(p)) is not None for p in parts)
        if found and _count(usage.get(member)) is not None:
            return True
    return False


def _count(value: JSON) -> int | None:
    counted = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if counted else None  # type: ignore[return-value]


def sum_broken(usage: JSON, at: str) -> Problems:
    """A problem if the total is not the sum."""
    if not isinstance(usage, dict):
        return
    prompt, completion, total = (
        _count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if prompt is None or completion is None or total is None:
        return
    if total != prompt + completion:
        yield Problem(
            f"{at}/total_tokens",
            expected=f"{prompt} + {completion} = {prompt + completion}",
            actual=f"{total}",
        )


def bounds_broken(usage: JSON, at: str) -> Problems:
    """A problem for each detail larger than what it is a part of."""
    if not isinstance(usage, dict):
        return
    for member, details_name, parts in _PARTS:
        whole, details = _count(usage.get(member)), usage.get(details_name)
        if whole is None or not isinstance(details, dict):
            continue
        for part in parts:
            count = _count(details.get(part))
            if count is not None and count > whole:
                yield Problem(
                    f"{at}/{details_name}/{part}",
                    expected=f"at most {member} = {whole}",
                    actual=f"{count}",
                )
