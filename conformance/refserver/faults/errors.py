"""Faults of refusals: mistakes that pass, wrong statuses, and errors in other forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.model.profile import Cause
from conformance.refserver.exchange import Frame, Reply
from conformance.refserver.faults.altering import with_body, with_header, without
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision
from conformance.refserver.refusals import JSON_TYPE, Refused
from conformance.refserver.writing import DONE

_AUTH = (Cause.NO_KEY, Cause.WRONG_KEY, Cause.MALFORMED_KEY)


def _forgives(decision: Decision, facts: Facts, cause: Cause) -> Decision:
    """Lets a mistake pass, unless a stream is asked for."""
    forgiven = decision is not None and decision.cause is cause and not facts.wants_stream
    return None if forgiven else decision


@fault(
    "error-malformed-json-accepted",
    "errors.malformed-json",
    "errors.deep-nesting",
    "errors.lenient-json",
    "errors.media-type",
    on=Stage.DECISION,
)
def malformed_json_accepted(decision: Decision, facts: Facts) -> Decision:
    """Bodies that are not JSON are answered as if they were."""
    return _forgives(decision, facts, Cause.MALFORMED_JSON)


@fault("error-not-an-object-accepted", "errors.not-an-object", on=Stage.DECISION)
def not_an_object_accepted(decision: Decision, facts: Facts) -> Decision:
    """Bodies that are JSON but no object are answered as if they were."""
    return _forgives(decision, facts, Cause.NOT_AN_OBJECT)


@fault("error-missing-model-accepted", "errors.missing-model", on=Stage.DECISION)
def missing_model_accepted(decision: Decision, facts: Facts) -> Decision:
    """Requests without a model are answered by some model."""
    return _forgives(decision, facts, Cause.MISSING_MODEL)


@fault("error-unknown-model-accepted", "errors.unknown-model", on=Stage.DECISION)
def unknown_model_accepted(decision: Decision, facts: Facts) -> Decision:
    """Requests for models that do not exist are answered by some model."""
    return _forgives(decision, facts, Cause.UNKNOWN_MODEL)


@fault("error-missing-messages-accepted", "errors.missing-messages", on=Stage.DECISION)
def missing_messages_accepted(decision: Decision, facts: Facts) -> Decision:
    """Requests without messages are answered."""
    return _forgives(decision, facts, Cause.MISSING_MESSAGES)


@fault("error-empty-messages-accepted", "errors.empty-messages", on=Stage.DECISION)
def empty_messages_accepted(decision: Decision, facts: Facts) -> Decision:
    """Requests with an empty list of messages are answered."""
    return _forgives(decision, facts, Cause.EMPTY_MESSAGES)


@fault("error-messages-type-accepted", "errors.messages-type", on=Stage.DECISION)
def messages_type_accepted(decision: Decision, facts: Facts) -> Decision:
    """Requests whose messages are a string, or strings, are answered."""
    return _forgives(decision, facts, Cause.WRONG_TYPE_MESSAGES)


@fault("error-unknown-path-accepted", "errors.unknown-path", on=Stage.DECISION)
def unknown_path_accepted(decision: Decision, facts: Facts) -> Decision:
    """Paths that do not exist are answered like chat."""
    return _forgives(decision, facts, Cause.UNKNOWN_PATH)


@fault("error-wrong-method-accepted", "errors.wrong-method", on=Stage.DECISION)
def wrong_method_accepted(decision: Decision, facts: Facts) -> Decision:
    """Wrong methods are answered like the right one."""
    return _forgives(decision, facts, Cause.WRONG_METHOD)


def _with_status(made: Refused, facts: Facts, cause: Cause, status: int) -> Refused:
    mistake = facts.mistake
    meant = mistake is not None and mistake.cause is cause
    return replace(made, status=status) if meant else made


@fault("error-malformed-json-418", "errors.malformed-json", on=Stage.REFUSAL)
def malformed_json_418(made: Refused, facts: Facts) -> Refused:
    """Bodies that are not JSON are refused with another status than stated."""
    return _with_status(made, facts, Cause.MALFORMED_JSON, 418)


@fault("error-unknown-model-418", "errors.unknown-model", on=Stage.REFUSAL)
def unknown_model_418(made: Refused, facts: Facts) -> Refused:
    """Models that do not exist are refused with another status than stated."""
    return _with_status(made, facts, Cause.UNKNOWN_MODEL, 418)


@fault("error-missing-messages-418", "errors.missing-messages", on=Stage.REFUSAL)
def missing_messages_418(made: Refused, facts: Facts) -> Refused:
    """Requests without messages are refused with another status than stated."""
    return _with_status(made, facts, Cause.MISSING_MESSAGES, 418)


@fault("error-unknown-path-418", "errors.unknown-path", on=Stage.REFUSAL)
def unknown_path_418(made: Refused, facts: Facts) -> Refused:
    """Paths that do not exist are refused with another status than stated."""
    return _with_status(made, facts, Cause.UNKNOWN_PATH, 418)


@fault("error-crash-on-messages", "errors.no-server-error", on=Stage.REFUSAL)
def crash_on_messages(made: Refused, facts: Facts) -> Refused:
    """Messages of a wrong type end in status 500."""
    return _with_status(made, facts, Cause.WRONG_TYPE_MESSAGES, 500)


@fault("error-crash-on-json", "errors.no-server-error", on=Stage.REFUSAL)
def crash_on_json(made: Refused, facts: Facts) -> Refused:
    """Bodies that are not JSON end in status 502."""
    return _with_status(made, facts, Cause.MALFORMED_JSON, 502)


def _with_member(made: Refused, name: str, value: Any) -> Refused:
    if not (isinstance(made.content, dict) and isinstance(made.content.get("error"), dict)):
        return made
    return replace(made, content={"error": {**made.content["error"], name: value}})


def _message(made: Refused) -> str:
    content = made.content if isinstance(made.content, dict) else {}
    error = content.get("error")
    return str(error.get("message")) if isinstance(error, dict) else "Bad request."


@fault("error-other-code", "errors.stated-code", "errors.parameter-code", on=Stage.REFUSAL)
def other_code(made: Refused, facts: Facts) -> Refused:
    """Errors carry another code than stated."""
    return _with_member(made, "code", "something_else")


@fault("error-other-type", "errors.stated-code", "errors.parameter-code", on=Stage.REFUSAL)
def other_type(made: Refused, facts: Facts) -> Refused:
    """Errors carry another type than stated."""
    return _with_member(made, "type", "something_else")


@fault("error-as-detail", "errors.shape", on=Stage.REFUSAL)
def as_detail(made: Refused, facts: Facts) -> Refused:
    """Errors are an object with a detail."""
    return replace(made, content={"detail": [{"loc": ["body"], "msg": _message(made)}]})


@fault("error-flat", "errors.shape", on=Stage.REFUSAL)
def flat(made: Refused, facts: Facts) -> Refused:
    """Errors lack the wrapping error member."""
    return replace(made, content={"object": "error", "message": _message(made), "code": 400})


@fault("error-as-string", "errors.shape", on=Stage.REFUSAL)
def as_string(made: Refused, facts: Facts) -> Refused:
    """The error member is a string."""
    return replace(made, content={"error": _message(made)})


@fault("error-empty-object", "errors.shape", on=Stage.REFUSAL)
def empty_object(made: Refused, facts: Facts) -> Refused:
    """Errors are an empty object."""
    return replace(made, content={})


@fault("error-message-missing", "errors.message", on=Stage.REFUSAL)
def message_missing(made: Refused, facts: Facts) -> Refused:
    """Errors have no message."""
    if not (isinstance(made.content, dict) and isinstance(made.content.get("error"), dict)):
        return made
    return replace(made, content={"error": without(made.content["error"], "message")})


@fault("error-message-empty", "errors.message", on=Stage.REFUSAL)
def message_empty(made: Refused, facts: Facts) -> Refused:
    """The message of errors is empty."""
    return _with_member(made, "message", "")


@fault("error-message-object", "errors.message", on=Stage.REFUSAL)
def message_object(made: Refused, facts: Facts) -> Refused:
    """The message of errors is an object."""
    return _with_member(made, "message", {"text": _message(made)})


@fault("error-type-number", "errors.type", on=Stage.REFUSAL)
def type_number(made: Refused, facts: Facts) -> Refused:
    """The type of errors is a number."""
    return _with_member(made, "type", 7)


@fault("error-code-number", "errors.code", on=Stage.REFUSAL)
def code_number(made: Refused, facts: Facts) -> Refused:
    """The code of errors is the status as a number."""
    return _with_member(made, "code", made.status)


@fault("error-param-list", "errors.param", on=Stage.REFUSAL)
def param_list(made: Refused, facts: Facts) -> Refused:
    """The param of errors is an array."""
    return _with_member(made, "param", ["model"])


@fault("error-param-missing", "errors.param", on=Stage.REFUSAL)
def param_missing(made: Refused, facts: Facts) -> Refused:
    """Errors have no param."""
    if not (isinstance(made.content, dict) and isinstance(made.content.get("error"), dict)):
        return made
    return replace(made, content={"error": without(made.content["error"], "param")})


def _relabelled(made: Refused, label: str) -> Refused:
    others = tuple(pair for pair in made.headers if pair != JSON_TYPE)
    return replace(made, headers=(("Content-Type", label), *others))


@fault("error-as-text", "errors.content-type", on=Stage.REFUSAL)
def as_text(made: Refused, facts: Facts) -> Refused:
    """Errors are labelled text/plain."""
    return _relabelled(made, "text/plain; charset=utf-8")


@fault("error-html", "errors.not-html", on=Stage.REPLY)
def html(reply: Reply, facts: Facts) -> Reply:
    """Errors are pages in HTML."""
    if facts.mistake is None:
        return reply
    page = (
        b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>"
    )
    return with_header(with_body(reply, page), "Content-Type", "text/html; charset=utf-8")


_TRACE = (
    'Traceback (most recent call last):\n  File "/srv/app/api.py", line 41, in chat\nKeyError: 0'
)


@fault("error-traceback", "errors.no-internals", on=Stage.REFUSAL)
def traceback(made: Refused, facts: Facts) -> Refused:
    """The message of errors is a stack trace."""
    return _with_member(made, "message", _TRACE)


@fault("error-server-path", "errors.no-internals", on=Stage.REFUSAL)
def server_path(made: Refused, facts: Facts) -> Refused:
    """The message of errors names a file of the server."""
    return _with_member(made, "message", "Not found in /usr/lib/python3.11/site-packages/api.py:41")


def _as_events(
    reply: Reply, facts: Facts, status: int | None, frames: Callable[[Any], Any]
) -> Reply:
    refused = facts.mistake is not None and facts.mistake.cause not in _AUTH
    if not (refused and facts.wants_stream):
        return reply
    reply = replace(reply, status=status or reply.status, frames=frames(reply.body))
    reply = with_header(reply, "Content-Length", None)
    return with_header(reply, "Content-Type", "text/event-stream")


@fault("error-in-stream-200", "errors.stream-as-json", on=Stage.REPLY)
def in_stream_200(reply: Reply, facts: Facts) -> Reply:
    """Refused streams begin with status 200 and bring the error as an event."""
    return _as_events(
        reply, facts, 200, lambda body: (Frame(b"data: " + body + b"\n\n"), Frame(DONE))
    )


@fault("error-in-stream", "errors.stream-as-json", on=Stage.REPLY)
def in_stream(reply: Reply, facts: Facts) -> Reply:
    """Refused streams have the right status but bring the error as an event."""
    return _as_events(reply, facts, None, lambda body: (Frame(b"data: " + body + b"\n\n"),))
