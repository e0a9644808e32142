"""What a probe is and how it is declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from conformance.model.exchange import Exchange
from conformance.model.json import JSON
from conformance.model.plan import Stage, Step, Suite
from conformance.model.profile import Profile, Support
from conformance.model.request import Credentials, Headers, Operation, Request
from conformance.model.target import Target
from conformance.wire.reading import Reading

MODEL = "{model}"
"""Stands in a body for the model's name."""
LIMIT = "{limit}"
"""Stands in a body for the parameter that limits the output."""
UNBOUNDED = 100_000
"""An output limit that limits nothing."""
UNKNOWN_MODEL = "conformance-no-such-model"
Continuation = Callable[[Reading], "dict[str, JSON] | str"]
Pick = Callable[[Reading, str], "str | None"]


@dataclass(frozen=True, slots=True)
class Case:
    """One request of a family: of a probe whose requests follow from what the profile claims."""

    name: str
    body: Mapping[str, JSON]
    suite: Suite = Suite.FULL
    worth: int = 0
    """What goes first where the budget does not reach for everything: the higher."""
    free: bool = False
    """Whether it is to be refused, and so costs no tokens."""


Cases = Callable[[Profile, Target], Iterator[Case]]


@dataclass(frozen=True, slots=True)
class Probe:
    """One declared request, or a family of them. ``body`` is a JSON object, or bytes sent as they are."""

    id: str
    title: str
    method: str
    operation: Operation
    body: Mapping[str, JSON] | bytes | None = None
    path: str | None = None
    """A template of its own, where the operation's path is not meant."""
    headers: Headers = ()
    """Take the place of the usual ones of the same name."""
    query: str = ""
    """Added to the path, with its question mark."""
    credentials: Credentials = Credentials.KEY
    stage: Stage = Stage.CHAT
    smoke: bool = False
    escaped: bool = False
    """Whether its JSON escapes all that is not ASCII, as many clients do; otherwise it is plain UTF-8."""
    after: str | None = None
    continuation: Continuation | None = None
    """Builds the body from the answer to ``after``; a string says why it cannot."""
    pick: Pick | None = None
    """Names a model, as a path writes it, from the answer to ``after`` and the run's own model."""
    leaves: bool = False
    """Whether the client leaves once the first event of the stream has come."""
    cases: Cases | None = None
    """Its requests, where it is a family; each is a step ``id:case``."""
    row: str | Callable[[str], str] = ""
    """The row of the capability table that a family belongs to, or how a case names it; empty: to none."""


_PROBES: dict[str, Probe] = {}


def probe(made: Probe) -> Probe:
    """Declare a probe."""
    if made.id in _PROBES:
        raise ValueError(f"probe id {made.id!r} is declared twice")
    _PROBES[made.id] = made
    return made


def all_probes() -> dict[str, Probe]:
    """Every declared probe by id, sorted."""
    from conformance.probes import load  # the modules declare themselves on import

    load()
    return dict(sorted(_PROBES.items()))


def chat(id: str, title: str, body: Mapping[str, JSON], **options: object) -> Probe:
    """Declare a POST to chat completions."""
    return probe(Probe(id, title, "POST", Operation.CHAT, body, **options))  # type: ignore[arg-type]


def family(id: str, title: str, cases: Cases, *, row: str | Callable[[str], str] = "") -> Probe:
    """Declare a family of POSTs to chat completions."""
    return chat(id, title, {}, cases=cases, row=row)


def user(text: str) -> JSON:
    """A user message."""
    return {"role": "user", "content": text}


def minimal(**more: JSON) -> dict[str, JSON]:
    """The smallest ordinary request: a model, one message, a token limit."""
    return {"model": MODEL, "messages": [user("Say OK.")], LIMIT: 16, **more}


def steps_of(
    probe: Probe, target: Target, profile: Profile, suite: Suite = Suite.CORE
) -> list[Step]:
    """The exchanges that a probe asks for: its cases, or one for each path of its operation."""
    if probe.cases is not None:
        return _steps_of_cases(probe, target, profile, suite)
    if probe.continuation is not None:
        limit = probe.body.get(LIMIT) if isinstance(probe.body, Mapping) else None
        tokens = limit if isinstance(limit, int) else 64
        return [Step(probe.id, probe.id, probe.stage, None, (probe.after or "",), tokens, 200)]
    if probe.pick is not None:
        return [Step(probe.id, probe.id, probe.stage, None, (probe.after or "",))]
    steps: list[Step] = []
    for path in _paths(probe, target, profile):
        request = request_of(probe, path + probe.query, target)
        name = probe.id if not steps else f"{probe.id}#{len(steps) + 1}"
        steps.append(_step(name, probe, request, target))
    return steps


