"""The models this server says it has."""

from __future__ import annotations

from conformance.model.profile import Cause, Profile
from conformance.refserver.exchange import Obj
from conformance.refserver.mistakes import Mistake
from conformance.refserver.patterns import matching

DEFAULT = "reference-1"
_OTHERS = ("reference-2", "reference/large-3")
_BORN = 1_700_000_000


def known_models(profile: Profile, configured: str | None) -> tuple[str, ...]:
    """All model ids that are answered; the first is the one that a run would name."""
    pattern = profile.models.pattern
    others = _OTHERS if pattern is None else tuple(matching(pattern, 0, n) for n in range(3))
    others = tuple(other for other in others if profile.model_id_ok(other))
    first = profile.models.chat or (DEFAULT if profile.model_id_ok(DEFAULT) else None)
    names = [configured, first, *others]
    return tuple(dict.fromkeys(name for name in names if name)) or (DEFAULT,)


def listed_models(profile: Profile, configured: str | None) -> tuple[str, ...]:
    """The ids in the list of models; the chat model is left out where the profile says so."""
    known = known_models(profile, configured)
    hidden = {configured, profile.models.chat} if profile.models.listed is False else set()
    return tuple(name for name in known if name not in hidden)


def entry(model: str) -> Obj:
    """One model as an object."""
    created = _BORN + 86_400 * (len(model) % 100)
    return {"id": model, "object": "model", "created": created, "owned_by": "reference"}


def not_listed(model: str, known: tuple[str, ...]) -> Mistake | None:
    """What is wrong with asking for a model."""
    if model in known:
        return None
    text = f"The model '{model[:100]}' does not exist"
    cause = Cause.MODEL_NOT_LISTED
    return Mistake(text, cause, param="model", code="model_not_found", status=404)
