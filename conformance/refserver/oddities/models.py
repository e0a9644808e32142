"""Lists of models that are longer, ordered otherwise, or say more."""

from __future__ import annotations

from conformance.refserver.exchange import Obj
from conformance.refserver.oddities.registry import Facts, Stage, oddity

_OPENAPI = "OpenAPI document of OpenAI: no object is closed to further members"
_PERMISSION = {"id": "modelperm-1", "object": "model_permission", "allow_sampling": True}


@oddity(
    "models-permissions", on=Stage.ENTRY, because="OpenAI's own entries of 2023", only_one="entries"
)
def permissions(model: Obj, facts: Facts) -> Obj:
    """Models have permission, root and parent."""
    return {**model, "permission": [_PERMISSION], "root": model["id"], "parent": None}


@oddity("models-priced", on=Stage.ENTRY, because=_OPENAPI, only_one="entries")
def priced(model: Obj, facts: Facts) -> Obj:
    """Models have prices, limits and descriptions in several languages."""
    price = {"prompt": "0.00000015", "completion": "0.0000006"}
    return {**model, "pricing": price, "context_length": 8192, "description": "Größe: 小"}


@oddity("models-of-somebody", on=Stage.ENTRY, because="no source states the owner's form")
def of_somebody(model: Obj, facts: Facts) -> Obj:
    """Models are owned by a name with spaces, slashes and letters outside ASCII."""
    return {**model, "owned_by": "Größe & Söhne / lab"}


@oddity(
    "models-born-in-1970", on=Stage.ENTRY, because="recorded at many endpoints, for want of a date"
)
def born_in_1970(model: Obj, facts: Facts) -> Obj:
    """Models were created at zero."""
    return {**model, "created": 0}


@oddity("models-reversed", on=Stage.LISTING, because="no source states an order")
def listed_in_reverse(listing: Obj, facts: Facts) -> Obj:
    """The list of models is in reversed order."""
    return {**listing, "data": listing["data"][::-1]}


@oddity("models-of-other-kinds", on=Stage.MODELS, because="OpenAI lists all its models")
def of_other_kinds(further: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """The list has models of other kinds, and ids with slashes, dots, colons and at signs."""
    ids = ("text-embedding-3-small", "whisper-1", "acme/tiny.v2:free", "ft:tiny:org::7@2")
    return (*further, *ids)


@oddity("models-two-thousand", on=Stage.MODELS, because="no source limits the list")
def two_thousand(further: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """The list has two thousand further models."""
    return (*further, *(f"acme/model-{n:04}" for n in range(2_000)))


@oddity("models-pages-announced", on=Stage.LISTING, because="members of OpenAI's paged lists")
def pages_announced(listing: Obj, facts: Facts) -> Obj:
    """The list says that it has no further page, and its first and last id."""
    ids = [model["id"] for model in listing["data"]]
    return {**listing, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}


@oddity("models-retrieved-in-full", on=Stage.RETRIEVED, because=_OPENAPI)
def retrieved_in_full(model: Obj, facts: Facts) -> Obj:
    """A single model has members that the list leaves out."""
    return {**model, "capabilities": ["chat"], "deprecation": None}
