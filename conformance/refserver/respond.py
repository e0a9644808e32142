"""A request and a profile in, a reply out; nothing here knows of sockets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from email.utils import formatdate

from conformance.model.profile import Profile
from conformance.model.request import Operation
from conformance.refserver.admission import not_admitted
from conformance.refserver.brain import think
from conformance.refserver.chat_request import understood
from conformance.refserver.completion import completion, drafted, unique
from conformance.refserver.exchange import Frame, IncomingRequest, Obj, Reply
from conformance.refserver.faults.registry import Facts, Fault, Stage, bent
from conformance.refserver.habits import kept_to_profile
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.models import entry, known_models, listed_models, not_listed
from conformance.refserver.refusals import JSON_TYPE, refused, stated_status
from conformance.refserver.routing import Route, misrouted, route
from conformance.refserver.streaming import chunks, events
from conformance.refserver.validation import body_mistakes, chat_mistakes
from conformance.refserver.writing import json_bytes

_SERIAL = itertools.count(1)
_STREAM_HEADERS = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache"),
)
_LENIENT = (Stage.ANSWER, Stage.COMPLETION)


@dataclass(frozen=True, slots=True)
class _Service:
    """All that an answer depends on besides the request."""

    profile: Profile
    prefix: str
    key: str | None
    model: str | None
    fault: Fault | None
    now: int
    stamp: str
    pace: float

    @property
    def known(self) -> tuple[str, ...]:
        return known_models(self.profile, self.model)


def answer(
    request: IncomingRequest,
    profile: Profile,
    *,
    prefix: str = "/v1",
    key: str | None = None,
    model: str | None = None,
    fault: Fault | None = None,
    now: float | None = None,
    serial: int | None = None,
    latency: float = 0.0,
    pace: float = 0.0,
) -> Reply:
    """The reply to a request, as the profile says, bent by the fault.

    ``model`` is one more model to know; ``now`` is in unix seconds and ``serial`` tells answers apart: given both,
    equal requests get equal replies. ``latency`` and ``pace`` are the seconds before the head and between events.
    """
    now = time.time() if now is None else now
    serial = next(_SERIAL) if serial is None else serial
    stamp = f"{int(now)}.{serial}"
    service = _Service(profile, prefix, key, model, fault, int(now), stamp, pace)
    reply, facts = _answered(request, service)
    reply = replace(
        reply, headers=(*reply.headers, _request_id(stamp), _date(now)), latency=latency
    )
    return bent(reply, Stage.REPLY, facts, fault)


def _date(now: float) -> tuple[str, str]:
    return "Date", formatdate(now, usegmt=True)


def _request_id(stamp: str) -> tuple[str, str]:
    return "x-request-id", unique("req_", stamp).lower()


def _answered(request: IncomingRequest, service: _Service) -> tuple[Reply, Facts]:
    found = route(request.path, service.profile, service.prefix)
    sent: Obj = {}
    unread = list(body_mistakes(request.body, sent)) if found.operation is Operation.CHAT else []
    facts = Facts(request, found.operation, service.known[0], sent)
    body = deepcopy(sent)
    mistakes = _mistakes(request, found, unread, body, service)
    mistake = _first_refused(mistakes, facts, service)
    facts = replace(facts, mistake=mistake)
    if mistake is not None:
        return _refusal(mistake, facts, service), facts
    if found.operation is Operation.MODELS:
        return _list(facts, service), facts
    if found.operation is Operation.MODEL:
        return _retrieved(found, facts, service), facts
    return _completion(body, facts, service), facts


def _mistakes(
    request: IncomingRequest, found: Route, unread: list[Mistake], body: Obj, service: _Service
) -> Iterator[Decision]:
    """Everything that is wrong with a request, the first thing first; None for a part in order."""
    yield not_admitted(request, service.profile, service.key)
    yield misrouted(found, request.method, request.path)
    if found.operation is Operation.MODEL:
        yield not_listed(found.model or "", service.known)
    elif found.operation is Operation.CHAT:
        yield from unread
        lenient = service.fault is not None and service.fault.stage in _LENIENT
        yield from chat_mistakes(body, service.profile, service.known, lenient=lenient)


def _first_refused(mistakes: Iterator[Decision], facts: Facts, service: _Service) -> Decision:
    """The mistake to be answered; a fault that forgives one forgives that request all the rest."""
    forgiven = False
    for mistake in mistakes:
        if mistake is None or forgiven:
            continue
        kept = bent(mistake, Stage.DECISION, facts, service.fault)
        forgiven = kept is None
        if kept is not None and stated_status(kept, service.profile) >= 400:
            return kept
    return None if forgiven else bent(None, Stage.DECISION, facts, service.fault)


def _refusal(mistake: Mistake, facts: Facts, service: _Service) -> Reply:
    made = bent(refused(mistake, service.profile), Stage.REFUSAL, facts, service.fault)
    content = b"" if made.content is None else json_bytes(made.content)
    return _whole(made.status, made.headers, content)


def _list(facts: Facts, service: _Service) -> Reply:
    names = listed_models(service.profile, service.model)
    entries = [bent(entry(name), Stage.ENTRY, facts, service.fault) for name in names]
    listing: Obj = {"object": "list", "data": entries}
    return _json(bent(listing, Stage.LISTING, facts, service.fault))


def _retrieved(found: Route, facts: Facts, service: _Service) -> Reply:
    made = bent(entry(found.model or ""), Stage.ENTRY, facts, service.fault)
    return _json(bent(made, Stage.RETRIEVED, facts, service.fault))


def _completion(body: Obj, facts: Facts, service: _Service) -> Reply:
    request = understood(body, service.known[0])
    thought = think(request, service.profile)
    draft = drafted(request, thought, service.stamp, service.now)
    draft = bent(draft, Stage.ANSWER, facts, service.fault)
    if not draft.request.stream:
        made = kept_to_profile(completion(draft), service.profile)
        return _json(bent(made, Stage.COMPLETION, facts, service.fault))
    found = [kept_to_profile(one, service.profile) for one in chunks(draft, service.profile)]
    found = bent(found, Stage.CHUNKS, facts, service.fault)
    written = bent(events(found, service.profile), Stage.EVENTS, facts, service.fault)
    return Reply(200, _STREAM_HEADERS, tuple(Frame(one, service.pace) for one in written))


def _json(value: Obj) -> Reply:
    return _whole(200, (JSON_TYPE,), json_bytes(value))


def _whole(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> Reply:
    return Reply(status, (*headers, ("Content-Length", str(len(body)))), (Frame(body),))
