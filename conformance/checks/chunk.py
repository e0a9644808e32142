"""The chunks of a stream: each field, what stays constant, and what the deltas add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile, Sends, Support, UsagePlace
from conformance.spec.validate import Violation
from conformance.wire.deltas import ChoiceParts, ToolCallParts
from conformance.wire.reading import Reading

from .chat import CUT, MILLISECONDS, argument_problems
from .fields import Field, absent_logprobs, broken, field_problems, missing
from .givens import chunks_came, finished_stream, values_kept
from .kinds import single_choice, streams, unnamed_tools, with_tools
from .registry import MAY, MUST, SHOULD, Given, Problems, check
from .stream import unreadable
from .usage import COUNTS, bounds_broken, carries_usage, sum_broken, uncounted

STREAM = ("chat.stream.basic",)
USAGE = ("chat.stream.usage",)
TOOLS = ("tools.stream.required",)
SCHEMA = "chat.completion.chunk"
OTHER_ROLES = ("developer", "system", "user", "tool", "function")
"""Roles that the schema lists although no answer has them."""
Numbered = tuple[int, dict[str, JSON]]


def _null(chunk: dict[str, JSON], violation: Violation) -> Level | None:
    return MAY if violation.actual.startswith("null") else None


def _null_detail(chunk: dict[str, JSON], violation: Violation) -> Level | None:
    """Official types have every detail of usage optional, so null reads like absent."""
    return MAY if len(violation.path) > 1 and violation.actual.startswith("null") else None


def _unlisted(chunk: dict[str, JSON], violation: Violation) -> Level | None:
    return MAY if violation.keyword == "enum" else None


_DELTA = ("choices", "*", "delta")
FIELDS = (
    Field("chunk.choices", "`choices` of a chunk is an array of objects.", ((), ("choices",))),
    Field("chunk.id", "`id` of a chunk is a string.", (("id",),)),
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
        _null,
        optional=True,
    ),
    Field(
        "chunk.function-call",
        "`delta.function_call` has a name and arguments as text.",
        ((*_DELTA, "function_call"),),
        _null,
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
        _unlisted,
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


def is_prelude(chunk: dict[str, JSON]) -> bool:
    """An opening chunk of filter results: no choices and empty names; official helpers drop it by its object."""
    return (
        chunk.get("choices") == []
        and not chunk.get("object")
        and not isinstance(chunk.get("usage"), dict)
    )


def content_chunks(x: Reading) -> list[Numbered]:
    """The chunks without such an opening one."""
    return [(n, chunk) for n, chunk in x.chunks if not is_prelude(chunk)]


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
            for place, those in broken(x, SCHEMA, [chunk for _, chunk in chunks])
            for problem in field_problems(field, FIELDS, chunks[place][1], those)
        ]
        yield from _grouped(found)
        yield from _extra(field.id, x)


def _extra(field: str, x: Reading) -> Problems:
    """What the schema cannot say about a field."""
    if field == "chunk.object":
        for number, _ in [c for c in x.chunks if is_prelude(c[1])][:1]:
            yield Problem(
                f"event {number}",
                expected="a chunk",
                actual="an opening event without choices",
                level=MAY,
            )
    if field == "chunk.role":
        for choice in spoken(x):
            other = [(n, role) for n, role in choice.roles if role in OTHER_ROLES]
            if other:
                yield Problem(
                    f"event {other[0][0]}: choice {choice.index}",
                    expected='"assistant"',
                    actual=repr(other[0][1]),
                    level=SHOULD,
                )
    if field == "chunk.created":
        for number, chunk in content_chunks(x)[:1]:
            created = chunk.get("created")
            if (
                isinstance(created, int)
                and not isinstance(created, bool)
                and created > MILLISECONDS
            ):
                yield Problem(
                    f"event {number}: /created",
                    expected="Unix time in seconds",
                    actual=f"{created}",
                )
    if field == "chunk.choice-index" and x.asked.n > 1:
        wrong = [i for i in x.choices if not 0 <= i < x.asked.n]
        if wrong:
            yield Problem(
                "choices", expected=f"indexes below n = {x.asked.n}", actual=f"index {wrong[0]}"
            )


for _field in FIELDS:
    _declare(_field)


def values_of(x: Reading, name: str) -> list[tuple[int, JSON]]:
    """The values of a member that have its type, with their events."""
    kind = int if name == "created" else str  # what has another type is another check's
    return [(n, c[name]) for n, c in content_chunks(x) if isinstance(c.get(name), kind)]


def comparable(name: str) -> Given:
    """More than one chunk has this member, in its type, and the recording keeps it."""

    def given(x: Reading, profile: Profile) -> Unjudged | None:
        if (reason := chunks_came(x, profile) or values_kept(x, profile)) is not None:
            return reason
        if len(content_chunks(x)) < 2:
            return Unjudged("the stream has one chunk", Hindrance.MODEL)
        enough = len(values_of(x, name)) > 1
        return None if enough else Unjudged(f"the chunks have no {name} to compare")

    return given


def _constant(x: Reading, name: str, level: Level | None = None) -> Problems:
    """A problem at the first chunk whose value differs from the first one's."""
    chunks = values_of(x, name)
    for number, value in chunks[1:]:
        if value != chunks[0][1]:
            yield Problem(
                f"event {number}: /{name}",
                expected=f"{chunks[0][1]!r}, as on event {chunks[0][0]}",
                actual=repr(value),
                level=level,
            )
            return


