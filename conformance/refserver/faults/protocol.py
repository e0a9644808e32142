"""Faults of HTTP around the API, and of what refusals and keys give away."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

from conformance.model.profile import Cause
from conformance.model.request import Operation
from conformance.refserver.exchange import Obj, Reply
from conformance.refserver.faults.altering import with_body, with_header
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.refusals import Refused


def _said(facts: Facts, name: str) -> str:
    return facts.request.header(name) or ""


def _picky(decision: Decision, facts: Facts, refuses: bool, status: int) -> Decision:
    """Refuses a proper chat request because of its headers."""
    proper = decision is None and facts.operation is Operation.CHAT
    return Mistake("This header is not welcome.", status=status) if proper and refuses else decision


@fault("protocol-sdk-headers-refused", "http.sdk-headers", on=Stage.DECISION)
def sdk_headers_refused(decision: Decision, facts: Facts) -> Decision:
    """Requests with the official Python client's headers are refused."""
    python = _said(facts, "x-stainless-lang") == "python"
    return _picky(decision, facts, python, 403)


@fault("protocol-node-stream-refused", "http.stream-sdk-headers", on=Stage.DECISION)
def node_stream_refused(decision: Decision, facts: Facts) -> Decision:
    """Streams with the official Node client's headers are refused."""
    node = _said(facts, "x-stainless-lang") == "js"
    return _picky(decision, facts, node, 406)


@fault("protocol-charset-refused", "http.content-type-charset", on=Stage.DECISION)
def charset_refused(decision: Decision, facts: Facts) -> Decision:
    """The media type is compared as a text, so that a charset makes it another one."""
    return _picky(decision, facts, "charset" in _said(facts, "content-type"), 415)


@fault("protocol-accept-any-refused", "http.other-headers", on=Stage.DECISION)
def accept_any_refused(decision: Decision, facts: Facts) -> Decision:
    """Requests that accept any media type are refused."""
    return _picky(decision, facts, _said(facts, "accept") == "*/*", 406)


@fault("protocol-accept-events-refused", "http.accept-events", on=Stage.DECISION)
def accept_events_refused(decision: Decision, facts: Facts) -> Decision:
    """Requests that accept only event streams are refused."""
    return _picky(decision, facts, _said(facts, "accept") == "text/event-stream", 406)


@fault("protocol-scheme-case", "auth.scheme-case", on=Stage.DECISION, needs_key=True)
def scheme_case(decision: Decision, facts: Facts) -> Decision:
    """The scheme bearer is not known in lower case."""
    return _picky(decision, facts, _said(facts, "authorization").startswith("bearer "), 401)


@fault("protocol-head-crashes", "http.methods", on=Stage.REFUSAL)
def head_crashes(made: Refused, facts: Facts) -> Refused:
    """HEAD and OPTIONS end in status 500."""
    return replace(made, status=500) if facts.request.method in ("HEAD", "OPTIONS") else made


@fault("protocol-preflight-needs-key", "http.preflight", on=Stage.REPLY)
def preflight_needs_key(reply: Reply, facts: Facts) -> Reply:
    """Pages of other sites are allowed, but a preflight is asked for the key."""
    if facts.request.header("origin") is None:
        return reply
    if facts.request.method == "OPTIONS":
        return with_header(replace(reply, status=401), "WWW-Authenticate", "Bearer")
    return replace(reply, headers=(*reply.headers, ("Access-Control-Allow-Origin", "*")))


def _of_completion(reply: Reply, facts: Facts, *headers: tuple[str, str]) -> Reply:
    if not facts.whole:
        return reply
    for name, value in headers:
        reply = with_header(reply, name, value)
    return reply


@fault("protocol-retry-after-words", "http.retry-after", on=Stage.REPLY)
def retry_after_words(reply: Reply, facts: Facts) -> Reply:
    """Retry-After says how long in words."""
    return _of_completion(reply, facts, ("Retry-After", "30 seconds"))


@fault("protocol-retry-after-negative", "http.retry-after", on=Stage.REPLY)
def retry_after_negative(reply: Reply, facts: Facts) -> Reply:
    """Retry-After is negative."""
    return _of_completion(reply, facts, ("Retry-After", "-1"))


@fault("protocol-rate-limit-words", "http.rate-limit-headers", on=Stage.REPLY)
def rate_limit_words(reply: Reply, facts: Facts) -> Reply:
    """What remains of a rate limit is told in words."""
    return _of_completion(
        reply,
        facts,
        ("x-ratelimit-limit-requests", "100"),
        ("x-ratelimit-remaining-requests", "unlimited"),
    )


