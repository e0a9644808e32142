"""Models that are listed, each retrieved alone, under ids that are not easily written in a path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from conformance.model.finding import Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.model.request import Operation
from conformance.wire.reading import Reading

from .kinds import model_lists, probe
from .models import entries, listed, lists_claimed, retrieved, single_claimed
from .registry import MAY, SHOULD, Problems, Scope, check

LISTED, SLASH, RAW = "models.retrieve.listed", "models.retrieve.slash", "models.retrieve.slash-raw"


def wanted(x: Reading) -> str:
    """The id that a path asks for."""
    return unquote(x.asked.request.path.rpartition("/models/")[2])


def unfit(x: Reading, why: str = "it is listed") -> Problems:
    """What is wrong with the answer to a request for a model that is there, and why that is known."""
    if x.status not in (200, 429):
        yield Problem("status", expected=f"200: {why}", actual=f"{x.status}")
    elif x.status == 200:
        got = x.object.get("id") if x.object is not None else x.json.value
        if got != wanted(x):
            yield Problem("/id", expected=repr(wanted(x)), actual=repr(got)[:200])


def listed_or_retrieved(x: Reading, profile: Profile) -> Unjudged | None:
    """A list came, or an answer to a request for a model."""
    given = listed if x.asked.operation is Operation.MODELS else retrieved
    return given(x, profile)


@check(
    "models.retrieve-listed",
    level=SHOULD,
    on=probe("models.list", "models.retrieve", LISTED),
    given=listed_or_retrieved,
    claimed=single_claimed,
    scope=Scope.LINKED,
    probes=("models.list", "models.retrieve", LISTED),
)
def listed_models_are_retrieved(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A listed model other than the one in use can be retrieved too, and is as listed."""
    own = next((x for x in xs if x.exchange.probe == "models.retrieve"), None)
    known = {p.at for p in _troubles(own, xs)} if own is not None else set()
    for x in (x for x in xs if x.exchange.probe == LISTED):
        # What holds of the model in use as well is said by the checks of that one.
        for problem in _troubles(x, xs):
            if problem.at not in known:
                yield replace(problem, exchange=x.id)


def _troubles(x: Reading, xs: tuple[Reading, ...]) -> list[Problem]:
    return [*unfit(x)] or [*_differences(x, xs)]


def _differences(x: Reading, xs: tuple[Reading, ...]) -> Iterator[Problem]:
    entry = _entry(wanted(x), xs)
    for name in ("created", "owned_by"):
        alone = x.object or {}
        if entry and name in entry and name in alone and entry[name] != alone[name]:
            level = MAY if name == "owned_by" else None
            yield Problem(
                f"/{name}", f"{entry[name]!r}, as listed"[:200], repr(alone[name])[:200], level
            )


def _entry(id: str, xs: tuple[Reading, ...]) -> dict[str, JSON] | None:
    lists = (m for x in xs if x.asked.operation is Operation.MODELS for m in entries(x))
    return next((m for m in lists if m.get("id") == id), None)


def retrieved_or_asked_for(x: Reading, profile: Profile) -> Unjudged | None:
    """An answer to a request for a model; the list says no more than why it should be there."""
    return None if x.exchange.probe == "models.list" else retrieved(x, profile)


@check(
    "models.retrieve-slash",
    level=SHOULD,
    on=probe("models.list", "models.retrieve", SLASH, RAW),
    given=retrieved_or_asked_for,
    claimed=single_claimed,
    scope=Scope.LINKED,
    probes=("models.retrieve", SLASH, RAW),
)
def slashes_are_understood(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A model whose id has a slash is retrieved with the slash encoded as %2F, and as it is."""
    own = next(x for x in xs if x.exchange.probe == "models.retrieve")
    known = {p.at for p in unfit(own)}  # what holds of the model in use has a check of its own
    for x in (x for x in xs if x.exchange.probe in (SLASH, RAW)):
        level = MAY if x.exchange.probe == RAW else None  # only older clients send it so
        why = "it is listed" if _entry(wanted(x), xs) else "it is the model in use"
        for problem in unfit(x, why):
            if problem.at not in known:
                yield replace(problem, level=level, exchange=x.id)


@check(
    "models.ids-usable",
    level=SHOULD,
    on=model_lists,
    given=listed,
    claimed=lists_claimed,
    probes=("models.list",),
)
def ids_can_be_used(x: Reading, profile: Profile) -> Problems:
    """No id in a model list is empty, begins or ends with space, or holds control characters."""
    ids = [i for m in entries(x) if isinstance(i := m.get("id"), str)]
    for id in sorted({i for i in ids if not i or i != i.strip() or any(ord(c) < 32 for c in i)}):
        yield Problem("/data/*/id", expected="a name to send in a request", actual=repr(id)[:120])
