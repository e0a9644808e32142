"""Builds what tests are about: answers, streams, exchanges and profiles, right by default and changed where told.

Everything is pure. A JSON Pointer says what to change (``changed``), ``GONE`` takes a member away.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import cache
from typing import Any
from urllib.parse import unquote

from conformance.checks.registry import Check, all_checks
from conformance.judge import Judge
from conformance.model.exchange import Attempt, Chunk, Ended, Exchange, Kept
from conformance.model.finding import Finding, Outcome, Problem
from conformance.model.plan import Step, Suite
from conformance.model.profile import Auth, Cause, Endpoint, Profile, Refusal
from conformance.model.request import Credentials, Headers, Operation, Request
from conformance.model.target import Target
from conformance.probes.registry import all_probes, continued, steps_of
from conformance.profiles.load import load_profile, profile_names

Value = Any
"""A JSON value; tests reach into it, so it is not typed further."""

GONE = object()
"""In place of a value: take the member away."""

TARGET = Target("http://127.0.0.1:8000", "/v1", "tiny")
BASE = Profile("base", "What every client needs")
CREATED = 1_780_000_000
DATED: Headers = (("Date", formatdate(CREATED, usegmt=True)),)
"""The header that suits ``CREATED``."""
FAIL, WARN, NOTE, PASS = Outcome.FAIL, Outcome.WARN, Outcome.NOTE, Outcome.PASS
SKIP, INCONCLUSIVE = Outcome.SKIP, Outcome.INCONCLUSIVE

ANSWERED = (
    "auth.empty-key",
    "auth.models.no-key",
    "auth.models.wrong-key",
    "auth.no-key",
    "auth.stream.no-key",
    "auth.stream.wrong-key",
    "auth.wrong-key",
    "auth.wrong-scheme",
    "auth.key-longer",
    "auth.key-shorter",
    "chat.basic",
    "chat.long",
    "chat.stream.basic",
    "chat.stream.long",
    "chat.stream.usage",
    "chat.system",
    "errors.empty-body",
    "errors.empty-messages",
    "errors.malformed-json",
    "errors.message-item-type",
    "errors.messages-type",
    "errors.missing-messages",
    "errors.missing-model",
    "errors.not-an-object",
    "errors.stream.messages-type",
    "errors.stream.unknown-model",
    "errors.unknown-model",
    "errors.unknown-path",
    "errors.wrong-method",
    "models.list",
    "models.retrieve",
    "models.retrieve.unknown",
    "tools.auto",
    "tools.named",
    "tools.required",
    "tools.stream.named",
    "tools.stream.required",
    "turn.own-message",
    "turn.tool-result",
)
"""The probes whose right answer is known here: a right run has these."""

ANSWERED_AREAS = (
    "http",
    "chat",
    "stream",
    "chunk",
    "parity",
    "turn",
    "errors",
    "auth",
    "models",
)
"""The areas whose checks a right run exercises."""

STATUS_OF = {
    Cause.UNKNOWN_MODEL: 404,
    Cause.UNKNOWN_PATH: 404,
    Cause.MODEL_NOT_LISTED: 404,
    Cause.WRONG_METHOD: 405,
    Cause.NO_KEY: 401,
    Cause.WRONG_KEY: 401,
    Cause.MALFORMED_KEY: 401,
}


# Values -------------------------------------------------------------------------------------------


def changed(value: Value, *changes: tuple[str, Value]) -> Value:
    """A copy of a JSON value with other values at the pointers given."""
    made = deepcopy(value)
    for pointer, new in changes:
        *path, last = pointer.removeprefix("/").split("/")
        at = made
        for part in path:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if new is GONE:
            del at[int(last) if isinstance(at, list) else last]
        elif isinstance(at, list):
            at[int(last)] = new
        else:
            at[last] = new
    return made


def with_changes(value: dict[str, Value], changes: Mapping[str, Value]) -> dict[str, Value]:
    """The object with other members, less those that are to be gone."""
    return {name: v for name, v in {**value, **changes}.items() if v is not GONE}


def a_usage(prompt: int = 9, completion: int = 3, **changes: Value) -> dict[str, Value]:
    """The usage of a short answer."""
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return with_changes(usage, changes)


def a_call(number: int = 0, **changes: Value) -> dict[str, Value]:
    """A call of ``get_weather`` in a plain answer."""
    function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    return with_changes({"id": f"call_{number}", "type": "function", "function": function}, changes)


def a_message(content: Value = "OK.", **changes: Value) -> dict[str, Value]:
    """An assistant message."""
    return with_changes({"role": "assistant", "content": content, "refusal": None}, changes)


def a_choice(
    message: Value = None, *, index: Value = 0, finish: Value = "stop", **changes: Value
) -> dict[str, Value]:
    """A choice of a plain answer."""
    choice = {
        "index": index,
        "message": a_message() if message is None else message,
        "logprobs": None,
        "finish_reason": finish,
    }
    return with_changes(choice, changes)


def a_completion(**changes: Value) -> dict[str, Value]:
    """A right answer to a plain request."""
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": "tiny-2026-01-01",
        "choices": [a_choice()],
        "usage": a_usage(),
    }
    return with_changes(completion, changes)


def calling(*calls: Value, finish: Value = "tool_calls") -> dict[str, Value]:
    """A right answer that calls tools."""
    message = a_message(None, tool_calls=list(calls) or [a_call()])
    return a_completion(choices=[a_choice(message, finish=finish)])


def a_chunk(
    delta: Value = None, *, finish: Value = None, index: Value = 0, **changes: Value
) -> dict[str, Value]:
    """A chunk with one choice, which adds a word by default."""
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "tiny-2026-01-01",
        "choices": [
            {
                "index": index,
                "delta": {"content": "OK."} if delta is None else delta,
                "logprobs": None,
                "finish_reason": finish,
            }
        ],
    }
    return with_changes(chunk, changes)


def role_chunk(index: int = 0, **changes: Value) -> dict[str, Value]:
    """The chunk that opens a choice."""
    return a_chunk({"role": "assistant", "content": ""}, index=index, **changes)


def finish_chunk(finish: Value = "stop", index: int = 0, **changes: Value) -> dict[str, Value]:
    """The chunk that ends a choice."""
    return a_chunk({}, finish=finish, index=index, **changes)


def usage_chunk(**changes: Value) -> dict[str, Value]:
    """The chunk with the usage alone."""
    return a_chunk(**{"choices": [], "usage": a_usage(), **changes})


def text_chunks(*words: str) -> list[dict[str, Value]]:
    """The chunks of a right stream that says some words."""
    said = [a_chunk({"content": word}) for word in words or ("OK", ".")]
    return [role_chunk(), *said, finish_chunk()]


def a_fragment(
    arguments: Value = None, *, index: Value = 0, opens: bool = False, **changes: Value
) -> dict[str, Value]:
    """One entry of a ``tool_calls`` delta; one that opens a call has id, type and name."""
    if not opens:
        return with_changes({"index": index, "function": {"arguments": arguments or ""}}, changes)
    function = {"name": "get_weather", "arguments": arguments or ""}
    opening = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
    return with_changes(opening, changes)


def tool_chunks(*fragments: Value, finish: Value = "tool_calls") -> list[dict[str, Value]]:
    """The chunks of a right stream that calls a tool, from entries of ``tool_calls``."""
    entries = fragments or (a_fragment(opens=True), a_fragment('{"city": '), a_fragment('"Paris"}'))
    opening = a_chunk({"role": "assistant", "content": None})
    return [opening, *[a_chunk({"tool_calls": [e]}) for e in entries], finish_chunk(finish)]


def data(value: Value) -> bytes:
    """One event: bytes as they are, anything else as JSON in a data line."""
    if isinstance(value, bytes):
        return value
    return b"data: " + written(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def a_stream(events: Iterable[Value] | None = None, *, done: bytes = DONE) -> bytes:
    """An event stream of chunks (or raw events), closed by the end marker."""
    return b"".join(data(e) for e in (text_chunks() if events is None else events)) + done


def tool_stream(*fragments: Value, finish: Value = "tool_calls") -> bytes:
    """An event stream that calls a tool."""
    return a_stream(tool_chunks(*fragments, finish=finish))


def an_error(**changes: Value) -> dict[str, Value]:
    """An error body."""
    error = {
        "message": "That is not possible.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    return {"error": with_changes(error, changes)}


def a_model(**changes: Value) -> dict[str, Value]:
    """An entry of the model list."""
    model = {"id": "tiny", "object": "model", "created": CREATED, "owned_by": "conformance"}
    return with_changes(model, changes)


def a_list(*models: Value, **changes: Value) -> dict[str, Value]:
    """A model list."""
    listed = list(models) or [a_model(), a_model(id="small")]
    return with_changes({"object": "list", "data": listed}, changes)


def written(value: Value) -> str:
    """A value as JSON text."""
    return json_module.dumps(value, ensure_ascii=False)


# Profiles -----------------------------------------------------------------------------------------


def a_profile(**changes: Value) -> Profile:
    """The base profile with some claims of its own."""
    return replace(BASE, **changes)


def with_streaming(**changes: Value) -> Profile:
    """A profile that claims something about streams."""
    return a_profile(streaming=replace(BASE.streaming, **changes))


def with_errors(**changes: Value) -> Profile:
    """A profile that claims something about errors."""
    return a_profile(errors=replace(BASE.errors, **changes))


def stating(cause: Cause, **refusal: Value) -> Profile:
    """A profile that states how one cause is answered."""
    return with_errors(causes={cause: Refusal(**refusal)})


def with_auth(**auth: Value) -> Profile:
    """A profile that claims something about keys."""
    return a_profile(endpoint=Endpoint(auth=Auth(**auth)))


def with_paths(**paths: tuple[str, ...]) -> Profile:
    """A profile with other paths: ``chat``, ``models``, ``model``."""
    return a_profile(
        endpoint=Endpoint(paths={Operation(name): value for name, value in paths.items()})
    )


# Exchanges ----------------------------------------------------------------------------------------


@cache
def shipped() -> tuple[Profile, ...]:
    """The shipped profiles."""
    return tuple(load_profile(name) for name in profile_names())


@cache
def step(probe: str) -> Step:
    """The first step of a probe; of a family under a shipped profile, and the smallest request if there is none."""
    known = all_probes()[probe]
    if known.cases is None:
        return steps_of(known, TARGET, BASE)[0]
    cases = (s for one in shipped() for s in steps_of(known, TARGET, one, Suite.FULL))
    return next(cases, replace(step("chat.basic"), id=probe, probe=probe))


@cache
def request_of(probe: str) -> Request:
    """The request that a probe sends; a next turn follows right answers."""
    planned = step(probe)
    if planned.request is not None:
        return planned.request
    made = continued(planned, {a: followed(a) for a in planned.after}, TARGET, BASE)
    assert isinstance(made, Request), made
    return made


def followed(probe: str) -> Exchange:
    """The answer that another request follows: right, and a list has an id with a slash in it."""
    if probe != "models.list":
        return an_exchange(probe)
    return an_exchange(probe, json=a_list(*models_named("tiny", "small", "acme/large")))


def models_named(*ids: str) -> list[dict[str, Value]]:
    """Entries of the model list with these ids."""
    return [a_model(id=id) for id in ids]


def a_request(
    body: Value = None,
    *,
    method: str = "POST",
    path: str = "/v1/chat/completions",
    operation: Operation = Operation.CHAT,
) -> Request:
    """A request as somebody else might have sent it."""
    if body is None and method == "POST":
        body = {"model": "tiny", "messages": [{"role": "user", "content": "Hello."}]}
    sent = None if body is None else written(body).encode()
    return Request(method, path, operation, (), sent, Credentials.UNKNOWN)


def asking(request: Request, changes: Mapping[str, Value]) -> Request:
    """The request with other members in its body."""
    return replace(request, body=written(with_changes(sent_by(request), changes)).encode())


def sent_by(request: Request) -> dict[str, Value]:
    """The JSON object of a request, empty if it has none."""
    try:
        value = json_module.loads(request.body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def right_answer(request: Request, probe: str | None) -> tuple[int, Value, bytes | None]:
    """Status and body (JSON or a stream's bytes) that suit a request."""
    from conformance.checks.errors.causes import CAUSE_OF

    if probe in CAUSE_OF:
        return STATUS_OF.get(CAUSE_OF[probe], 400), an_error(), None
    if (probe or "").startswith(("errors.", "auth.")):
        return (401 if (probe or "").startswith("auth.") else 400), an_error(), None
    if request.operation is Operation.MODELS:
        return 200, a_list(), None
    if request.operation is Operation.MODEL:
        return 200, a_model(id=unquote(request.path.rpartition("/models/")[2])), None
    asked = sent_by(request)
    forced = asked.get("tool_choice") not in (None, "none", "auto")
    if not asked.get("stream"):
        return 200, calling() if forced else a_completion(), None
    chunks = tool_chunks() if forced else text_chunks()
    if probe == "text.stream.tool":
        cities = enumerate(('{"city": "Zürich"}', '{"city": "Kraków"}'))
        chunks = tool_chunks(*(a_fragment(text, index=n, opens=True) for n, text in cities))
    options = asked.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        chunks = [{**chunk, "usage": None} for chunk in chunks] + [usage_chunk()]
    return 200, None, a_stream(chunks)


def an_exchange(
    probe: str | None = "chat.basic",
    *,
    id: str | None = None,
    status: int | None = None,
    json: Value = GONE,
    body: bytes | None = None,
    stream: bytes | Iterable[Value] | None = None,
    content_type: str | None = "",
    headers: Headers = (),
    ended: Ended = Ended.COMPLETE,
    detail: str = "",
    at: tuple[float, ...] = (0.1,),
    asks: Mapping[str, Value] | None = None,
    request: Request | None = None,
    kept: Kept | None = None,
    redactions: int = 0,
) -> Exchange:
    """What came of a probe's request: the right answer, or the status, JSON, body or stream given.

    ``content_type`` None leaves the header out; ``at`` are the times at which the body's parts arrived.
    """
    sent = request or request_of(probe or "chat.basic")
    sent = asking(sent, asks) if asks else sent
    right_status, right_json, right_stream = right_answer(sent, probe)
    told = stream is not None or body is not None or json is not GONE
    events: bytes | None = None
    if body is None and json is GONE:
        made = right_stream if not told else stream
        events = made if made is None or isinstance(made, bytes) else a_stream(made)
    content = body if body is not None else events
    if content is None:
        content = written(right_json if json is GONE else json).encode()
    kind = "text/event-stream; charset=utf-8" if events is not None else "application/json"
    typed = () if content_type is None else (("Content-Type", content_type or kind),)
    attempt = Attempt(
        right_status if status is None else status,
        (*typed, *headers),
        tuple(parts(content, at)),
        ended,
        detail,
        redactions=redactions,
    )
    return Exchange(id or probe or "traffic-1", sent, (attempt,), probe, None, kept or Kept())


def parts(content: bytes, at: tuple[float, ...]) -> Iterable[Chunk]:
    """A body cut into as many parts as there are times, event by event where it is a stream."""
    if len(at) == 1:
        return [Chunk(at[0], content)] if content else []
    size = -(-len(content) // len(at))
    return [Chunk(t, content[i * size : (i + 1) * size]) for i, t in enumerate(at)]


def unanswered(
    probe: str = "chat.basic", *, ended: Ended = Ended.TIMEOUT, detail: str = ""
) -> Exchange:
    """A request to which no response head came."""
    return Exchange(probe, request_of(probe), (Attempt(None, ended=ended, detail=detail),), probe)


def not_sent(probe: str = "chat.basic", why: str = "budget") -> Exchange:
    """A request that was planned and never left."""
    return Exchange(probe, request_of(probe), (), probe, why)


def a_right_run() -> list[Exchange]:
    """Every probe whose right answer is known, answered so, each with a date and an id of its own."""
    return [with_own_id(an_exchange(probe, headers=DATED)) for probe in ANSWERED]


def with_own_id(exchange: Exchange) -> Exchange:
    """The exchange with an id in its answer that no other probe's answer has."""
    own = f'"chatcmpl-{exchange.id}"'.encode()
    [attempt] = exchange.attempts
    chunks = tuple(Chunk(c.at, c.data.replace(b'"chatcmpl-1"', own)) for c in attempt.chunks)
    return replace(exchange, attempts=(replace(attempt, chunks=chunks),))


def of_a_right_run() -> dict[str, Check]:
    """The checks that a right run exercises, as far as it can: those of the areas that it answers."""
    return {i: c for i, c in all_checks().items() if c.module.split(".")[2] in ANSWERED_AREAS}


# Verdicts -----------------------------------------------------------------------------------------


def finding(check: str, *exchanges: Exchange, profile: Profile = BASE, **how: Value) -> Finding:
    """The verdict of one check on these exchanges."""
    return Judge(exchanges, profile, **how).finding(all_checks()[check])


def problems(check: str, *exchanges: Exchange, profile: Profile = BASE) -> list[Problem]:
    """The problems that one check finds in these exchanges."""
    return list(finding(check, *exchanges, profile=profile).problems)


def findings(*exchanges: Exchange, profile: Profile = BASE, **how: Value) -> dict[str, Finding]:
    """The verdicts of the whole catalogue."""
    made = Judge(exchanges, profile, **how).findings(all_checks().values())
    return {f.check: f for f in made}


def troubled(*exchanges: Exchange, profile: Profile = BASE) -> dict[str, Outcome]:
    """The checks of the whole catalogue that are neither content nor silent: failing, warning or broken."""
    loud = (Outcome.FAIL, Outcome.WARN, Outcome.ERROR, Outcome.STALE)
    found = findings(*exchanges, profile=profile)
    return {i: f.outcome for i, f in found.items() if f.outcome in loud}


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a check's table: exchanges, the verdict of the check, and what else is set off."""

    check: str
    name: str
    exchanges: tuple[Exchange, ...]
    outcome: Outcome = PASS
    at: tuple[str, ...] = ()
    """The places of the problems, all of them in order."""
    actual: str | None = None
    """What the first problem says it met."""
    also: tuple[str, ...] = ()
    """Other checks that fail or warn for reasons of their own."""
    profile: Profile = field(default_factory=lambda: BASE)

    @property
    def label(self) -> str:
        """What pytest prints in brackets."""
        return f"{self.check}: {self.name}"


def holds(check: str, name: str, *exchanges: Exchange, **how: Value) -> Case:
    """The rule is exercised and holds."""
    return Case(check, name, exchanges, **how)


def breaks(
    check: str, name: str, *exchanges: Exchange, at: str | tuple[str, ...], **how: Value
) -> Case:
    """The rule is broken at these places."""
    places = (at,) if isinstance(at, str) else at
    return Case(check, name, exchanges, at=places, **{"outcome": FAIL, **how})


def idle(check: str, name: str, *exchanges: Exchange, **how: Value) -> Case:
    """There is nothing to judge: the check is skipped, or inconclusive where that is told."""
    return Case(check, name, exchanges, **{"outcome": SKIP, **how})


def verify(case: Case) -> None:
    """The check's verdict on a case is the one told, and no other check has more to say than told."""
    found = finding(case.check, *case.exchanges, profile=case.profile)
    assert (case.outcome, case.at) == (found.outcome, tuple(p.at for p in found.problems)), found
    if case.actual is not None:
        assert case.actual == found.problems[0].actual
    own = {case.check: case.outcome} if case.outcome in (FAIL, WARN) else {}
    others = set(troubled(*case.exchanges, profile=case.profile)) - own.keys()
    assert set(case.also) == others
