"""Refusals in other words, with more or fewer members, and with the other statuses that the rules let pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.model.profile import Cause
from conformance.model.request import Operation
from conformance.refserver.exchange import Obj, Reply
from conformance.refserver.faults.altering import with_body, with_header
from conformance.refserver.oddities.registry import Facts, Stage, oddity
from conformance.refserver.refusals import JSON_TYPE, Refused

_OPEN = "the base profile claims none of it"
_ANY_TEXT = "no source states the text of a message"


def _error(refused: Refused, **members: Any) -> Refused:
    """A refusal whose error object has these members as well."""
    content = refused.content
    if not isinstance(content, dict) or not isinstance(content.get("error"), dict):
        return refused
    return replace(refused, content={**content, "error": {**content["error"], **members}})


@oddity("error-in-german", on=Stage.REFUSAL, because=_ANY_TEXT, only_one="text of errors")
def in_german(refused: Refused, facts: Facts) -> Refused:
    """Errors are told in German."""
    told = "Die Anfrage kann so nicht bearbeitet werden — bitte prüfen Sie Schlüssel, Modell und Rumpf."
    return _error(refused, message=told)


@oddity("error-in-japanese", on=Stage.REFUSAL, because=_ANY_TEXT, only_one="text of errors")
def in_japanese(refused: Refused, facts: Facts) -> Refused:
    """Errors are told in Japanese."""
    return _error(
        refused, message="リクエストの内容に誤りがあります。model と messages を確認してください。"
    )


@oddity("error-of-several-lines", on=Stage.REFUSAL, because=_ANY_TEXT, only_one="text of errors")
def of_several_lines(refused: Refused, facts: Facts) -> Refused:
    """Errors are told at length, over several lines, with a link."""
    lines = ["Your request was not accepted:", "- see https://acme.example/docs/errors", ""]
    return _error(refused, message="\n".join(lines * 4))


@oddity("error-more-members", on=Stage.REFUSAL, because="the error object is not closed")
def more_members(refused: Refused, facts: Facts) -> Refused:
    """Errors have further members, inside the error and beside it."""
    more = _error(refused, status=refused.status, details=[], innererror={}, metadata=None)
    if not isinstance(more.content, dict):
        return more
    return replace(more, content={**more.content, "request_id": "r-1", "user_id": "org-1"})


@oddity("error-with-charset", on=Stage.REFUSAL, only_one="type of errors")
def with_charset(refused: Refused, facts: Facts) -> Refused:
    """Errors are labelled application/json; charset=utf-8."""
    return _labelled(refused, "application/json; charset=utf-8")


@oddity("error-as-problem-json", on=Stage.REFUSAL, because="RFC 9457", only_one="type of errors")
def as_problem_json(refused: Refused, facts: Facts) -> Refused:
    """Errors are labelled application/problem+json."""
    return _labelled(refused, "application/problem+json")


def _labelled(refused: Refused, media_type: str) -> Refused:
    headers = [h for h in refused.headers if h != JSON_TYPE]
    return replace(refused, headers=(*headers, ("Content-Type", media_type)))


@oddity(
    "error-without-challenge",
    on=Stage.REFUSAL,
    because="api.openai.com sends none with most errors",
)
def without_challenge(refused: Refused, facts: Facts) -> Refused:
    """A 401 carries no WWW-Authenticate."""
    kept = tuple(h for h in refused.headers if h[0] != "WWW-Authenticate")
    return replace(refused, headers=kept)


@oddity(
    "error-key-masked",
    on=Stage.REFUSAL,
    because="recorded at api.openai.com",
    only_one="text of errors",
)
def key_masked(refused: Refused, facts: Facts) -> Refused:
    """A wrong key is repeated with most of it masked."""
    if facts.mistake is None or facts.mistake.cause is not Cause.WRONG_KEY or not facts.sent_key:
        return refused
    key = facts.sent_key
    return _error(refused, message=f"Incorrect API key provided: {key[:7]}{'*' * 20}{key[-4:]}.")


@oddity("error-missing-path-empty", on=Stage.REPLY, because=_OPEN, under="base")
def missing_path_empty(reply: Reply, facts: Facts) -> Reply:
    """Unknown paths and methods are answered with nothing but the status."""
    unknown = reply.status == 404 and facts.operation is Operation.OTHER
    if not unknown and reply.status != 405:
        return reply
    return with_header(with_body(reply, b""), "Content-Type", None)


def _status(refused: Refused, of: int, status: int) -> Refused:
    return replace(refused, status=status) if refused.status == of else refused


@oddity("error-422-for-400", on=Stage.REFUSAL, because=_OPEN, under="base", only_one="status 400")
def status_422_for_400(refused: Refused, facts: Facts) -> Refused:
    """What is wrong with a body is answered 422."""
    return _status(refused, 400, 422)


@oddity("error-415-for-forms", on=Stage.REFUSAL, because="RFC 9110 §15.5.16", under="base")
def status_415_for_forms(refused: Refused, facts: Facts) -> Refused:
    """A body of another media type is answered 415."""
    json_sent = "json" in (facts.request.header("content-type") or "json")
    return refused if json_sent else _status(refused, 400, 415)


@oddity("error-413-for-deep", on=Stage.REFUSAL, because="RFC 9110 §15.5.14", under="base")
def status_413_for_deep(refused: Refused, facts: Facts) -> Refused:
    """A body that is nested too deeply is answered 413."""
    return _status(refused, 400, 413) if b"[[[[" in facts.request.body else refused


@oddity("error-400-for-unknown-model", on=Stage.REFUSAL, because=_OPEN, under="base")
def status_400_for_unknown_model(refused: Refused, facts: Facts) -> Refused:
    """An unknown model is answered 400."""
    return _status(refused, 404, 400) if facts.body.get("model") else refused


@oddity("error-403-for-401", on=Stage.REFUSAL, because=_OPEN, under="base")
def status_403_for_401(refused: Refused, facts: Facts) -> Refused:
    """A request without a valid key is answered 403."""
    return _status(refused, 401, 403)


@oddity("error-404-for-405", on=Stage.REFUSAL, because=_OPEN, under="base")
def status_404_for_405(refused: Refused, facts: Facts) -> Refused:
    """A method that a path does not have is answered 404."""
    return _status(refused, 405, 404)


@oddity("error-codes-of-its-own", on=Stage.REFUSAL, because=_OPEN, under="base", only_one="codes")
def codes_of_its_own(refused: Refused, facts: Facts) -> Refused:
    """Errors have types and codes that OpenAI does not know."""
    return _error(refused, type="BadRequestError", code="acme_says_no", param=None)


@oddity("error-codes-null", on=Stage.REFUSAL, because=_OPEN, under="base", only_one="codes")
def codes_null(refused: Refused, facts: Facts) -> Refused:
    """Errors have no code and no param."""
    return _error(refused, code=None, param=None)


@oddity(
    "error-param-as-path",
    on=Stage.REFUSAL,
    because="OpenAI names members as messages[0].content",
    under="base",
    only_one="codes",
)
def param_as_path(refused: Refused, facts: Facts) -> Refused:
    """The param of an error is a path from the body on."""
    told = facts.mistake.param if facts.mistake else None
    return _error(refused, param=f"body.{told}") if told else refused


@oddity("error-options-allowed", on=Stage.REPLY, because="RFC 9110 §9.3.7")
def options_allowed(reply: Reply, facts: Facts) -> Reply:
    """OPTIONS is answered 204 with the headers that a browser asks for."""
    if facts.request.method != "OPTIONS":
        return reply
    allowed = (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "POST, OPTIONS"),
        ("Access-Control-Allow-Headers", "authorization, content-type"),
    )
    bare = with_header(
        with_header(replace(reply, frames=()), "Content-Type", None), "Content-Length", None
    )
    return replace(bare, status=204, headers=(*bare.headers, *allowed))


@oddity("error-head-allowed", on=Stage.REPLY, because="RFC 9110 §9.3.2")
def head_allowed(reply: Reply, facts: Facts) -> Reply:
    """HEAD is answered 200 without a body."""
    if facts.request.method != "HEAD":
        return reply
    return replace(with_header(reply, "Content-Length", "0"), status=200, frames=())


def _refused_object(content: Any) -> Obj:
    found = content.get("error", content) if isinstance(content, dict) else {}
    return found if isinstance(found, dict) else {}


@oddity("error-members-fewer", on=Stage.REFUSAL, because=_OPEN, under="base", only_one="codes")
def members_fewer(refused: Refused, facts: Facts) -> Refused:
    """Errors have a message and a type, and no more."""
    error = _refused_object(refused.content)
    kept = {name: error[name] for name in ("message", "type") if name in error}
    return replace(refused, content={"error": kept}) if kept else refused
