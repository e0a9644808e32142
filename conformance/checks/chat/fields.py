"""The fields of a chat completion: type, presence and documented values of each."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.calls import CUT
from conformance.checks.fields import (
    DROP,
    Field,
    Softener,
    absent_logprobs,
    broken,
    field_problems,
    missing,
    null_like_absent,
    unlisted,
    value_at,
)
from conformance.checks.givens import completion
from conformance.checks.kinds import completions
from conformance.checks.registry import MAY, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.validate import Violation
from conformance.wire.completion import choices_of
from conformance.wire.reading import Reading

from . import PLAIN, TOOLS

COMPLETION = "chat.completion"


def _speaks_otherwise(body: dict[str, JSON], violation: Violation) -> Level | None:
    """Without `content` official clients read None, which is right beside calls, a refusal, audio or reasoning."""
    if violation.keyword != "required":
        return None
    message, choice = value_at(body, violation.path[:-1]), value_at(body, violation.path[:-2])
    others = ("tool_calls", "function_call", "refusal", "audio", "reasoning", "reasoning_content")
    spoken = isinstance(message, dict) and any(message.get(name) for name in others)
    cut = isinstance(choice, dict) and choice.get("finish_reason") in CUT
    return SHOULD if spoken or cut else None


def _usage_is_optional(body: dict[str, JSON], violation: Violation) -> Level | None:
    return SHOULD if violation.path == ("usage",) and body.get("usage") is None else None


def _finish_details_of_2023(body: dict[str, JSON], violation: Violation) -> Level | str | None:
    """gpt-4-vision-preview answered with ``finish_details`` in its place."""
    choice = value_at(body, violation.path[:-1])
    return DROP if isinstance(choice, dict) and "finish_details" in choice else None


def _other_annotations(body: dict[str, JSON], violation: Violation) -> Level | None:
    """Kinds of annotation beyond OpenAI's are extra data; `null` reads like none."""
    entry = value_at(body, violation.path[:5])
    foreign = isinstance(entry, dict) and entry.get("type") not in (None, "url_citation")
    return MAY if foreign or violation.actual.startswith("null") else None


def _null_itself(name: str) -> Softener:
    """Null in place of the member reads like absent; null inside it does not."""

    def soften(body: dict[str, JSON], violation: Violation) -> Level | None:
        return null_like_absent(body, violation) if violation.path[-1] == name else None

    return soften


_MESSAGE = ("choices", "*", "message")
FIELDS = (
    Field("chat.response.choices", "`choices` is an array of objects.", ((), ("choices",))),
    Field("chat.response.id", "`id` is a string.", (("id",),)),
    Field("chat.response.object", '`object` is "chat.completion".', (("object",),)),
    Field("chat.response.created", "`created` is an integer.", (("created",),)),
    Field("chat.response.model", "`model` is a string.", (("model",),)),
    Field(
        "chat.response.choice-index",
        "Choices carry the indexes 0 to n-1, each once.",
        (("choices", "*", "index"),),
    ),
    Field(
        "chat.response.finish-reason",
        "`finish_reason` is one of the documented values.",
        (("choices", "*", "finish_reason"),),
        _finish_details_of_2023,
    ),
    Field(
        "chat.response.message", '`message` is an object whose `role` is "assistant".', (_MESSAGE,)
    ),
    Field(
        "chat.response.content",
        "`message.content` is a string or null, and present.",
        ((*_MESSAGE, "content"),),
        _speaks_otherwise,
    ),
    Field(
        "chat.response.refusal",
        "`message.refusal` is a string or null.",
        ((*_MESSAGE, "refusal"),),
        optional=True,
    ),
    Field(
        "chat.response.annotations",
        "`message.annotations` is an array of URL citations.",
        ((*_MESSAGE, "annotations"),),
        _other_annotations,
        optional=True,
    ),
    Field(
        "chat.response.audio",
        "`message.audio` has id, data, expires_at and transcript.",
        ((*_MESSAGE, "audio"),),
        optional=True,
    ),
    Field(
        "chat.response.tool-calls",
        "Each tool call has an id, a type and a function with a name and arguments as text.",
        ((*_MESSAGE, "tool_calls"),),
        _null_itself("tool_calls"),
        optional=True,
    ),
    Field(
        "chat.response.function-call",
        "`message.function_call` has a name and arguments as text.",
        ((*_MESSAGE, "function_call"),),
        _null_itself("function_call"),
        optional=True,
    ),
    Field(
        "chat.response.logprobs",
        "`logprobs` is null or lists tokens with their log probabilities.",
        (("choices", "*", "logprobs"),),
        absent_logprobs,
        optional=True,
    ),
    Field(
        "chat.response.usage",
        "`usage` counts prompt, completion and total tokens as integers.",
        (("usage",),),
        _usage_is_optional,
    ),
    Field(
        "chat.response.usage-details",
        "The details of `usage` are objects of integer counts.",
        (("usage", "prompt_tokens_details"), ("usage", "completion_tokens_details")),
        null_like_absent,
        optional=True,
    ),
    Field(
        "chat.response.service-tier",
        "`service_tier` is null or a documented tier.",
        (("service_tier",),),
        unlisted,
        SHOULD,
        optional=True,
    ),
    Field(
        "chat.response.system-fingerprint",
        "`system_fingerprint` is a string or null.",
        (("system_fingerprint",),),
        None,
        SHOULD,
        optional=True,
    ),
)


def _extra(field: str, body: dict[str, JSON]) -> Iterator[Problem]:
    """What the schema cannot say about a field."""
    if field == "chat.response.id" and body.get("id") == "":
        yield Problem("/id", expected="an id that is not empty", actual='""', level=SHOULD)
    if field == "chat.response.choice-index":
        indexes = [c.get("index") for c in choices_of(body)]
        if all(type(i) is int for i in indexes) and sorted(indexes) != list(range(len(indexes))):  # type: ignore[type-var]
            yield Problem(
                "/choices", expected=f"indexes {list(range(len(indexes)))}", actual=f"{indexes}"
            )


def _declare(field: Field) -> None:
    calls = field.id == "chat.response.tool-calls"
    probes = TOOLS if calls else PLAIN

    def carried(x: Reading, profile: Profile) -> Unjudged | None:
        """The answer has what may be absent; whether tools are called is up to the model."""
        hindrance = Hindrance.MODEL if calls and x.asked.tool_names else Hindrance.RECORDING
        return missing(field, [x.object], hindrance)

    @check(
        field.id,
        level=field.level,
        on=completions,
        given=(completion, carried) if field.optional else completion,
        probes=probes,
        title=field.title,
    )
    def owned(x: Reading, profile: Profile) -> Problems:
        assert x.object is not None  # noqa: S101 - given
        for _, those in broken(x, COMPLETION, [x.object]):
            yield from field_problems(field, FIELDS, x.object, those)
        yield from _extra(field.id, x.object)


for _field in FIELDS:
    _declare(_field)