def _steps_of_cases(probe: Probe, target: Target, profile: Profile, suite: Suite) -> list[Step]:
    paths = _paths(probe, target, profile)
    steps: list[Step] = []
    for case in probe.cases(profile, target) if probe.cases and paths else ():
        if case.suite <= suite:
            request = request_of(probe, paths[0], target, case.body)
            stage = Stage.FREE if case.free else Stage.CHAT
            name = f"{probe.id}:{case.name}"
            tokens, prompt = _cost(case.body, request)
            steps.append(Step(name, probe.id, stage, request, (), tokens, prompt, worth=case.worth))
    return steps


def _paths(probe: Probe, target: Target, profile: Profile) -> tuple[str, ...]:
    if probe.path is not None:
        return (target.path(probe.path),)
    model = UNKNOWN_MODEL if probe.id.endswith(".unknown") else None
    paths = target.paths(probe.operation, profile, model=model)
    # Only the plain list is asked for at each of several paths; one is enough for everything else.
    return paths if probe.id == "models.list" else paths[:1]


def request_of(
    probe: Probe, path: str, target: Target, body: Mapping[str, JSON] | None = None
) -> Request:
    """The request of a probe at a path, with the target's model and limit parameter filled in."""
    content = probe.body if body is None else body
    data: bytes | None
    if content is None:
        data = None
    elif isinstance(content, bytes):
        data = content.replace(MODEL.encode(), json.dumps(target.model)[1:-1].encode())
    else:
        data = _encoded(filled(content, target), escaped=probe.escaped)
    headers: Headers = () if data is None else (("Content-Type", "application/json"),)
    own = {name.lower() for name, _ in probe.headers}
    usual = [h for h in (("Accept", "application/json"), *headers) if h[0].lower() not in own]
    return Request(
        probe.method,
        path,
        probe.operation,
        (*usual, *probe.headers),
        data,
        probe.credentials,
        leaves=probe.leaves,
    )


def filled(body: Mapping[str, JSON], target: Target) -> dict[str, JSON]:
    """A body with the target's model and limit parameter."""
    made: dict[str, JSON] = {}
    for name, value in body.items():
        made[target.limit_parameter if name == LIMIT else name] = (
            target.model if value == MODEL else value
        )
    return made


def _encoded(body: Mapping[str, JSON], *, escaped: bool = False) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=escaped, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can carry
        return json.dumps(body, separators=(",", ":")).encode()


def _step(name: str, probe: Probe, request: Request, target: Target) -> Step:
    tokens, prompt = 0, 0
    if probe.stage >= Stage.CHAT and isinstance(probe.body, Mapping):
        tokens, prompt = _cost(probe.body, request)
    return Step(name, probe.id, probe.stage, request, (), tokens, prompt)


def _cost(body: Mapping[str, JSON], request: Request) -> tuple[int, int]:
    """The most output tokens that a body allows, and a rough upper estimate of its prompt's."""
    counts = [body.get(name) for name in (LIMIT, "max_tokens", "max_completion_tokens")]
    limit = max((c for c in counts if isinstance(c, int) and 0 < c < UNBOUNDED), default=0)
    n = body.get("n")
    tokens = limit * (n if isinstance(n, int) and n > 0 else 1)
    return tokens, len(request.body or b"") // 3


def continued(
    step: Step, exchanges: Mapping[str, Exchange], target: Target, profile: Profile
) -> Request | str:
    """The request of a step that follows earlier answers, or why there is none."""
    probe = all_probes()[step.probe]
    earlier = exchanges.get(step.after[0])
    if earlier is None or earlier.last is None:
        return (
            earlier.not_sent
            if earlier is not None and earlier.not_sent
            else f"{step.after[0]}: not answered"
        )
    if probe.pick is not None:
        return _picked(probe, Reading(earlier), target, profile)
    if probe.continuation is None:
        return f"{step.probe} has no continuation"
    body = probe.continuation(Reading(earlier))
    if isinstance(body, str):
        return f"after {step.after[0]}: {body}"
    # It goes along here, and is tried elsewhere: where it may be refused, it is left out.
    if profile.parameter("stream_options").support not in (Support.FULL, Support.PARTIAL):
        body = {name: value for name, value in body.items() if name != "stream_options"}
    path = target.paths(probe.operation, profile)[0]
    return request_of(probe, path, target, body)


def _picked(probe: Probe, earlier: Reading, target: Target, profile: Profile) -> Request | str:
    """The request for a model that an earlier answer names."""
    name = probe.pick(earlier, target.model) if probe.pick else None
    if name is None:
        return f"after {earlier.id}: it names no such model"
    # What stands for the name is not quoted, so that the name can be put in as it is to be sent.
    path = target.paths(probe.operation, profile, model=UNKNOWN_MODEL)[0]
    return request_of(probe, path.replace(UNKNOWN_MODEL, name), target)


def with_limit(target: Target, parameter: str) -> Target:
    """The target with another parameter for the output limit."""
    return replace(target, limit_parameter=parameter)
