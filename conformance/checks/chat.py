"""The chat completion object: each field, and what fields say of one another."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.validate import Violation
from conformance.wire import strict_json
from conformance.wire.reading import Reading

from .fields import DROP, Field, absent_logprobs, broken, field_problems, missing, value_at
from .givens import completion, headers_kept, readable, succeeded, values_kept, whole
from .kinds import completions, probe, single_choice, unnamed_tools, with_tools
from .registry import MAY, MUST, SHOULD, Problems, check
from .usage import COUNTS, bounds_broken, has_parts, sum_broken, uncounted

PLAIN = ("chat.basic", "chat.long")
TOOLS = ("tools.required",)
MILLISECONDS = 100_000_000_000  # 1e11 seconds is the year 5138
SCHEMA = "chat.completion"


def _speaks_otherwise(body: dict[str, JSON], violation: Violation) -> Level | None:
    """Without `content` official clients read None, which is right beside calls, a refusal, audio or reasoning."""
    if violation.keyword != "required":
        return None
    message, choice = value_at(body, violation.path[:-1]), value_at(body, violation.path[:-2])
    others = ("tool_calls", "function_call", "refusal", "audio", "reasoning", "reasoning_content")
    spoken = isinstance(message, dict) and any(message.get(name) for name in others)
    cut = isinstance(choice, dict) and choice.get("finish_reason") in ("length", "content_filter")
    return SHOULD if spoken or cut else None


def _null_is_like_absent(body: dict[str, JSON], violation: Violation) -> Level | None:
    return MAY if violation.actual.startswith("null") else None


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


def _unlisted(body: dict[str, JSON], violation: Violation) -> Level | None:
    return MAY if violation.keyword == "enum" else None


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
        lambda body, violation: (
            _null_is_like_absent(body, violation) if violation.path[-1] == "tool_calls" else None
        ),
        optional=True,
    ),
    Field(
        "chat.response.function-call",
        "`message.function_call` has a name and arguments as text.",
        ((*_MESSAGE, "function_call"),),
        lambda body, violation: (
            _null_is_like_absent(body, violation) if violation.path[-1] == "function_call" else None
        ),
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
        _null_is_like_absent,
        optional=True,
    ),
    Field(
        "chat.response.service-tier",
        "`service_tier` is null or a documented tier.",
        (("service_tier",),),
        _unlisted,
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
        for _, those in broken(x, SCHEMA, [x.object]):
            yield from field_problems(field, FIELDS, x.object, those)
        yield from _extra(field.id, x.object)


for _field in FIELDS:
    _declare(_field)


def choices_of(body: dict[str, JSON]) -> list[dict[str, JSON]]:
    """The choices that are objects."""
    choices = body.get("choices")
    return [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []


def messages_of(x: Reading) -> list[tuple[str, dict[str, JSON], dict[str, JSON]]]:
    """Pointer, choice and message of each choice that has one."""
    found = []
    for position, choice in enumerate(choices_of(x.object or {})):
        message = choice.get("message")
        if isinstance(message, dict):
            found.append((f"/choices/{position}", choice, message))
    return found


def calls_of(message: dict[str, JSON]) -> list[dict[str, JSON]]:
    """The tool calls that are objects."""
    calls = message.get("tool_calls")
    return [c for c in calls if isinstance(c, dict)] if isinstance(calls, list) else []


def function_of(call: dict[str, JSON]) -> dict[str, JSON]:
    """The function of a tool call, empty if it has none."""
    function = call.get("function")
    return function if isinstance(function, dict) else {}


def tool_calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a tool."""
    if (reason := completion(x, profile)) is not None:
        return reason
    if not any(calls_of(m) for _, _, m in messages_of(x)):
        return Unjudged("the model made no tool call", Hindrance.MODEL)
    return None


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
            evidence=x.body[:300].decode("utf-8", "replace"),
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
        yield Problem(
            "Content-Type", expected="application/json", actual=x.header("content-type") or "none"
        )


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