@check("chunk.id-constant", level=MUST, on=streams, given=comparable("id"), probes=STREAM)
def id_stays(x: Reading, profile: Profile) -> Problems:
    """All chunks of a stream have the same id."""
    yield from _constant(x, "id")


@check(
    "chunk.created-constant",
    level=SHOULD,
    on=streams,
    given=comparable("created"),
    probes=STREAM,
)
def created_stays(x: Reading, profile: Profile) -> Problems:
    """All chunks of a stream have the same created time."""
    yield from _constant(x, "created")


@check(
    "chunk.model-constant",
    level=SHOULD,
    on=streams,
    given=comparable("model"),
    probes=STREAM,
)
def model_stays(x: Reading, profile: Profile) -> Problems:
    """All chunks of a stream name the same model."""
    yield from _constant(x, "model")


def read_to_the_end(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end and all of it can be read."""
    if (reason := finished_stream(x, profile)) is not None:
        return reason
    if (cause := unreadable(x)) is not None:
        return Unjudged(cause)
    return None


def spoken(x: Reading) -> list[ChoiceParts]:
    """The choices of a stream, by index."""
    return [x.choices[i] for i in sorted(x.choices)]


def role_claimed(profile: Profile) -> str | None:
    """Whether the profile has streams carry a role."""
    never = profile.streaming.role == "never"
    return "the profile says that streams carry no role" if never else None


def one_role_claimed(profile: Profile) -> str | None:
    """Whether the profile leaves the role to one delta."""
    every = profile.streaming.role == "every"
    return "the profile says that every delta carries the role" if every else None


@check(
    "chunk.role-present",
    level=MUST,
    on=streams,
    given=read_to_the_end,
    claimed=role_claimed,
    probes=STREAM,
)
def role_is_sent(x: Reading, profile: Profile) -> Problems:
    """The deltas of each choice carry the role at least once."""
    for choice in spoken(x):
        if not choice.roles:
            yield Problem(
                f"choice {choice.index}",
                expected='delta.role "assistant"',
                actual="no role in the stream",
            )


def role_and_content_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with a role, and with content that it can stand before."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not any(choice.roles for choice in spoken(x)):
        return Unjudged("no role in the stream")
    placed = any(choice.roles and choice.carries for choice in spoken(x))
    return None if placed else Unjudged("no content in the stream", Hindrance.MODEL)


def role_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with a role."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    sent = any(choice.roles for choice in spoken(x))
    return None if sent else Unjudged("no role in the stream")


@check(
    "chunk.role-first",
    level=SHOULD,
    on=streams,
    given=role_and_content_came,
    claimed=role_claimed,
    probes=STREAM,
)
def role_comes_first(x: Reading, profile: Profile) -> Problems:
    """The role comes no later than the first content."""
    for choice in spoken(x):
        first = choice.carries[0][0] if choice.carries else None
        if choice.roles and first is not None and choice.roles[0][0] > first:
            yield Problem(
                f"event {choice.roles[0][0]}",
                expected=f"the role by event {first}, with the first content",
                actual="the role only here",
            )


@check(
    "chunk.role-once",
    level=SHOULD,
    on=streams,
    given=role_came,
    claimed=one_role_claimed,
    probes=STREAM,
)
def role_comes_once(x: Reading, profile: Profile) -> Problems:
    """The role is sent once for each choice."""
    for choice in spoken(x):
        again = [(n, r) for n, r in choice.roles[1:] if r]
        if again:
            yield Problem(
                f"event {again[0][0]}",
                expected=f"no role after event {choice.roles[0][0]}",
                actual=f"the role {len(choice.roles)} times",
            )


@check("chunk.finish-present", level=MUST, on=streams, given=read_to_the_end, probes=STREAM)
def each_choice_finishes(x: Reading, profile: Profile) -> Problems:
    """Each choice gets a finish_reason before the stream ends."""
    for choice in spoken(x):
        if not choice.finishes and not choice.blank_finish:
            yield Problem(
                f"choice {choice.index}",
                expected="a finish_reason",
                actual="none in the whole stream",
            )


def finish_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end, and a choice of it finished."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    finished = any(choice.finishes for choice in spoken(x))
    return None if finished else Unjudged("no finish_reason in the stream")


@check("chunk.finish-once", level=MUST, on=streams, given=finish_came, probes=STREAM)
def each_choice_finishes_once(x: Reading, profile: Profile) -> Problems:
    """A choice finishes once, with one reason."""
    for choice in spoken(x):
        for number, reason in choice.finishes[1:]:
            same = reason == choice.finishes[0][1]
            yield Problem(
                f"event {number}",
                expected=f"no further finish_reason after event {choice.finishes[0][0]}",
                actual=f"{reason!r} after {choice.finishes[0][1]!r}",
                level=MAY if same else None,
            )
            break


@check("chunk.finish-last", level=SHOULD, on=streams, given=finish_came, probes=STREAM)
def nothing_follows_the_finish(x: Reading, profile: Profile) -> Problems:
    """A choice carries nothing more after its finish_reason."""
    for choice in spoken(x):
        if not choice.finishes:
            continue
        late = [(n, what) for n, what in choice.carries if n > choice.finishes[0][0]]
        if late:
            yield Problem(
                f"event {late[0][0]}",
                expected=f"nothing after the finish on event {choice.finishes[0][0]}",
                actual=f"more {late[0][1]}",
            )


@check(
    "chunk.choice-count",
    level=MUST,
    on=single_choice(streams),
    given=read_to_the_end,
    probes=STREAM,
)
def one_choice_unless_asked(x: Reading, profile: Profile) -> Problems:
    """A stream asked for without `n` has exactly one choice, index 0."""
    if sorted(x.choices) != [0]:
        yield Problem("choices", expected="index 0 only", actual=f"indexes {sorted(x.choices)}")


def usage_chunks(x: Reading) -> list[Numbered]:
    """The chunks that carry a usage object."""
    return [(n, c) for n, c in x.chunks if isinstance(c.get("usage"), dict)]


def usage_was_asked(x: Reading, profile: Profile) -> Unjudged | None:
    """The request set include_usage and the stream came to its end."""
    if not x.asked.usage:
        return Unjudged("usage was not asked for", Hindrance.RECORDING)
    return read_to_the_end(x, profile)


def usage_claimed(profile: Profile) -> str | None:
    """Whether the profile has usage in streams at all."""
    if profile.parameter("stream_options").support is Support.NONE:
        return "the profile says that stream_options is not supported"
    return (
        "the profile says that streams carry no usage"
        if profile.streaming.usage is Sends.NEVER
        else None
    )


@check(
    "chunk.usage-asked",
    level=MUST,
    on=streams,
    given=usage_was_asked,
    claimed=usage_claimed,
    probes=USAGE,
)
def usage_comes_when_asked(x: Reading, profile: Profile) -> Problems:
    """A stream with include_usage: true carries the usage."""
    if not carries_usage(x):
        known = profile.streaming.usage in (Sends.OPT_IN, Sends.ALWAYS)
        yield Problem(
            "end of the stream",
            expected="a chunk with usage before [DONE]",
            actual="no usage in the stream",
            level=None if known else SHOULD,
            claims=profile.cited(profile.streaming.source) if known else (),
        )


def usage_was_not_asked(x: Reading, profile: Profile) -> Unjudged | None:
    """The request left include_usage off and the stream came to its end."""
    if x.asked.usage:
        return Unjudged("usage was asked for", Hindrance.RECORDING)
    return read_to_the_end(x, profile)


@check("chunk.usage-unasked", level=MUST, on=streams, given=usage_was_not_asked, probes=STREAM)
def usage_waits_to_be_asked(x: Reading, profile: Profile) -> Problems:
    """Whether a stream without include_usage carries usage is as the profile says."""
    wanted = profile.streaming.usage
    carriers = usage_chunks(x)
    if wanted is Sends.ALWAYS and not carriers:
        yield Problem(
            "end of the stream",
            expected="usage, which the profile says is always sent",
            actual="none",
            claims=profile.cited(profile.streaming.source),
        )
    if wanted is not Sends.ALWAYS and carriers:
        yield Problem(
            f"event {carriers[0][0]}",
            expected="no usage, which was not asked for",
            actual="usage",
            level=SHOULD if wanted in (Sends.OPT_IN, Sends.NEVER) else MAY,
            claims=profile.cited(profile.streaming.source),
        )


def usage_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries usage."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not usage_chunks(x):
        return Unjudged("no usage in the stream")
    return None


def last_finish(x: Reading) -> int:
    """The event on which the last choice finished, 0 if none did."""
    return max((n for c in x.choices.values() for n, _ in c.finishes), default=0)


def usage_places(x: Reading) -> set[UsagePlace]:
    """Where a stream put its usage."""
    carriers = usage_chunks(x)
    if len(carriers) > 2 and len(carriers) >= len(content_chunks(x)) - 2:
        return {UsagePlace.EVERY_CHUNK}
    places = set()
    for _, chunk in carriers:
        choices = chunk.get("choices")
        entries = [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []
        if not entries:
            places.add(UsagePlace.OWN_CHUNK)
        elif any(c.get("finish_reason") for c in entries):
            places.add(UsagePlace.FINISH_CHUNK)
        else:
            places.add(UsagePlace.OWN_CHUNK_WITH_CHOICES)
    return places


@check("chunk.usage-place", level=SHOULD, on=streams, given=usage_came, probes=USAGE)
def usage_stands_in_its_place(x: Reading, profile: Profile) -> Problems:
    """Usage comes in a chunk of its own with `choices: []`, after the last finish_reason, or where the profile says."""
    wanted = set(profile.streaming.usage_places)
    elsewhere = usage_places(x) - (wanted or {UsagePlace.OWN_CHUNK})
    for place in sorted(elsewhere):
        yield Problem(
            f"event {usage_chunks(x)[0][0]}",
            expected=" or ".join(sorted(wanted or {UsagePlace.OWN_CHUNK})),
            actual=place.value,
            level=None if wanted else MAY,
            claims=profile.cited(profile.streaming.source) if wanted else (),
        )
    finished = last_finish(x)
    own = [n for n, c in usage_chunks(x) if not c.get("choices")]
    if own and not elsewhere and own[-1] < finished:
        yield Problem(
            f"event {own[-1]}",
            expected=f"usage after the finish on event {finished}",
            actual="usage before it",
        )


def usage_at_the_end(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries usage, and not before its last finish_reason, of which chunk.usage-place speaks."""
    if (reason := usage_came(x, profile)) is not None:
        return reason
    early = usage_chunks(x)[-1][0] < last_finish(x)
    return Unjudged("the usage comes before the end") if early else None


@check("chunk.usage-kept", level=SHOULD, on=streams, given=usage_at_the_end, probes=USAGE)
def usage_is_not_erased(x: Reading, profile: Profile) -> Problems:
    """No chunk after the usage carries `usage: null`."""
    last = usage_chunks(x)[-1][0]
    for number, chunk in x.chunks:
        if number > last and "usage" in chunk and chunk["usage"] is None:
            yield Problem(
                f"event {number}: /usage",
                expected="no usage member",
                actual=f"null, after the usage on event {last}",
            )
            return


def usage_summed(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream carries usage that has all three counts."""
    return usage_came(x, profile) or uncounted(usage_chunks(x)[-1][1]["usage"], *COUNTS)


@check("chunk.usage-sum", level=SHOULD, on=streams, given=usage_summed, probes=USAGE)
def usage_adds_up(x: Reading, profile: Profile) -> Problems:
    """The usage of a stream adds up, and its details fit into it."""
    number, chunk = usage_chunks(x)[-1]
    yield from sum_broken(chunk["usage"], f"event {number}: /usage")
    yield from bounds_broken(chunk["usage"], f"event {number}: /usage")


def calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a tool, in deltas that can be told apart by index."""
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not any(choice.tools for choice in x.choices.values()):
        return Unjudged("the model made no tool call", Hindrance.MODEL)
    return None


def calls_of(x: Reading) -> list[tuple[ChoiceParts, ToolCallParts]]:
    """Each tool call of each choice."""
    return [(choice, choice.tools[i]) for choice in spoken(x) for i in choice.tool_order]


def second_id(call: ToolCallParts) -> tuple[int, str] | None:
    """The event and value of an id that differs from the one before it: another call under the same index."""
    first = call.first.entry.get("id")
    for fragment in call.fragments[1:]:
        again = fragment.entry.get("id")
        if isinstance(again, str) and again and isinstance(first, str) and first and again != first:
            return fragment.event, again
    return None


@check("chunk.tool-index", level=MUST, on=with_tools(streams), given=calls_came, probes=TOOLS)
def call_indexes_count_from_zero(x: Reading, profile: Profile) -> Problems:
    """Tool call indexes start at 0 and grow by 1 in the order in which calls appear."""
    for choice in spoken(x):
        if choice.tool_order != list(range(len(choice.tool_order))):
            yield Problem(
                f"event {choice.tools[choice.tool_order[0]].first.event}",
                expected=f"indexes {list(range(len(choice.tool_order)))}",
                actual=f"{choice.tool_order}",
            )


@check("chunk.tool-first-delta", level=MUST, on=with_tools(streams), given=calls_came, probes=TOOLS)
def first_delta_introduces_the_call(x: Reading, profile: Profile) -> Problems:
    """The first delta of a tool call carries its id, type and function name."""
    for _, call in calls_of(x):
        entry, at = call.first.entry, f"event {call.first.event}: tool call {call.index}"
        if not entry.get("id"):
            yield Problem(at, expected="an id", actual=f"id {entry.get('id')!r}")
        if not entry.get("type"):
            yield Problem(at, expected='type "function"', actual=f"type {entry.get('type')!r}")
        if entry.get("type") != "custom" and not call.first.function.get("name"):
            yield Problem(
                at, expected="function.name", actual=f"name {call.first.function.get('name')!r}"
            )


def later_deltas_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a tool in more than one delta, all of one call."""
    if (reason := calls_came(x, profile)) is not None:
        return reason
    if not any(len(call.fragments) > 1 for _, call in calls_of(x)):
        return Unjudged("each call comes in one delta", Hindrance.RECORDING)
    mixed = all(second_id(call) is not None for _, call in calls_of(x) if len(call.fragments) > 1)
    return Unjudged("two calls share an index") if mixed else None


@check(
    "chunk.tool-later-deltas",
    level=SHOULD,
    on=with_tools(streams),
    given=later_deltas_came,
    probes=TOOLS,
)
def later_deltas_only_add(x: Reading, profile: Profile) -> Problems:
    """Later deltas of a call repeat neither id nor name, and send neither id nor type as null."""
    for _, call in calls_of(x):
        if second_id(call) is not None:
            continue
        for fragment in call.fragments[1:]:
            entry, at = fragment.entry, f"event {fragment.event}: tool call {call.index}"
            if entry.get("id"):
                yield Problem(
                    at, expected="no id after the first delta", actual=f"id {entry['id']!r} again"
                )
            elif fragment.function.get("name"):
                yield Problem(
                    at,
                    expected="no name after the first delta",
                    actual=f"name {fragment.function['name']!r} again",
                )
            elif any(name in entry and entry[name] is None for name in ("id", "type")):
                yield Problem(at, expected="no id or type after the first delta", actual="null")
            else:
                continue
            break


@check(
    "chunk.tool-index-shared", level=MUST, on=with_tools(streams), given=calls_came, probes=TOOLS
)
def calls_do_not_share_an_index(x: Reading, profile: Profile) -> Problems:
    """Two tool calls of one answer have two indexes."""
    for _, call in calls_of(x):
        again = second_id(call)
        if again is not None:
            yield Problem(
                f"event {again[0]}: tool call {call.index}",
                expected=f"only call {call.first.entry.get('id')!r} under this index",
                actual=f"call {again[1]!r}",
            )


def whole_calls(x: Reading) -> list[tuple[ChoiceParts, ToolCallParts]]:
    """The calls of functions in finished choices that no limit cut and no other call is mixed with."""
    return [
        (choice, call)
        for choice, call in calls_of(x)
        if choice.finish is not None
        and choice.finish not in CUT
        and call.first.entry.get("type") != "custom"
        and second_id(call) is None
        and all(isinstance(f.function.get("arguments"), str | None) for f in call.fragments)
    ]


def whole_calls_came(x: Reading, profile: Profile) -> Unjudged | None:
    """The stream calls a function, and no limit cut it."""
    if (reason := calls_came(x, profile)) is not None:
        return reason
    if whole_calls(x):
        return None
    if any(second_id(call) is not None for _, call in calls_of(x)):
        return Unjudged("two calls share an index")
    return Unjudged("no call of a function that is whole", Hindrance.MODEL)


@check(
    "chunk.tool-arguments",
    level=SHOULD,
    on=with_tools(streams),
    given=whole_calls_came,
    probes=TOOLS,
)
def argument_fragments_join(x: Reading, profile: Profile) -> Problems:
    """The argument fragments of a call join to the text of a JSON object, unless the token limit cut them."""
    for choice, call in whole_calls(x):
        yield from argument_problems(
            call.arguments, f"choice {choice.index}: tool call {call.index}"
        )


@check(
    "chunk.finish-without-tool-calls", level=MUST, on=streams, given=read_to_the_end, probes=TOOLS
)
def finish_tool_calls_has_calls(x: Reading, profile: Profile) -> Problems:
    """A stream's finish_reason "tool_calls" comes after tool calls."""
    for choice in spoken(x):
        mentioned = any(delta.get("tool_calls") for _, delta in choice.deltas)
        if choice.finish == "tool_calls" and not mentioned:
            yield Problem(
                f"event {choice.finishes[-1][0]}",
                expected="tool calls before it",
                actual="none in the stream",
            )


@check(
    "chunk.tool-calls-finish",
    level=SHOULD,
    on=unnamed_tools(streams),
    given=calls_came,
    probes=TOOLS,
)
def calls_finish_with_tool_calls(x: Reading, profile: Profile) -> Problems:
    """A stream that calls tools finishes with "tool_calls"; a tool named by the request may finish with "stop"."""
    for choice in spoken(x):
        if choice.tools and choice.finish == "stop":
            yield Problem(
                f"event {choice.finishes[-1][0]}", expected='"tool_calls"', actual='"stop"'
            )
