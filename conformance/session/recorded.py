"""What a recording comes to: whether anything was answered, the checks it was made for, its findings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conformance.checks.registry import all_checks
from conformance.judging import Judgement, judge_exchanges
from conformance.model.errors import ProfileError, RecordingError, Unreachable
from conformance.model.exchange import Ended
from conformance.model.profile import Profile
from conformance.profiles.load import profile_from_json
from conformance.recording import jsonl
from conformance.recording.jsonl import Header, Reader, Recording


def judge_recording(
    recording: Recording | Reader,
    *,
    profile: Profile | None = None,
    selected: Iterable[str] | None = None,
    strict: bool = False,
) -> Judgement:
    """Findings and results.json of a recording: the same from a live run and from its file."""
    header = recording.header
    wanted = set(all_checks() if selected is None else selected)
    chosen = [i for i in recorded_checks(recording) if i in wanted]
    if not chosen:
        raise RecordingError("the recording was made for none of the checks that are to be judged")
    return judge_exchanges(
        recording.exchanges,
        profile or _recorded_profile(header),
        chosen,
        plan=header.plan,
        target=header.target,
        suite=header.suite,
        strict=strict,
    )


def recorded_checks(recording: Recording | Reader) -> list[str]:
    """The checks for which a recording was made, and those that came later and nobody deselected."""
    listed, off = (
        [i for i in ids if isinstance(i, str)] if isinstance(ids, list) else []
        for ids in (recording.header.plan.get("checks"), recording.header.plan.get("deselected"))
    )
    known = all_checks()
    if not set(listed) & set(known):
        return []
    return [i for i in known if i in listed or i not in off]


def _recorded_profile(header: Header) -> Profile:
    try:
        return profile_from_json(dict(header.profile))
    except ProfileError as error:
        raise RecordingError(
            f"the profile inside the recording cannot be used ({error}); name one with --profile"
        ) from None


def unreachable(recording: Recording | Reader) -> str | None:
    """Why nothing at all could be sent; None if anything was answered."""
    if any(x.last is not None and x.last.ended is not Ended.REFUSED for x in recording.exchanges):
        return None
    refused = next((x.last for x in recording.exchanges if x.last is not None), None)
    return refused.detail if refused is not None else None


def require_reachable(recording: Recording | Reader, url: str) -> None:
    """Raise Unreachable, with one sentence, if no connection could be made."""
    why = unreachable(recording)
    if why is not None:
        raise Unreachable(f"{url} cannot be reached: {why}")


def read_recording(path: Path) -> Recording:
    """A recording from its file."""
    return jsonl.read(path)
