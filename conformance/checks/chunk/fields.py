"""The fields of a chunk: type, presence and documented values of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from conformance.checks.fields import (
    DROP,
    MILLISECONDS,
    Field,
    absent_logprobs,
    broken,
    field_problems,
    missing,
    null_like_absent,
    unlisted,
)
from conformance.checks.givens import chunks_came
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, SHOULD, Problems, check
from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.spec.validate import Violation
from conformance.wire.chunks import content_chunks, is_prelude, spoken
from conformance.wire.reading import Reading

from . import STREAM, TOOLS, USAGE

CHUNK = "chat.completion.chunk"
OTHER_ROLES = ("developer", "system", "user", "tool", "function")
"""Roles that the schema lists although no answer has them."""


def _null_detail(chunk: dict[str, JSON], violation: Violation) -> Level | None:
    """Official types have every detail of usage optional, so null reads like absent."""
    return MAY if len(violation.path) > 1 and violation.actual.startswith("null") else None


def _padding(chunk: dict[str, JSON], violation: Violation) -> str | None:
    """Official clients pass over `obfuscation`, whatever it is."""
    return DROP if violation.path[:1] == ("obfuscation",) else None


_DELTA = ("choices", "*", "delta")
FIELDS = (
    Field(
        "chunk.choices",
        "`choices` of a chunk is an array of objects.",
        ((), ("choices",)),
        _padding,
    ),
    Field("chunk.id", "`id` of a chunk is a string that is not empty.", (("id",),)),
    Field("chunk.object", '`object` of a chunk is "chat.completion.chunk".', (("object",),)),
    Field("chunk.created", "`created` of a chunk is an integer.", (("created",),)),
    Field("chunk.model", "`model` of a chunk is a string.", (("model",),)),
    Field(
        "chunk.choice-index",
        "Each choice of a chunk has an integer index below n.",
        (("choices", "*", "index"),),
    ),
    Field("chunk.delta", "`delta` is an object.", (_DELTA,)),
    Field(
        "chunk.finish-reason",
        "`finish_reason` of a chunk is null or one of the documented values.",
        (("choices", "*", "finish_reason"),),
    ),
    Field("chunk.role", '`delta.role` is "assistant".', ((*_DELTA, "role"),), optional=True),
    Field(
        "chunk.content",
        "`delta.content` is a string or null.",
        ((*_DELTA, "content"),),
        optional=True,
    ),
    Field(
        "chunk.refusal",
        "`delta.refusal` is a string or null.",
        ((*_DELTA, "refusal"),),
        optional=True,
    ),
    Field(
        "chunk.tool-calls",
        "Entries of `delta.tool_calls` have an integer index and text for id, name and arguments.",
        ((*_DELTA, "tool_calls"),),
        null_like_absent,
        optional=True,
    ),
    Field(
        "chunk.function-call",
        "`delta.function_call` has a name and arguments as text.",
        ((*_DELTA, "function_call"),),
        null_like_absent,
        optional=True,
    ),
    Field(
        "chunk.logprobs",
        "`logprobs` of a chunk is null or lists tokens with their log probabilities.",
        (("choices", "*", "logprobs"),),
        absent_logprobs,
        optional=True,
    ),
    Field(
        "chunk.usage",
        "`usage` of a chunk is null or counts tokens as integers.",
        (("usage",),),
        _null_detail,
        optional=True,
    ),
    Field(
        "chunk.service-tier",
        "`service_tier` of a chunk is null or a documented tier.",
        (("service_tier",),),
        unlisted,
        SHOULD,
        optional=True,
    ),
    Field(
        "chunk.system-fingerprint",
        "`system_fingerprint` of a chunk is a string or null.",
        (("system_fingerprint",),),
        None,
        SHOULD,
        optional=True,
    ),
)


def _grouped(found: list[tuple[int, Problem]]) -> Iterator[Problem]:
    """One problem for the same thing on many chunks."""
    groups: dict[tuple[str, str, Level | None], list[tuple[int, Problem]]] = defaultdict(list)
    for number, problem in found:
        groups[(problem.at, problem.expected, problem.level)].append((number, problem))
    for (at, expected, level), members in groups.items():
        number, first = members[0]
        more = f" and {len(members) - 1} more" if len(members) > 1 else ""
        yield Problem(
            f"event {number}{more}: {at}", expected=expected, actual=first.actual, level=level
        )


def _no_prelude(x: Reading) -> Problems:
    for number, _ in [c for c in x.chunks if is_prelude(c[1])][:1]:
        yield Problem(
            f"event {number}",
            expected="a chunk",
            actual="an opening event without choices",
            level=MAY,
        )


def _no_other_role(x: Reading) -> Problems:
    for choice in spoken(x):
        other = [(n, role) for n, role in choice.roles if role in OTHER_ROLES]
        if other:
            yield Problem(
                f"event {other[0][0]}: choice {choice.index}",
                expected='"assistant"',
                actual=repr(other[0][1]),
                level=SHOULD,
            )


def _no_milliseconds(x: Reading) -> Problems:
    for number, chunk in content_chunks(x)[:1]:
        created = chunk.get("created")
        if isinstance(created, int) and not isinstance(created, bool) and created > MILLISECONDS:
            yield Problem(
                f"event {number}: /created", expected="Unix time in seconds", actual=f"{created}"
            )


def _no_index_beyond_n(x: Reading) -> Problems:
    wrong = [i for i in x.choices if not 0 <= i < x.asked.n]
    if x.asked.n > 1 and wrong:
        yield Problem(
            "choices", expected=f"indexes below n = {x.asked.n}", actual=f"index {wrong[0]}"
        )


def _no_empty_id(x: Reading) -> Problems:
    empty = [n for n, chunk in x.chunks if chunk.get("id") == "" and chunk.get("choices")]
    if empty:
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        yield Problem(
            f"event {empty[0]}{more}: /id",
            expected="an id that is not empty",
            actual='""',
            level=SHOULD,
        )


_BEYOND_THE_SCHEMA: dict[str, Callable[[Reading], Problems]] = {
    "chunk.id": _no_empty_id,
    "chunk.object": _no_prelude,
    "chunk.role": _no_other_role,
    "chunk.created": _no_milliseconds,
    "chunk.choice-index": _no_index_beyond_n,
}
"""What the schema cannot say about a field."""


def _of_the_error(x: Reading, field: Field, problem: Problem) -> bool:
    """Whether a choice ends with the reason "error" in a stream that brings the error itself, which other checks judge."""
    reason = field.id == "chunk.finish-reason" and problem.actual == '"error"'
    return reason and bool(x.error_events)


def _declare(field: Field) -> None:
    probes = {"chunk.tool-calls": TOOLS, "chunk.usage": USAGE}.get(field.id, STREAM)

    def carried(x: Reading, profile: Profile) -> Unjudged | None:
        """A chunk has what may be absent; whether tools are called is up to the model."""
        tools = field.id == "chunk.tool-calls" and x.asked.tool_names
        hindrance = Hindrance.MODEL if tools else Hindrance.RECORDING
        return missing(field, (chunk for _, chunk in content_chunks(x)), hindrance)

    @check(
        field.id,
        level=field.level,
        on=streams,
        given=(chunks_came, carried) if field.optional else chunks_came,
        probes=probes,
        title=field.title,
    )
    def owned(x: Reading, profile: Profile) -> Problems:
        chunks = content_chunks(x)
        found = [
            (chunks[place][0], problem)
            for place, those in broken(x, CHUNK, [chunk for _, chunk in chunks])
            for problem in field_problems(field, FIELDS, chunks[place][1], those)
            if not _of_the_error(x, field, problem)
        ]
        yield from _grouped(found)
        if field.id in _BEYOND_THE_SCHEMA:
            yield from _BEYOND_THE_SCHEMA[field.id](x)


for _field in FIELDS:
    _declare(_field)
