"""Which mistake each probe makes."""

from __future__ import annotations

from conformance.model.profile import Cause
from conformance.wire.reading import Reading

PROBES: dict[Cause, tuple[str, ...]] = {
    Cause.MALFORMED_JSON: ("errors.malformed-json", "errors.empty-body"),
    Cause.NOT_AN_OBJECT: ("errors.not-an-object",),
    Cause.MISSING_MODEL: ("errors.missing-model",),
    Cause.UNKNOWN_MODEL: ("errors.unknown-model", "errors.stream.unknown-model"),
    Cause.MISSING_MESSAGES: ("errors.missing-messages",),
    Cause.EMPTY_MESSAGES: ("errors.empty-messages",),
    Cause.WRONG_TYPE_MESSAGES: (
        "errors.messages-type",
        "errors.message-item-type",
        "errors.stream.messages-type",
    ),
    Cause.UNKNOWN_PATH: ("errors.unknown-path",),
    Cause.WRONG_METHOD: ("errors.wrong-method",),
}
CAUSE_OF = {
    **{probe: cause for cause, probes in PROBES.items() for probe in probes},
    "auth.no-key": Cause.NO_KEY,
    "auth.stream.no-key": Cause.NO_KEY,
    "auth.models.no-key": Cause.NO_KEY,
    "auth.wrong-key": Cause.WRONG_KEY,
    "auth.stream.wrong-key": Cause.WRONG_KEY,
    "auth.models.wrong-key": Cause.WRONG_KEY,
    "auth.wrong-scheme": Cause.MALFORMED_KEY,
    "auth.empty-key": Cause.MALFORMED_KEY,
    "models.retrieve.unknown": Cause.MODEL_NOT_LISTED,
    "http.get": Cause.WRONG_METHOD,
    "http.head": Cause.WRONG_METHOD,
    "http.options": Cause.WRONG_METHOD,
}
"""Which mistake a probe makes."""
KEY_CAUSES = (Cause.NO_KEY, Cause.WRONG_KEY)
"""Clients tell a refused key from other mistakes by its status alone; a header that is none may be a bad request (RFC 6750 §3.1)."""
ALL = tuple(i for probes in PROBES.values() for i in probes)


def cause_of(x: Reading) -> Cause | None:
    """The mistake that an exchange's probe makes; None for other traffic."""
    return CAUSE_OF.get(x.exchange.probe or "")