def number_of(value: JSON) -> float | None:
    """A value that is a number; None for anything else, booleans included."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return value if numeric else None  # type: ignore[return-value]


def created_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came whose creation time is a number, which the recording keeps."""
    if (reason := completion(x, profile) or values_kept(x, profile)) is not None:
        return reason
    numeric = number_of((x.object or {}).get("created")) is not None
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
    created = number_of((x.object or {}).get("created"))
    if created is not None and created > MILLISECONDS:
        yield Problem("/created", expected="Unix time in seconds", actual=f"{created}")


def usage_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage."""
    if (reason := completion(x, profile)) is not None:
        return reason
    has = isinstance((x.object or {}).get("usage"), dict)
    return None if has else Unjudged("the answer has no usage")


def usage_summed(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage that has all three counts."""
    return usage_came(x, profile) or uncounted((x.object or {}).get("usage"), *COUNTS)


def usage_counted(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage that counts the prompt and the answer."""
    return usage_came(x, profile) or uncounted((x.object or {}).get("usage"), *COUNTS[:2])


def usage_detailed(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion came with usage whose details can be compared with the whole."""
    if (reason := usage_came(x, profile)) is not None:
        return reason
    detailed = has_parts((x.object or {}).get("usage"))
    return None if detailed else Unjudged("the usage has no details", Hindrance.RECORDING)


@check("chat.response.usage-sum", level=SHOULD, on=completions, given=usage_summed, probes=PLAIN)
def usage_adds_up(x: Reading, profile: Profile) -> Problems:
    """total_tokens is prompt_tokens plus completion_tokens."""
    yield from sum_broken((x.object or {}).get("usage"), "/usage")


@check(
    "chat.response.usage-bounds", level=SHOULD, on=completions, given=usage_detailed, probes=PLAIN
)
def usage_details_fit(x: Reading, profile: Profile) -> Problems:
    """Details of usage do not exceed what they are a part of."""
    yield from bounds_broken((x.object or {}).get("usage"), "/usage")


@check(
    "chat.response.usage-counts",
    level=SHOULD,
    on=completions,
    given=usage_counted,
    probes=(*PLAIN, "chat.system"),
)
def usage_counts_what_was_said(x: Reading, profile: Profile) -> Problems:
    """Text in the answer is counted in completion_tokens, and a prompt in prompt_tokens."""
    usage = (x.object or {}).get("usage")
    if not isinstance(usage, dict):
        return
    spoken = any(message.get("content") for _, _, message in messages_of(x))
    if spoken and usage.get("completion_tokens") == 0:
        yield Problem(
            "/usage/completion_tokens", expected="at least 1 for an answer with text", actual="0"
        )
    if usage.get("prompt_tokens") == 0:
        yield Problem("/usage/prompt_tokens", expected="at least 1", actual="0")


@check(
    "chat.response.finish-without-tool-calls",
    level=MUST,
    on=completions,
    given=completion,
    probes=(*TOOLS, "tools.auto"),
)
def finish_tool_calls_has_calls(x: Reading, profile: Profile) -> Problems:
    """finish_reason "tool_calls" comes with tool calls."""
    for at, choice, message in messages_of(x):
        if choice.get("finish_reason") == "tool_calls" and not message.get("tool_calls"):
            yield Problem(f"{at}/message/tool_calls", expected="at least one call", actual="none")


@check(
    "chat.response.tool-calls-finish",
    level=SHOULD,
    on=unnamed_tools(completions),
    given=tool_calls_came,
    probes=TOOLS,
)
def calls_finish_with_tool_calls(x: Reading, profile: Profile) -> Problems:
    """An answer that calls tools finishes with "tool_calls"; a tool named by the request may finish with "stop"."""
    for at, choice, message in messages_of(x):
        if calls_of(message) and choice.get("finish_reason") == "stop":
            yield Problem(f"{at}/finish_reason", expected='"tool_calls"', actual='"stop"')


def call_ids_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a tool, with ids that are text."""
    if (reason := tool_calls_came(x, profile)) is not None:
        return reason
    named = any(isinstance(c.get("id"), str) for _, _, m in messages_of(x) for c in calls_of(m))
    return None if named else Unjudged("the tool calls have no ids that are text")


@check(
    "chat.response.tool-call-ids",
    level=MUST,
    on=completions,
    given=call_ids_came,
    probes=TOOLS,
)
def call_ids_tell_calls_apart(x: Reading, profile: Profile) -> Problems:
    """Tool calls of one answer have ids that are not empty and differ."""
    for at, _, message in messages_of(x):
        ids = [call["id"] for call in calls_of(message) if isinstance(call.get("id"), str)]
        earlier: set[JSON] = set()
        for position, call_id in enumerate(ids):
            if call_id == "":
                yield Problem(
                    f"{at}/message/tool_calls/{position}/id", expected="an id", actual='""'
                )
            elif call_id in earlier:
                yield Problem(
                    f"{at}/message/tool_calls/{position}/id",
                    expected="an id of its own",
                    actual=f"{call_id!r}, the id of an earlier call",
                )
            earlier.add(call_id)


CUT = ("length", "content_filter")
"""Finish reasons of an answer that breaks off."""


def whole_arguments_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a function, with arguments that are text and not cut."""
    if (reason := tool_calls_came(x, profile)) is not None:
        return reason
    calls = [(c, call) for _, c, m in messages_of(x) for call in calls_of(m)]
    texts = [c for c, call in calls if isinstance(function_of(call).get("arguments"), str)]
    if not texts:
        return Unjudged("the calls have no arguments that are text")
    cut = all(choice.get("finish_reason") in CUT for choice in texts)
    return Unjudged("the token limit cut the calls", Hindrance.MODEL) if cut else None


@check(
    "chat.response.tool-call-arguments",
    level=SHOULD,
    on=completions,
    given=whole_arguments_came,
    probes=TOOLS,
)
def arguments_are_json_objects(x: Reading, profile: Profile) -> Problems:
    """The arguments of a call are the text of a JSON object, unless the token limit cut them."""
    for at, choice, message in messages_of(x):
        if choice.get("finish_reason") in CUT:
            continue
        for position, call in enumerate(calls_of(message)):
            arguments = function_of(call).get("arguments")
            if isinstance(arguments, str):
                yield from argument_problems(arguments, f"{at}/message/tool_calls/{position}")


def argument_problems(arguments: str, at: str) -> Problems:
    """What is wrong with the text of a call's arguments."""
    parsed = strict_json.parse_text(arguments)
    if parsed.error is not None:
        yield Problem(
            at,
            expected="arguments that are a JSON object",
            actual=f"{parsed.error}: {arguments[:120]!r}",
        )
    elif not isinstance(parsed.value, dict):
        yield Problem(at, expected="arguments that are a JSON object", actual=arguments[:120])


def call_names_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The model called a function by a name, where functions were declared."""
    if (reason := tool_calls_came(x, profile)) is not None:
        return reason
    if not x.asked.tool_names:
        return Unjudged("the request declares no functions", Hindrance.RECORDING)
    functions = [function_of(call) for _, _, m in messages_of(x) for call in calls_of(m)]
    named = any(isinstance(function.get("name"), str) for function in functions)
    return None if named else Unjudged("the calls name no function")


@check(
    "chat.response.tool-call-names",
    level=SHOULD,
    on=with_tools(completions),
    given=call_names_came,
    probes=(*TOOLS, "tools.named"),
)
def called_functions_were_declared(x: Reading, profile: Profile) -> Problems:
    """A call names a function that the request declared."""
    declared = x.asked.tool_names
    for at, _, message in messages_of(x):
        for position, call in enumerate(calls_of(message)):
            name = function_of(call).get("name")
            if isinstance(name, str) and name not in declared:
                yield Problem(
                    f"{at}/message/tool_calls/{position}/function/name",
                    expected=" or ".join(map(repr, declared[:5])),
                    actual=repr(name),
                )
