"""A request and a profile in, a reply out; nothing here knows of sockets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from conformance.model.profile import Profile
from conformance.model.request import Operation
from conformance.refserver.admission import not_admitted
from conformance.refserver.brain import think
from conformance.refserver.chat_request import understood
from conformance.refserver.completion import completion, drafted, unique
from conformance.refserver.exchange import Frame, IncomingRequest, Obj, Reply
from conformance.refserver.habits import kept_to_profile
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.models import entry, known_models, listed_models, not_listed
from conformance.refserver.refusals import JSON_TYPE, refused, stated_status
from conformance.refserver.routing import Route, misrouted, route
from conformance.refserver.stages import Alteration, Facts, Stage, bent
from conformance.refserver.streaming import chunks, events
from conformance.refserver.validation import body_mistakes, chat_mistakes
from conformance.refserver.writing import json_text

_SERIAL = itertools.count(1)
_STREAM_HEADERS = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache"),
)
_LENIENT = (Stage.ANSWER, Stage.COMPLETION, Stage.VALUE)
"""Where an alteration changes messages, which come back with the next turn."""


@dataclass(frozen=True, slots=True)
class _Service:
    """All that an answer depends on besides the request."""

    profile: Profile
    prefix: str
    key: str | None
    model: str | None
    altered: tuple[Alteration, ...]
    now: int
    stamp: str
    pace: float
    further: tuple[str, ...]
    """Models that an alteration adds."""

    @property
    def known(self) -> tuple[str, ...]:
        return (*known_models(self.profile, self.model), *self.further)


def answer(
    request: IncomingRequest,
    profile: Profile,
    *,
    prefix: str = "/v1",
    key: str | None = None,
    model: str | None = None,
    fault: Alteration | None = None,
    oddities: Sequence[Alteration] = (),
    now: float | None = None,
    serial: int | None = None,
    latency: float = 0.0,
    pace: float = 0.0,
) -> Reply:
    """The reply to a request, as the profile says, bent by the oddities and then by the fault.

    ``model`` is one more model to know; ``now`` is in unix seconds and ``serial`` tells answers apart: given both,
    equal requests get equal replies. ``latency`` and ``pace`` are the seconds before the head and between events.
    """
    now = time.time() if now is None else now
    serial = next(_SERIAL) if serial is None else serial
    stamp = f"{int(now)}.{serial}"
    altered = (*oddities,) if fault is None else (*oddities, fault)
    further = bent((), Stage.MODELS, Facts(request, Operation.OTHER, ""), altered)
    service = _Service(profile, prefix, key, model, altered, int(now), stamp, pace, further)
    reply, facts = _answered(request, service)
    reply = replace(
        reply, headers=(*reply.headers, _request_id(stamp), _date(now)), latency=latency
    )
    return bent(reply, Stage.REPLY, facts, altered)


def _date(now: float) -> tuple[str, str]:
    return "Date", formatdate(now, usegmt=True)


def _request_id(stamp: str) -> tuple[str, str]:
    return "x-request-id", unique("req_", stamp).lower()


def _answered(request: IncomingRequest, service: _Service) -> tuple[Reply, Facts]:
    found = route(request.path, service.profile, service.prefix)
    sent: Obj = {}
    unread = list(body_mistakes(request.body, sent)) if found.operation is Operation.CHAT else []
    facts = Facts(request, found.operation, service.known[0], sent, service.key)
    body = bent(sent, Stage.SENT, facts, service.altered) if sent else {}
    body = deepcopy(body)
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
    if request.method == "OPTIONS":  # a browser asks without the key whether it may send it
        yield misrouted(found, request.method, request.path)
    yield not_admitted(request, service.profile, service.key)
    yield misrouted(found, request.method, request.path)
    if found.operation is Operation.MODEL:
        yield not_listed(found.model or "", service.known)
    elif found.operation is Operation.CHAT:
        yield from unread
        lenient = any(one.stage in _LENIENT for one in service.altered)
        yield from chat_mistakes(body, service.profile, service.known, lenient=lenient)


def _first_refused(mistakes: Iterator[Decision], facts: Facts, service: _Service) -> Decision:
    """The mistake to be answered; a fault that forgives one forgives that request all the rest."""
    forgiven = False
    for mistake in mistakes:
        if mistake is None or forgiven:
            continue
        kept = bent(mistake, Stage.DECISION, facts, service.altered)
        forgiven = kept is None
        if kept is not None and stated_status(kept, service.profile) >= 400:
            return kept
    return None if forgiven else bent(None, Stage.DECISION, facts, service.altered)


def _refusal(mistake: Mistake, facts: Facts, service: _Service) -> Reply:
    made = bent(refused(mistake, service.profile), Stage.REFUSAL, facts, service.altered)
    content = "" if made.content is None else _text(made.content, facts, service)
    return _whole(made.status, made.headers, content)


def _list(facts: Facts, service: _Service) -> Reply:
    names = (*listed_models(service.profile, service.model), *service.further)
    entries = [bent(entry(name), Stage.ENTRY, facts, service.altered) for name in names]
    listing: Obj = {"object": "list", "data": entries}
    return _json(bent(listing, Stage.LISTING, facts, service.altered), facts, service)


def _retrieved(found: Route, facts: Facts, service: _Service) -> Reply:
    made = bent(entry(found.model or ""), Stage.ENTRY, facts, service.altered)
    return _json(bent(made, Stage.RETRIEVED, facts, service.altered), facts, service)


def _completion(body: Obj, facts: Facts, service: _Service) -> Reply:
    body = bent(body, Stage.TAKEN, facts, service.altered)
    request = understood(body, service.known[0])
    thought = think(request, service.profile)
    draft = drafted(request, thought, service.stamp, service.now)
    draft = bent(draft, Stage.ANSWER, facts, service.altered)
    if not draft.request.stream:
        made = kept_to_profile(completion(draft), service.profile)
        return _json(bent(made, Stage.COMPLETION, facts, service.altered), facts, service)
    found = [kept_to_profile(one, service.profile) for one in chunks(draft, service.profile)]
    found = bent(found, Stage.CHUNKS, facts, service.altered)
    texts = [_text(one, facts, service) for one in found]
    written = bent(events(texts, service.profile), Stage.EVENTS, facts, service.altered)
    return Reply(200, _STREAM_HEADERS, tuple(Frame(one, service.pace) for one in written))


def _text(value: Any, facts: Facts, service: _Service) -> str:
    written = json_text(bent(value, Stage.VALUE, facts, service.altered))
    return bent(written, Stage.TEXT, facts, service.altered)


def _json(value: Obj, facts: Facts, service: _Service) -> Reply:
    return _whole(200, (JSON_TYPE,), _text(value, facts, service))


def _whole(status: int, headers: tuple[tuple[str, str], ...], text: str) -> Reply:
    body = text.encode()
    return Reply(status, (*headers, ("Content-Length", str(len(body)))), (Frame(body),))
