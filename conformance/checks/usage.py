"""The arithmetic of usage, the same in completions and in streams."""

from __future__ import annotations

from conformance.model.finding import Problem
from conformance.model.json import JSON

from .registry import Problems

# member of usage -> detail object and the members that are parts of it
_PARTS = (
    ("prompt_tokens", "prompt_tokens_details", ("cached_tokens",)),
    ("completion_tokens", "completion_tokens_details", ("reasoning_tokens",)),
    ("completion_tokens", "completion_tokens_details", ("accepted_prediction_tokens",)),
)


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