@fault("protocol-rate-limit-overfull", "http.rate-limit-consistent", on=Stage.REPLY)
def rate_limit_overfull(reply: Reply, facts: Facts) -> Reply:
    """More remains than the rate limit allows."""
    return _of_completion(
        reply,
        facts,
        ("x-ratelimit-limit-tokens", "1000"),
        ("x-ratelimit-remaining-tokens", "2000"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    )


@fault("protocol-request-id-missing", "http.request-id", on=Stage.REPLY)
def request_id_missing(reply: Reply, facts: Facts) -> Reply:
    """Completions carry no request id."""
    return with_header(reply, "x-request-id", None) if facts.whole else reply


@fault("protocol-request-id-repeated", "http.request-id-unique", on=Stage.REPLY)
def request_id_repeated(reply: Reply, facts: Facts) -> Reply:
    """All completions carry one request id."""
    return _of_completion(reply, facts, ("x-request-id", "req_1"))


def _compressed(reply: Reply, facts: Facts, body: bytes, coding: str = "gzip") -> Reply:
    if "gzip" not in _said(facts, "accept-encoding"):
        return reply
    return with_header(with_body(reply, body), "Content-Encoding", coding)


@fault("protocol-gzip-in-name-only", "http.gzip", on=Stage.REPLY)
def gzip_in_name_only(reply: Reply, facts: Facts) -> Reply:
    """Bodies are said to be gzip and are not."""
    return _compressed(reply, facts, reply.body)


@fault("protocol-gzip-cut", "http.gzip", on=Stage.REPLY)
def gzip_cut(reply: Reply, facts: Facts) -> Reply:
    """Compressed bodies lack their end."""
    return _compressed(reply, facts, gzip.compress(reply.body, mtime=0)[:-12])


@fault("protocol-other-coding", "http.gzip", on=Stage.REPLY)
def other_coding(reply: Reply, facts: Facts) -> Reply:
    """Bodies are compressed in a way that was not offered."""
    return _compressed(reply, facts, reply.body, "br")


@fault("protocol-gzip-unasked", "http.coding-unasked", on=Stage.REPLY)
def gzip_unasked(reply: Reply, facts: Facts) -> Reply:
    """Whole answers are compressed whether or not the client takes gzip."""
    if facts.wants_stream or not reply.body or "gzip" in _said(facts, "accept-encoding"):
        return reply
    body = gzip.compress(reply.body, mtime=0)
    return with_header(with_body(reply, body), "Content-Encoding", "gzip")


@fault("protocol-gzip-for-sdks-in-name-only", "http.gzip", on=Stage.REPLY)
def gzip_for_sdks_in_name_only(reply: Reply, facts: Facts) -> Reply:
    """Completions for the official clients are said to be gzip and are not."""
    sdk = facts.request.header("x-stainless-lang") and not facts.wants_stream
    return _compressed(reply, facts, reply.body) if sdk else reply


@fault("protocol-cors-for-all", "http.cors-credentials", on=Stage.REPLY)
def cors_for_all(reply: Reply, facts: Facts) -> Reply:
    """Every site may send a browser's credentials."""
    every = ("Access-Control-Allow-Origin", "*")
    return _of_completion(reply, facts, every, ("Access-Control-Allow-Credentials", "true"))


@fault("protocol-cors-mirrored", "http.cors-credentials", on=Stage.REPLY)
def cors_mirrored(reply: Reply, facts: Facts) -> Reply:
    """The site that asks is the one that is trusted."""
    if not _said(facts, "origin"):
        return reply
    reply = with_header(reply, "Access-Control-Allow-Origin", _said(facts, "origin"))
    return with_header(reply, "Access-Control-Allow-Credentials", "true")


@fault("disclosure-role-crashes", "errors.no-server-error", on=Stage.REFUSAL)
def role_crashes(made: Refused, facts: Facts) -> Refused:
    """A message without a role ends in status 500."""
    lacking = facts.roles == (None,) and facts.mistake is not None
    return replace(made, status=500) if lacking else made


def _not_read(decision: Decision, facts: Facts, taken: bool) -> Decision:
    unread = decision is not None and decision.cause is Cause.MALFORMED_JSON
    return None if unread and taken else decision


@fault("disclosure-nesting-accepted", "errors.deep-nesting", on=Stage.DECISION)
def nesting_accepted(decision: Decision, facts: Facts) -> Decision:
    """Messages nested beyond measure are answered."""
    return _not_read(decision, facts, b"[[[[" in facts.request.body)


@fault("disclosure-nan-accepted", "errors.lenient-json", on=Stage.DECISION)
def nan_accepted(decision: Decision, facts: Facts) -> Decision:
    """NaN is taken for a number."""
    return _not_read(decision, facts, b"NaN" in facts.request.body)


@fault("disclosure-utf8-mended", "errors.lenient-json", on=Stage.DECISION)
def utf8_mended(decision: Decision, facts: Facts) -> Decision:
    """Bytes that are not UTF-8 are replaced in silence."""
    return _not_read(decision, facts, b"\xe2\x82" in facts.request.body)


@fault("disclosure-form-accepted", "errors.media-type", on=Stage.DECISION)
def form_accepted(decision: Decision, facts: Facts) -> Decision:
    """HTML forms are answered."""
    return _not_read(decision, facts, "form" in _said(facts, "content-type"))


@fault("disclosure-markup-in-page", "errors.markup-reflected", "errors.not-html", on=Stage.REPLY)
def markup_in_page(reply: Reply, facts: Facts) -> Reply:
    """Models that do not exist are refused with a page that repeats their name as it is."""
    mistake = facts.mistake
    if mistake is None or mistake.cause is not Cause.UNKNOWN_MODEL:
        return reply
    page = f"<html><body>No model {facts.body.get('model')}</body></html>".encode()
    return with_header(with_body(reply, page), "Content-Type", "text/html; charset=utf-8")


def _with_message(made: Refused, message: str) -> Refused:
    error: Any = made.content.get("error") if isinstance(made.content, dict) else None
    if not isinstance(error, dict):
        return made
    return replace(made, content={"error": {**error, "message": message}})


@fault("disclosure-message-useless", "errors.helpful", on=Stage.REFUSAL)
def message_useless(made: Refused, facts: Facts) -> Refused:
    """Errors say only that there is one."""
    return _with_message(made, "Error")


@fault("disclosure-upstream-named", "errors.no-addresses", on=Stage.REFUSAL)
def upstream_named(made: Refused, facts: Facts) -> Refused:
    """Errors name the server behind this one."""
    return _with_message(made, "Request failed: dial tcp 10.0.3.17:8080: connection refused")


@fault("disclosure-service-named", "errors.no-addresses", on=Stage.REFUSAL)
def service_named(made: Refused, facts: Facts) -> Refused:
    """Errors name the cluster's service that failed."""
    return _with_message(made, "No answer from http://vllm.models.svc.cluster.local:8000/v1")


@fault("disclosure-upstream-url", "errors.no-addresses", on=Stage.REFUSAL)
def upstream_url(made: Refused, facts: Facts) -> Refused:
    """Errors name the address that the request was sent on to."""
    return _with_message(made, "POST http://10.1.2.3:8000/v1/chat/completions failed: 404")


@fault("disclosure-upstream-key", "errors.no-keys", on=Stage.REFUSAL)
def upstream_key(made: Refused, facts: Facts) -> Refused:
    """Errors show the key that is used upstream."""
    return _with_message(made, f"Upstream refused the key sk-proj-{'aB3' * 10}.")


@fault("disclosure-any-key-in-query", "auth.odd-credentials", on=Stage.DECISION, needs_key=True)
def any_key_in_query(decision: Decision, facts: Facts) -> Decision:
    """Any key in the query is taken."""
    return None if "api_key=" in facts.request.path else decision


@fault("disclosure-two-keys-pass", "auth.odd-credentials", on=Stage.DECISION, needs_key=True)
def two_keys_pass(decision: Decision, facts: Facts) -> Decision:
    """Whoever sends two Authorization headers needs no valid key."""
    names = [name.lower() for name, _ in facts.request.headers]
    return None if names.count("authorization") > 1 else decision


def _asked_first(decision: Decision, facts: Facts, instead: Mistake, applies: bool) -> Decision:
    keyless = decision is not None and decision.status == 401
    return instead if keyless and applies else decision


@fault("disclosure-body-first", "auth.before-body", on=Stage.DECISION, needs_key=True)
def body_first(decision: Decision, facts: Facts) -> Decision:
    """The body is looked at before the key."""
    unread = facts.operation is Operation.CHAT and not facts.body
    mistake = Mistake("We could not parse the body.", Cause.MALFORMED_JSON)
    return _asked_first(decision, facts, mistake, unread)


@fault("disclosure-model-first", "auth.no-oracle", on=Stage.DECISION, needs_key=True)
def model_first(decision: Decision, facts: Facts) -> Decision:
    """The model is looked up before the key."""
    unknown = "no-such-model" in str(facts.body.get("model"))
    mistake = Mistake(
        "The model does not exist.", Cause.UNKNOWN_MODEL, code="model_not_found", status=404
    )
    return _asked_first(decision, facts, mistake, unknown)


@fault("disclosure-models-paged", "models.pagination", on=Stage.LISTING)
def models_paged(listing: Obj, facts: Facts) -> Obj:
    """The list of models has a second page."""
    return {**listing, "has_more": True}


@fault("disclosure-models-in-milliseconds", "models.created-in-seconds", on=Stage.ENTRY)
def models_in_milliseconds(entry: Obj, facts: Facts) -> Obj:
    """The age of models is told in milliseconds."""
    return {**entry, "created": entry["created"] * 1000}
