"""Words that stand in one request alone, so that they show where its text went."""

from __future__ import annotations

CANARIES = {
    "isolation.canary.one": "CANARY-1-vokeluza",
    "isolation.canary.two": "CANARY-2-hidrowap",
    "isolation.stream.canary": "CANARY-3-quxebima",
    "isolation.system": "CANARY-4-lapzedor",
    "isolation.tool-result": "CANARY-5-fywonkat",
    "isolation.half-read": "CANARY-7-mubrixel",
}
"""The word of each probe that has one: fixed, so that plans are equal, and unlikely to be said by chance."""

IMAGE_CANARY = "CANARY-6-gestiqol"
"""Stands where a request carries an image as text."""

ALL = (*CANARIES.values(), IMAGE_CANARY)


def canaries_in(text: str) -> tuple[str, ...]:
    """The words of ``ALL`` that a text holds."""
    return tuple(word for word in ALL if word in text)
