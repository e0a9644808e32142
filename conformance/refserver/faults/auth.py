"""Faults of keys: open doors, wrong statuses, keys repeated."""

from __future__ import annotations

from dataclasses import replace

from conformance.model.profile import Cause
from conformance.model.request import Operation
from conformance.refserver.exchange import Frame, Reply
from conformance.refserver.faults.altering import with_header
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision
from conformance.refserver.refusals import Refused

_AUTH = (Cause.NO_KEY, Cause.WRONG_KEY, Cause.MALFORMED_KEY)


def _about_key(decision: Decision, *causes: Cause) -> bool:
    return decision is not None and decision.cause in causes


def _whole_chat(facts: Facts) -> bool:
    return facts.operation is Operation.CHAT and not facts.wants_stream


@fault(
    "auth-no-key-accepted", "auth.no-key", "auth.odd-credentials", on=Stage.DECISION, needs_key=True
)
def no_key_accepted(decision: Decision, facts: Facts) -> Decision:
    """Chat needs no key."""
    passes = _about_key(decision, Cause.NO_KEY) and _whole_chat(facts)
    return None if passes else decision


@fault(
    "auth-wrong-key-accepted",
    "auth.wrong-key",
    "auth.odd-credentials",
    on=Stage.DECISION,
    needs_key=True,
)
def wrong_key_accepted(decision: Decision, facts: Facts) -> Decision:
    """Chat takes any key."""
    passes = _about_key(decision, Cause.WRONG_KEY) and _whole_chat(facts)
    return None if passes else decision


@fault(
    "auth-malformed-accepted",
    "auth.malformed-header",
    "auth.odd-credentials",
    on=Stage.DECISION,
    needs_key=True,
)
def malformed_accepted(decision: Decision, facts: Facts) -> Decision:
    """Chat takes any Authorization header."""
    passes = _about_key(decision, Cause.MALFORMED_KEY) and _whole_chat(facts)
    return None if passes else decision


@fault("auth-stream-open", "auth.stream", on=Stage.DECISION, needs_key=True)
def stream_open(decision: Decision, facts: Facts) -> Decision:
    """Streams need no key."""
    return None if _about_key(decision, *_AUTH) and facts.wants_stream else decision


@fault("auth-models-open", "auth.models", on=Stage.DECISION, needs_key=True)
def models_open(decision: Decision, facts: Facts) -> Decision:
    """The list of models needs no key."""
    passes = _about_key(decision, *_AUTH) and facts.operation is not Operation.CHAT
    return None if passes else decision


def _with_status(made: Refused, facts: Facts, cause: Cause, status: int) -> Refused:
    meant = _about_key(facts.mistake, cause) and _whole_chat(facts)
    return replace(made, status=status) if meant else made


@fault("auth-no-key-418", "auth.no-key", on=Stage.REFUSAL, needs_key=True)
def no_key_418(made: Refused, facts: Facts) -> Refused:
    """A missing key is refused with another status than stated."""
    return _with_status(made, facts, Cause.NO_KEY, 418)


@fault("auth-wrong-key-418", "auth.wrong-key", on=Stage.REFUSAL, needs_key=True)
def wrong_key_418(made: Refused, facts: Facts) -> Refused:
    """A wrong key is refused with another status than stated."""
    return _with_status(made, facts, Cause.WRONG_KEY, 418)


@fault("auth-malformed-418", "auth.malformed-header", on=Stage.REFUSAL, needs_key=True)
def malformed_418(made: Refused, facts: Facts) -> Refused:
    """A malformed Authorization header is refused with another status than stated."""
    return _with_status(made, facts, Cause.MALFORMED_KEY, 418)


@fault("auth-key-in-message", "auth.key-not-echoed", on=Stage.REFUSAL, needs_key=True)
def key_in_message(made: Refused, facts: Facts) -> Refused:
    """The message of errors repeats the key that was sent."""
    error = made.content.get("error") if isinstance(made.content, dict) else None
    if not (isinstance(error, dict) and facts.sent_key):
        return made
    text = f"{error.get('message')} (key {facts.sent_key})"
    return replace(made, content={"error": {**error, "message": text}})


@fault("auth-key-across-frames", "auth.key-not-echoed", on=Stage.REPLY, needs_key=True)
def key_across_frames(reply: Reply, facts: Facts) -> Reply:
    """A comment in streams repeats the key, in two halves that leave apart."""
    if not (facts.streamed and facts.sent_key):
        return reply
    half = len(facts.sent_key) // 2
    comment = f": {facts.sent_key}\n\n".encode()
    halves = (Frame(comment[: 2 + half]), Frame(comment[2 + half :], delay=0.05))
    return replace(reply, frames=(*halves, *reply.frames))


@fault("auth-key-in-header", "auth.key-not-echoed", on=Stage.REPLY, needs_key=True)
def key_in_header(reply: Reply, facts: Facts) -> Reply:
    """A header of every answer repeats the key."""
    return with_header(reply, "X-Debug-Key", facts.sent_key) if facts.sent_key else reply


@fault("auth-challenge-missing", "auth.challenge", on=Stage.REPLY, needs_key=True)
def challenge_missing(reply: Reply, facts: Facts) -> Reply:
    """A 401 does not say how to prove who one is."""
    return with_header(reply, "WWW-Authenticate", None)


def _key_of(facts: Facts) -> str:
    return (facts.request.header("authorization") or "").removeprefix("Bearer ")


@fault("auth-key-prefix", "auth.key-exact", on=Stage.DECISION, needs_key=True)
def beginning_with_the_key(decision: Decision, facts: Facts) -> Decision:
    """Whatever begins with the key is taken for it."""
    longer = facts.key is not None and _key_of(facts).startswith(facts.key)
    return None if longer and _about_key(decision, Cause.WRONG_KEY) else decision


@fault("auth-key-cut", "auth.key-exact", on=Stage.DECISION, needs_key=True)
def beginning_of_the_key(decision: Decision, facts: Facts) -> Decision:
    """The beginning of the key is enough, from ten letters on."""
    sent = _key_of(facts)
    shorter = facts.key is not None and len(sent) >= 10 and facts.key.startswith(sent)
    return None if shorter and _about_key(decision, Cause.WRONG_KEY) else decision
