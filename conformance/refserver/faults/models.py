"""Faults of the list of models and of single models."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from conformance.model.profile import Cause
from conformance.model.request import Operation
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import without
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.refusals import Refused


@fault("models-no-list", "models.list", on=Stage.DECISION)
def no_list(decision: Decision, facts: Facts) -> Decision:
    """There is no list of models."""
    if decision is None and facts.operation is Operation.MODELS:
        return Mistake("Invalid URL (GET /models)", Cause.UNKNOWN_PATH, status=404)
    return decision


@fault("models-other-member", "models.list-shape", on=Stage.LISTING)
def other_member(listing: Obj, facts: Facts) -> Obj:
    """The list of models stands in a member of another name than data."""
    return {"object": "list", "models": listing["data"]}


@fault("models-object-missing", "models.list-shape", on=Stage.LISTING)
def object_missing(listing: Obj, facts: Facts) -> Obj:
    """The list of models does not call itself a list."""
    return without(listing, "object")


@fault("models-data-object", "models.list-shape", on=Stage.LISTING)
def data_object(listing: Obj, facts: Facts) -> Obj:
    """The models are an object by id instead of an array."""
    return {**listing, "data": {entry["id"]: entry for entry in listing["data"]}}


@fault("models-entry-without-id", "models.entry", on=Stage.LISTING)
def entry_without_id(listing: Obj, facts: Facts) -> Obj:
    """A model in the list has a name instead of an id."""
    *rest, last = listing["data"]
    if last["id"] == facts.model:
        return listing
    return {**listing, "data": [*rest, {**without(last, "id"), "name": last["id"]}]}


@fault("models-entry-created-text", "models.entry", on=Stage.ENTRY)
def entry_created_text(entry: Obj, facts: Facts) -> Obj:
    """The created time of models is a string."""
    return {**entry, "created": "2024-01-01"}


@fault("models-entry-without-owner", "models.entry", on=Stage.ENTRY)
def entry_without_owner(entry: Obj, facts: Facts) -> Obj:
    """Models do not say who owns them."""
    return without(entry, "owned_by")


@fault("models-entry-other-object", "models.entry", on=Stage.ENTRY)
def entry_other_object(entry: Obj, facts: Facts) -> Obj:
    """Models do not call themselves a model."""
    return {**entry, "object": "engine"}


@fault("models-id-twice", "models.ids-unique", on=Stage.LISTING)
def id_twice(listing: Obj, facts: Facts) -> Obj:
    """A model is listed twice."""
    return {**listing, "data": [*listing["data"], listing["data"][0]]}


@fault("models-configured-hidden", "models.configured-listed", on=Stage.LISTING)
def configured_hidden(listing: Obj, facts: Facts) -> Obj:
    """The model that answers is not in the list."""
    return {**listing, "data": [one for one in listing["data"] if one["id"] != facts.model]}


@fault("models-retrieve-not-found", "models.retrieve", on=Stage.DECISION)
def retrieve_not_found(decision: Decision, facts: Facts) -> Decision:
    """Models that are listed cannot be retrieved."""
    if decision is None and facts.operation is Operation.MODEL:
        return Mistake("The model does not exist", Cause.MODEL_NOT_LISTED, status=404)
    return decision


@fault("models-retrieve-other", "models.retrieve", on=Stage.RETRIEVED)
def retrieve_other(entry: Obj, facts: Facts) -> Obj:
    """Another model is retrieved than was asked for."""
    return {**entry, "id": "reference-other"}


@fault("models-retrieve-differs", "models.retrieve-equals-list", on=Stage.RETRIEVED)
def retrieve_differs(entry: Obj, facts: Facts) -> Obj:
    """A model by itself has another owner and another age than in the list."""
    return {**entry, "owned_by": "somebody-else", "created": entry["created"] + 1}


@fault("models-unknown-invented", "models.retrieve-unknown", on=Stage.DECISION)
def unknown_invented(decision: Decision, facts: Facts) -> Decision:
    """Models that do not exist can be retrieved."""
    unknown = decision is not None and decision.cause is Cause.MODEL_NOT_LISTED
    return None if unknown else decision


@fault("models-unknown-418", "models.retrieve-unknown", on=Stage.REFUSAL)
def unknown_418(made: Refused, facts: Facts) -> Refused:
    """Retrieving a model that does not exist is refused with another status than stated."""
    meant = facts.mistake is not None and facts.mistake.cause is Cause.MODEL_NOT_LISTED
    return replace(made, status=418) if meant else made


def _asked(facts: Facts) -> str:
    return facts.request.path.rpartition("/models/")[2]


def _not_there(decision: Decision, facts: Facts, applies: bool) -> Decision:
    if decision is None and facts.operation is Operation.MODEL and applies:
        return Mistake("The model does not exist", Cause.MODEL_NOT_LISTED, status=404)
    return decision


@fault("models-only-own-retrieved", "models.retrieve-listed", on=Stage.DECISION)
def only_own_retrieved(decision: Decision, facts: Facts) -> Decision:
    """Of the models that are listed, only one can be retrieved."""
    return _not_there(
        decision, facts, _asked(facts) != facts.model and "/" not in unquote(_asked(facts))
    )


@fault("models-listed-differ", "models.retrieve-listed", on=Stage.RETRIEVED)
def listed_differ(entry: Obj, facts: Facts) -> Obj:
    """Another model by itself is younger than in the list."""
    return entry if entry["id"] == facts.model else {**entry, "created": entry["created"] + 1}


@fault("models-slash-encoded-unknown", "models.retrieve-slash", on=Stage.DECISION)
def slash_encoded_unknown(decision: Decision, facts: Facts) -> Decision:
    """Ids whose slash is percent-encoded are not found."""
    return _not_there(decision, facts, "%2f" in facts.request.path.lower())


@fault("models-slash-raw-unknown", "models.retrieve-slash", on=Stage.DECISION)
def slash_raw_unknown(decision: Decision, facts: Facts) -> Decision:
    """Ids with a slash are taken for longer paths."""
    return _not_there(decision, facts, "/models/reference/" in facts.request.path)


@fault("models-id-empty", "models.ids-usable", on=Stage.LISTING)
def id_empty(listing: Obj, facts: Facts) -> Obj:
    """A model is listed without a name."""
    return {**listing, "data": [*listing["data"], {**listing["data"][0], "id": ""}]}


@fault(
    "models-other-form",
    "models.id-form",
    "models.retrieve-listed",
    on=Stage.LISTING,
    profile="setapp",
)
def models_other_form(listing: Obj, facts: Facts) -> Obj:
    """The list has ids without the vendor in front that the profile says they have."""
    return {**listing, "data": [*listing["data"], {**listing["data"][0], "id": "plain-model"}]}
