"""The body of a chat completion as a whole: accepted, declared, no error, one choice, made in our time."""

from __future__ import annotations

from conformance.checks.fields import MILLISECONDS
from conformance.checks.givens import (
    completion,
    headers_kept,
    readable,
    succeeded,
    values_kept,
    whole,
)
from conformance.checks.headers import media_type_problem
from conformance.checks.kinds import completions, probe, single_choice
from conformance.checks.registry import MUST, SHOULD, Problems, check
from conformance.model.finding import Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.phrase import beginning
from conformance.wire.reading import Reading

from . import PLAIN


@check(
    "chat.basic.accepted", level=MUST, on=probe("chat.basic"), given=whole, probes=("chat.basic",)
)
def minimal_request_is_answered(x: Reading, profile: Profile) -> Problems:
    """A request with only a model, one user message and a token limit is answered 200."""
    yield from accepted(x)


def accepted(x: Reading) -> Problems:
    """A problem unless the status is 200; a 429 or 402 is left to the run."""
    if x.status not in (200, 402, 429):
        yield Problem(
            "status",
            expected="200",
            actual=f"{x.status}",
            evidence=beginning(x.body),
        )


def one_body(x: Reading, profile: Profile) -> Unjudged | None:
    """A success came with a body that is no event stream."""
    for given in (succeeded, headers_kept, whole):
        if (reason := given(x, profile)) is not None:
            return reason
    if not x.body:
        return Unjudged("the body is empty")
    events = x.looks_like_events and x.object is None
    return Unjudged("answered with an event stream") if events else None


@check(
    "chat.response.content-type",
    level=MUST,
    on=completions,
    given=one_body,
    probes=PLAIN,
)
def declares_json(x: Reading, profile: Profile) -> Problems:
    """A chat completion is sent as application/json."""
    if not x.says_json:
        yield media_type_problem(x, "application/json")


@check(
    "chat.response.not-an-error",
    level=MUST,
    on=completions,
    given=(succeeded, whole, readable),
    probes=PLAIN,
)
def success_is_no_error(x: Reading, profile: Profile) -> Problems:
    """An answer with a success status is a completion, not an error or an event stream."""
    if x.object is not None and "error" in x.object and "choices" not in x.object:
        if not profile.errors.with_status_200:
            yield Problem("body", expected="a completion", actual="an error with status 200")
    elif x.object is not None and x.object.get("error"):
        yield Problem(
            "/error",
            expected="no error beside choices",
            actual=f"{x.object['error']!r}",
            level=SHOULD,
        )
    elif x.object is None and x.looks_like_events:
        yield Problem(
            "body",
            expected="one JSON object",
            actual="an event stream, although none was asked for",
        )
    elif x.object is None and x.json.error is None:
        yield Problem("body", expected="a JSON object", actual=f"{type(x.json.value).__name__}")
    elif not x.body and not x.says_json:  # http.json.valid says it of what is declared as JSON
        yield Problem("body", expected="a JSON object", actual="an empty body")


def choices_listed(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came whose choices are an array."""
    if (reason := completion(x, profile)) is not None:
        return reason
    listed = isinstance((x.object or {}).get("choices"), list)
    return None if listed else Unjudged("the answer has no array of choices")


@check(
    "chat.response.choice-count",
    level=MUST,
    on=single_choice(completions),
    given=choices_listed,
    probes=PLAIN,
)
def one_choice_unless_asked(x: Reading, profile: Profile) -> Problems:
    """A request without `n` gets exactly one choice."""
    choices = (x.object or {}).get("choices")
    if isinstance(choices, list) and len(choices) != 1:
        yield Problem("/choices", expected="1 choice", actual=f"{len(choices)}")


def _number_of(value: JSON) -> float | None:
    """A value that is a number; None for anything else, booleans included."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return value if numeric else None  # type: ignore[return-value]


def created_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came whose creation time is a number, which the recording keeps."""
    if (reason := completion(x, profile) or values_kept(x, profile)) is not None:
        return reason
    numeric = _number_of((x.object or {}).get("created")) is not None
    return None if numeric else Unjudged("the answer has no created time that is a number")


@check(
    "chat.response.created-in-seconds",
    level=MUST,
    on=completions,
    given=created_came,
    probes=PLAIN,
)
def created_counts_seconds(x: Reading, profile: Profile) -> Problems:
    """`created` counts seconds since 1970, not milliseconds."""
    created = _number_of((x.object or {}).get("created"))
    if created is not None and created > MILLISECONDS:
        yield Problem("/created", expected="Unix time in seconds", actual=f"{created}")
