"""The model list and single models."""

from __future__ import annotations

from urllib.parse import quote

from conformance.model.plan import Stage
from conformance.model.request import Operation
from conformance.wire.reading import Reading

from .registry import Pick, Probe, probe

probe(
    Probe("models.list", "List the models.", "GET", Operation.MODELS, stage=Stage.PILOT, smoke=True)
)
probe(
    Probe(
        "models.retrieve",
        "Retrieve the configured model.",
        "GET",
        Operation.MODEL,
        stage=Stage.FREE,
    )
)
probe(
    Probe(
        "models.retrieve.unknown",
        "Retrieve a model that does not exist.",
        "GET",
        Operation.MODEL,
        stage=Stage.FREE,
    )
)


_LONGEST = 500
"""Characters of an id that is asked for: many servers take no longer path for one."""


def _others(listing: Reading, own: str) -> list[str]:
    """The other models that are listed, those first whose ids are harder to write in a path."""
    data = (listing.object or {}).get("data")
    entries = [m for m in data if isinstance(m, dict)] if isinstance(data, list) else []
    ids = {i for m in entries if isinstance(i := m.get("id"), str) and 0 < len(i) <= _LONGEST}
    return sorted(
        ids - {own}, key=lambda i: (i.isascii() and not set(i) & set(" :@%?#+"), "." not in i, i)
    )


def _written(id: str | None, *, raw: bool = False) -> str | None:
    # As openai-python 3.54 and the reference's clients write it: a slash is encoded, : and @ are not.
    return None if id is None else quote(id, safe="/:@" if raw else ":@", errors="replace")


def _plain(listing: Reading, own: str) -> str | None:
    return _written(next((i for i in _others(listing, own) if "/" not in i), None))


def _slashed(listing: Reading, own: str) -> str | None:
    return next((i for i in [*_others(listing, own), own] if "/" in i), None)


def _encoded_slash(listing: Reading, own: str) -> str | None:
    return _written(_slashed(listing, own))


def _raw_slash(listing: Reading, own: str) -> str | None:
    return _written(_slashed(listing, own), raw=True)


def _retrieved(id: str, title: str, pick: Pick) -> None:
    probe(
        Probe(
            id,
            title,
            "GET",
            Operation.MODEL,
            stage=Stage.FREE,
            after="models.list",
            pick=pick,
        )
    )


_retrieved("models.retrieve.listed", "Retrieve another model that is listed.", _plain)
_retrieved(
    "models.retrieve.slash",
    "Retrieve a model whose id has a slash, percent-encoded.",
    _encoded_slash,
)
_retrieved(
    "models.retrieve.slash-raw",
    "Retrieve the same model with the slash as it is.",
    _raw_slash,
)
