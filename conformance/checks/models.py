"""The model list and single models."""

from __future__ import annotations

from collections import Counter
from urllib.parse import unquote

from conformance.model.finding import Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Cause, Profile
from conformance.model.request import Operation
from conformance.spec.validate import Violation, violations
from conformance.wire.reading import Reading

from .errors.status import refusable, status_problem
from .givens import answered, completion, readable, succeeded, values_kept, whole
from .kinds import model_lists, probe, single_models
from .registry import MAY, MUST, SHOULD, Problems, Scope, check

LIST, ONE = ("models.list",), ("models.retrieve",)


def lists_claimed(profile: Profile) -> str | None:
    """Whether the profile has a model list."""
    absent = profile.endpoint.paths.get(Operation.MODELS) == ()
    return "the profile says that there is no model list" if absent else None


def single_claimed(profile: Profile) -> str | None:
    """Whether the profile has single models."""
    absent = profile.endpoint.paths.get(Operation.MODEL) == ()
    return "the profile says that single models cannot be retrieved" if absent else None


def retrieved(x: Reading, profile: Profile) -> Unjudged | None:
    """A single model was answered, with a body that can be read."""
    for given in (answered, whole, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if x.status == 200 and x.says_json and x.json.error is not None:
        return Unjudged(f"the body is not JSON: {x.json.error}")
    return None


def listed(x: Reading, profile: Profile) -> Unjudged | None:
    """A list came whose data is an array."""
    if (reason := completion(x, profile)) is not None:
        return reason
    if not isinstance((x.object or {}).get("data"), list):
        return Unjudged("the answer has no data array")
    return None


def list_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A success came, whole; if it says that it is JSON, it is."""
    for given in (succeeded, whole, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if x.says_json and x.json.error is not None:
        return Unjudged(f"the body is not JSON: {x.json.error}")
    return None


def entries(x: Reading) -> list[dict[str, JSON]]:
    """The list's entries that are objects."""
    data = (x.object or {}).get("data")
    return [m for m in data if isinstance(m, dict)] if isinstance(data, list) else []


@check(
    "models.list", level=MUST, on=model_lists, given=answered, claimed=lists_claimed, probes=LIST
)
def models_are_listed(x: Reading, profile: Profile) -> Problems:
    """GET /models is answered 200."""
    if x.status not in (200, 429) and x.exchange.probe is not None:
        yield Problem(
            "status",
            expected="200",
            actual=f"{x.status}",
            level=None if profile.models.source else SHOULD,
        )


@check(
    "models.list-shape",
    level=MUST,
    on=model_lists,
    given=list_came,
    claimed=lists_claimed,
    probes=LIST,
)
def lists_have_their_shape(x: Reading, profile: Profile) -> Problems:
    """A model list is an object with `object: "list"` and a `data` array."""
    if x.json.error is not None:
        what = f"{x.media_type or 'no media type'}: {x.body[:120]!r}"
        yield Problem("body", expected="a model list", actual=what)
        return
    for violation in violations("model.list", x.json.value):
        if len(violation.path) <= 1:
            yield Problem(
                violation.pointer or "/", expected=violation.expected, actual=violation.actual
            )


def lists_or_models(x: Reading) -> bool:
    """Whatever brings models."""
    return model_lists(x) or single_models(x)


def model_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A list came, or a model alone."""
    return completion(x, profile) if single_models(x) else listed(x, profile)


def shape_violations(x: Reading) -> tuple[Violation, ...]:
    """What the schema finds wrong in the models of a list, or in a model alone."""
    if single_models(x):
        return violations("model", x.object)
    return tuple(v for v in violations("model.list", x.object) if len(v.path) > 1)


@check(
    "models.entry",
    level=MUST,
    on=lists_or_models,
    given=model_came,
    claimed=lists_claimed,
    probes=LIST,
)
def entries_have_their_fields(x: Reading, profile: Profile) -> Problems:
    """Each model has an id, object "model", a created time and an owner."""
    seen: dict[tuple[str, str], list[str]] = {}
    absent = {("created", "required"), ("owned_by", "required")}  # no official client reads them
    depth, at = (0, "") if single_models(x) else (2, "/data/*")
    for violation in shape_violations(x):
        member = "/".join(str(part) for part in violation.path[depth:])
        seen.setdefault((member, violation.expected), []).append(violation.actual)
    for (member, expected), actuals in seen.items():
        many = f" ({len(actuals)} models)" if len(actuals) > 1 else ""
        level = SHOULD if (member, expected) in absent else None
        yield Problem(f"{at}/{member}", expected=expected, actual=actuals[0] + many, level=level)


@check(
    "models.ids-unique",
    level=SHOULD,
    on=model_lists,
    given=listed,
    claimed=lists_claimed,
    probes=LIST,
)
def ids_are_unique(x: Reading, profile: Profile) -> Problems:
    """A model list names each model once."""
    ids = Counter(str(m["id"]) for m in entries(x) if isinstance(m.get("id"), str))
    for name, count in sorted(ids.items()):
        if count > 1:
            yield Problem("/data", expected="each id once", actual=f"{name!r} {count} times")


def listing_claimed(profile: Profile) -> str | None:
    """Whether the profile has the chat model listed."""
    if profile.models.listed is False:
        return "the profile says that the chat model is not listed"
    return lists_claimed(profile)


def listed_or_used(x: Reading, profile: Profile) -> Unjudged | None:
    """A list came, and the chat model was used with success."""
    given = listed if x.asked.operation is Operation.MODELS else succeeded
    return given(x, profile)


@check(
    "models.configured-listed",
    level=SHOULD,
    on=probe("models.list", "chat.basic"),
    given=listed_or_used,
    claimed=listing_claimed,
    scope=Scope.LINKED,
    probes=("models.list", "chat.basic"),
)
def the_used_model_is_listed(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """The model that requests name is in the model list."""
    used = {str(x.asked.body.get("model")) for x in xs if x.asked.chat}
    ids = {
        str(m.get("id")) for x in xs if x.asked.operation is Operation.MODELS for m in entries(x)
    }
    for model in sorted(used):
        if model not in ids:
            yield Problem(
                "/data",
                expected=f"an entry {model!r}",
                actual=f"{len(ids)} other ids: {', '.join(sorted(ids)[:5])}",
            )


@check(
    "models.retrieve",
    level=SHOULD,
    on=probe("models.retrieve"),
    given=retrieved,
    claimed=single_claimed,
    probes=ONE,
)
def models_are_retrieved(x: Reading, profile: Profile) -> Problems:
    """GET /models/{model} answers 200 with that model."""
    if x.status not in (200, 429):
        yield Problem("status", expected="200", actual=f"{x.status}")
    elif x.status == 200:
        wanted = unquote(x.asked.request.path.rpartition("/models/")[2])
        got = x.object.get("id") if x.object is not None else x.json.value
        # Of an object without a name models.entry speaks, unless it is an error.
        unnamed = x.object is not None and "error" not in x.object and not isinstance(got, str)
        if got != wanted and not unnamed:
            yield Problem("/id", expected=repr(wanted), actual=repr(got)[:200])


def listed_or_retrieved(x: Reading, profile: Profile) -> Unjudged | None:
    """A list came, and a model alone."""
    given = listed if x.asked.operation is Operation.MODELS else completion
    return given(x, profile)


@check(
    "models.retrieve-equals-list",
    level=SHOULD,
    on=probe("models.list", "models.retrieve"),
    given=listed_or_retrieved,
    claimed=single_claimed,
    scope=Scope.LINKED,
    probes=("models.list", "models.retrieve"),
)
def a_model_is_as_listed(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A model retrieved alone has the created time and owner that the list gives it."""
    lists = {
        str(m.get("id")): m for x in xs if x.asked.operation is Operation.MODELS for m in entries(x)
    }
    for x in (x for x in xs if x.asked.operation is Operation.MODEL):
        alone = x.object or {}
        entry = lists.get(str(alone.get("id")))
        for name in ("object", "created", "owned_by"):
            if entry and name in entry and name in alone and entry[name] != alone[name]:
                yield Problem(
                    f"/{name}",
                    expected=f"{entry[name]!r}, as listed",
                    actual=repr(alone[name]),
                    level=MAY if name == "owned_by" else None,
                )


@check(
    "models.retrieve-unknown",
    level=MUST,
    on=probe("models.retrieve.unknown"),
    given=refusable,
    claimed=single_claimed,
    probes=("models.retrieve.unknown",),
)
def unknown_models_are_refused(x: Reading, profile: Profile) -> Problems:
    """GET /models/{model} for a model that does not exist is refused with the stated status."""
    if x.status == 405:
        yield Problem(
            "status", expected="404", actual="405: single models cannot be retrieved", level=MAY
        )
        return
    yield from status_problem(x, profile, Cause.MODEL_NOT_LISTED)


def form_claimed(profile: Profile) -> str | None:
    """Whether the profile states what model ids look like."""
    stated = profile.models.pattern is not None
    return None if stated else "the profile states no form of model ids"


def ids_listed(x: Reading, profile: Profile) -> Unjudged | None:
    """A list came that has ids, and the recording keeps them."""
    if (reason := listed(x, profile) or values_kept(x, profile)) is not None:
        return reason
    return None if _ids(x) else Unjudged("the list names no models")


def _ids(x: Reading) -> list[str]:
    return [str(m["id"]) for m in entries(x) if isinstance(m.get("id"), str)]


@check(
    "models.id-form",
    level=SHOULD,
    on=model_lists,
    given=ids_listed,
    claimed=form_claimed,
    probes=LIST,
)
def ids_have_the_stated_form(x: Reading, profile: Profile) -> Problems:
    """Model ids in the list have the form that the profile states."""
    others = [name for name in _ids(x) if not profile.model_id_ok(name)]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield Problem(
            "/data",
            expected=f"ids that match {profile.models.pattern}",
            actual=f"{others[0]!r}{more}",
            claims=profile.cited(profile.models.source),
        )
