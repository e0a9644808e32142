"""What stays the same in all chunks of a stream: id, created time and model."""

from __future__ import annotations

from conformance.checks.givens import chunks_came, values_kept
from conformance.checks.kinds import streams
from conformance.checks.registry import MAY, MUST, SHOULD, Given, Problems, check
from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.chunks import content_chunks
from conformance.wire.reading import Reading

from . import STREAM


def values_of(x: Reading, name: str) -> list[tuple[int, JSON]]:
    """The values of a member that have its type, with their events."""
    kind = int if name == "created" else str  # what has another type is another check's
    return [(n, c[name]) for n, c in content_chunks(x) if isinstance(c.get(name), kind)]


def comparable(name: str) -> Given:
    """More than one chunk has this member, in its type, and the recording keeps it."""

    def given(x: Reading, profile: Profile) -> Unjudged | None:
        if (reason := chunks_came(x, profile) or values_kept(x, profile)) is not None:
            return reason
        if len(content_chunks(x)) < 2:
            return Unjudged("the stream has one chunk", Hindrance.MODEL)
        enough = len(values_of(x, name)) > 1
        return None if enough else Unjudged(f"the chunks have no {name} to compare")

    return given


def _declare(name: str, level: Level, title: str) -> None:
    @check(
        f"chunk.{name}-constant",
        level=level,
        on=streams,
        given=comparable(name),
        probes=STREAM,
        title=title,
    )
    def stays(x: Reading, profile: Profile) -> Problems:
        """A problem at the first chunk whose value differs from the first one's."""
        (began, first), *later = values_of(x, name)
        for number, value in later:
            if value != first:
                yield Problem(
                    f"event {number}: /{name}",
                    expected=f"{first!r}, as on event {began}",
                    actual=repr(value),
                )
                return


for _name, _level, _title in (
    ("id", MUST, "All chunks of a stream have the same id."),
    ("created", MAY, "All chunks of a stream have the same created time."),
    ("model", SHOULD, "All chunks of a stream name the same model."),
):
    _declare(_name, _level, _title)
