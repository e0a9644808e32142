"""What must hold before a rule can be judged; each returns why not, or None."""

from __future__ import annotations

from conformance.model.exchange import Ended
from conformance.model.finding import Hindrance, Unjudged
from conformance.model.profile import Profile
from conformance.wire.reading import Reading
from conformance.wire.unread import unreadable

RUN, ENDPOINT, MODEL = Hindrance.RUN, Hindrance.ENDPOINT, Hindrance.MODEL
RECORDING = Hindrance.RECORDING
FOLLOWS = "after "
"""How a reason begins where an earlier answer, not the run, kept a request from being built."""
_LIMITED = {402: "the account's quota is used up", 429: "rate-limited"}


def answered(x: Reading, profile: Profile) -> Unjudged | None:
    """A response head arrived."""
    if x.attempt is None:
        reason = x.exchange.not_sent or "not sent"
        return Unjudged(reason, MODEL if reason.startswith(FOLLOWS) else RUN)
    if x.attempt.ended is Ended.INTERRUPTED and x.status is None:
        return Unjudged("interrupted", RUN)
    if x.attempt.status is None:
        return Unjudged(f"no answer ({x.attempt.ended.value})", _gone(x))
    return None


def _gone(x: Reading) -> Hindrance:
    return RUN if x.ended is Ended.REFUSED else ENDPOINT


def succeeded(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered with a success."""
    if (reason := answered(x, profile)) is not None:
        return reason
    status = x.status or 0
    if status in _LIMITED:
        return Unjudged(f"{_LIMITED[status]} (status {status})", RUN)
    if not 200 <= status < 300:
        return Unjudged(f"status {status}, not 200")
    return None


def whole(x: Reading, profile: Profile) -> Unjudged | None:
    """The body arrived to its end."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.ended is Ended.INTERRUPTED:
        return Unjudged(
            x.attempt.detail if x.attempt and x.attempt.detail else "interrupted",
            RUN if x.exchange.probe else RECORDING,
        )
    if not x.whole:
        return Unjudged(f"the body did not arrive whole ({x.ended})")
    return None


def readable(x: Reading, profile: Profile) -> Unjudged | None:
    """The body has no content coding, or one that was undone."""
    return Unjudged(f"the body cannot be decoded: {x.undecodable}") if x.undecodable else None


def completion(x: Reading, profile: Profile) -> Unjudged | None:
    """A chat completion came: a success whose body is a JSON object and no error."""
    for given in (succeeded, whole, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if x.looks_like_events and x.object is None:
        return Unjudged("answered with an event stream")
    if x.json.error is not None:
        return Unjudged(f"the body is not JSON: {x.json.error}")
    if x.object is None:
        return Unjudged("the body is not a JSON object")
    if "choices" not in x.object and "error" in x.object:
        return Unjudged("the body is an error with status 200")
    return None


def begun_stream(x: Reading, profile: Profile) -> Unjudged | None:
    """An event stream came, perhaps not to its end, of whatever length."""
    for given in (succeeded, readable):
        if (reason := given(x, profile)) is not None:
            return reason
    if not x.looks_like_events:
        return Unjudged("answered without an event stream" if x.body else "the body is empty")
    return None


def event_stream(x: Reading, profile: Profile) -> Unjudged | None:
    """An event stream came, perhaps not to its end, that is not too long to be read."""
    if (reason := begun_stream(x, profile)) is not None:
        return reason
    if x.stream.too_large:
        return Unjudged(
            f"a stream of more than {len(x.stream.events):,} events, which are not read"
        )
    return None


def whole_stream(x: Reading, profile: Profile) -> Unjudged | None:
    """An event stream came, to its end or at least to its [DONE]."""
    reason = event_stream(x, profile)
    return reason if reason is not None or x.done_at is not None else whole(x, profile)


def chunks_came(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came with at least one chunk, and audio was not asked for."""
    if (reason := event_stream(x, profile)) is not None:
        return reason
    if x.asked.audio:
        return Unjudged("audio output follows rules of its own", MODEL)
    if not x.chunks:
        return Unjudged("the stream has no chunks")
    return None


def finished_stream(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end with chunks and without an error inside."""
    for given in (chunks_came, whole_stream):
        if (reason := given(x, profile)) is not None:
            return reason
    if x.error_events:
        return Unjudged("an error ended the stream")
    if not any(choice.deltas for choice in x.choices.values()):
        return Unjudged("the stream has no readable choices")
    return None


def read_to_the_end(x: Reading, profile: Profile) -> Unjudged | None:
    """A stream came to its end and all of it can be read."""
    if (reason := finished_stream(x, profile)) is not None:
        return reason
    if (cause := unreadable(x)) is not None:
        return Unjudged(cause)
    return None


def read_in_its_form(x: Reading, profile: Profile) -> Unjudged | None:
    """A completion, or a stream read to its end."""
    if not x.asked.streams:
        return completion(x, profile)
    if (reason := read_to_the_end(x, profile)) is not None:
        return reason
    if not all(choice.finishes for choice in x.choices.values()):
        return Unjudged("a choice of the stream did not finish")
    return None


def values_kept(x: Reading, profile: Profile) -> Unjudged | None:
    """The recording keeps ids, times and names as they were sent."""
    return None if x.kept.values else Unjudged("the recording replaces ids and times", RECORDING)


def headers_kept(x: Reading, profile: Profile) -> Unjudged | None:
    """The recording keeps the response headers."""
    return None if x.kept.headers else Unjudged("the recording drops headers", RECORDING)


def arrival_kept(x: Reading, profile: Profile) -> Unjudged | None:
    """The recording keeps when bytes arrived, and they are those of the text."""
    if x.coding:
        return Unjudged(f"the body has the content coding {x.coding}")
    return None if x.kept.arrival else Unjudged("the recording has no arrival times", RECORDING)


def bytes_kept(x: Reading, profile: Profile) -> Unjudged | None:
    """The recording keeps the body's bytes."""
    return None if x.kept.bytes else Unjudged("the recording wrote the JSON again", RECORDING)
