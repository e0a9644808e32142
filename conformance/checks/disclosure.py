"""What refusals and keys give away."""

from __future__ import annotations

import re

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Cause, Profile, Shape
from conformance.wire.reading import Reading

from .auth import keys_wanted
from .errors.body import client_error, error_body, is_html, shape_of
from .errors.causes import CAUSE_OF
from .errors.internals import SEARCHED, any_error
from .errors.status import error_with_success, refusable
from .fields import MILLISECONDS
from .givens import answered
from .kinds import anything, model_lists, probe
from .models import entries, listed, lists_claimed
from .registry import MAY, MUST, SHOULD, Problems, Scope, check

LENIENT = ("errors.json.nan", "errors.json.trailing", "errors.json.utf8-cut", "errors.json.utf16")
ODD_KEYS = ("auth.query-key", "auth.two-keys", "auth.non-ascii-key", "auth.spaced-key")
_MADE_UP = "sk-conformance-"
"""Later than any time in seconds that is meant: the year 5138."""


def taken(x: Reading, profile: Profile) -> str | None:
    """How a mistake was taken for a proper request, None where it was refused."""
    status = x.status or 0
    if profile.errors.with_status_200 and status == 200 and error_with_success(x):
        return None
    if 400 <= status < 500:
        return None
    as_if = status < 300 and not error_with_success(x)
    return f"{status}" + (", as if nothing were wrong" if as_if else "")


@check(
    "errors.deep-nesting",
    level=MAY,  # of a parser that dies errors.no-server-error and http.answered speak
    on=probe("errors.json.deep"),
    given=refusable,
    probes=("errors.json.deep",),
    presupposes="chat.basic",
)
def deep_nesting_is_refused(x: Reading, profile: Profile) -> Problems:
    """Messages nested a thousand levels deep are refused."""
    if (actual := taken(x, profile)) is not None:
        yield Problem("status", expected="a 4xx status", actual=actual)


@check(
    "errors.lenient-json",
    level=MAY,
    on=probe(*LENIENT),
    given=refusable,
    probes=LENIENT,
    presupposes="chat.basic",
)
def json_is_read_strictly(x: Reading, profile: Profile) -> Problems:
    """A body that only a lenient parser reads as JSON is refused."""
    if (actual := taken(x, profile)) is not None:
        yield Problem("status", expected="a 4xx status", actual=actual)


@check(
    "errors.media-type",
    level=MUST,
    on=probe("errors.media-type.form"),
    given=refusable,
    probes=("errors.media-type.form",),
    presupposes="chat.basic",
)
def forms_are_refused(x: Reading, profile: Profile) -> Problems:
    """A form, which is no JSON, is refused."""
    if (actual := taken(x, profile)) is not None:
        yield Problem("status", expected="a 4xx status", actual=actual)


_MARKUP = b"<img src=x onerror=conformance()>"


def a_page(x: Reading, profile: Profile) -> Unjudged | None:
    """It was refused, and a browser would show the body as a page."""
    if (reason := client_error(x, profile)) is not None:
        return reason
    shown = x.media_type in ("text/html", "application/xhtml+xml") or (
        not x.media_type and is_html(x)
    )
    return None if shown else Unjudged("the body is no page", Hindrance.RECORDING)


@check(
    "errors.markup-reflected",
    level=SHOULD,
    on=probe("errors.markup"),
    given=a_page,
    probes=("errors.markup",),
)
def markup_is_not_reflected(x: Reading, profile: Profile) -> Problems:
    """A page about an error does not repeat markup that the request holds."""
    at = x.body.find(_MARKUP)
    if at >= 0:
        yield Problem(
            f"byte {at} of the body",
            expected="the markup escaped, or not repeated",
            actual=_MARKUP.decode(),
        )


_EMPTY_WORDS = {
    "error",
    "errors",
    "an error occurred",
    "bad request",
    "invalid request",
    "unknown error",
    "something went wrong",
    "internal error",
}


def says_something(x: Reading, profile: Profile) -> Unjudged | None:
    """The error has a message that is text."""
    if (reason := error_body(x, profile)) is not None:
        return reason
    if x.status in (401, 403, 404, 405):
        return Unjudged("the status says it all", Hindrance.RECORDING)
    message = x.envelope.message
    if shape_of(x) is Shape.EMPTY or not isinstance(message, str) or not message.strip():
        return Unjudged("the error has no message that is text", Hindrance.RECORDING)
    return None


@check(
    "errors.helpful",
    level=MAY,
    on=anything,
    given=says_something,
    probes=("errors.missing-messages", "errors.messages-type"),
)
def messages_name_the_mistake(x: Reading, profile: Profile) -> Problems:
    """The message of an error says more than that there is one."""
    message = str(x.envelope.message)
    if len(message.strip()) < 8 or message.strip(" .!").lower() in _EMPTY_WORDS:
        yield Problem(
            f"{x.envelope.at}/message", expected="what is wrong", actual=repr(message)[:120]
        )


_PRIVATE = rb"(?:10\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d{1,3}\.\d{1,3}"
_UPSTREAM = re.compile(
    rb"\bdial (?:tcp|udp) [^\s\"\\]{4,100}"
    rb"|\bECONN(?:REFUSED|RESET) [^\s\"\\]{4,100}:\d+"
    rb"|\bE(?:NOTFOUND|AI_AGAIN) [\w.-]{3,100}"
    rb"|HTTPS?ConnectionPool\(host=[^)]{1,120}\)"
    rb"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.svc(?:\.cluster\.local)?(?::\d+|\b/)"
    rb"|\b[\w.-]{1,200}\.(?:cluster\.local|compute\.internal|docker\.internal)\b"
    rb"|\b(?:lookup|connect(?:ing)? to|host|upstream:?) \[?(?:" + _PRIVATE + rb"|127\.0\.0\.1):\d+"
)
_URL = re.compile(rb"\bhttps?://" + _PRIVATE + rb"\b(?::\d+)?")
_MISPLACED = (Cause.UNKNOWN_PATH, Cause.WRONG_METHOD)
"""Mistakes after which a server may well repeat the address that it was called by, which is its own."""


@check("errors.no-addresses", level=SHOULD, on=anything, given=any_error, probes=("chat.basic", "errors.unknown-model"))  # fmt: skip
def errors_name_no_upstream(x: Reading, profile: Profile) -> Problems:
    """An error names no host or address of the network behind the endpoint."""
    found = _UPSTREAM.search(x.body, 0, SEARCHED)
    if found is None and CAUSE_OF.get(x.exchange.probe or "") not in _MISPLACED:
        found = _URL.search(x.body, 0, SEARCHED)
    if found and found.group() not in (x.asked.request.body or b""):
        yield Problem(
            f"byte {found.start()} of the body",
            expected="no addresses of servers behind this one",
            actual=found.group()[:120].decode("utf-8", "replace"),
        )


_OF_A_KEY = 6
"""Different characters that a real key has at least."""
_KEY = re.compile(
    rb"\b(?:sk|gsk|xai|csk|pplx|nvapi|r8|hf)[-_](?:[A-Za-z0-9]{1,40}[-_]){0,6}[A-Za-z0-9]{24,}"
)


@check("errors.no-keys", level=MUST, on=anything, given=any_error, probes=("chat.basic", "errors.unknown-model"))  # fmt: skip
def errors_show_no_keys(x: Reading, profile: Profile) -> Problems:
    """An error shows no key of the endpoint's own."""
    for found in _KEY.finditer(x.body, 0, SEARCHED):
        key = found.group().decode("ascii", "replace")
        # Few different characters are a mask, such as sk-xxxxxxxx, and no key.
        if not key.startswith(_MADE_UP) and len(set(key)) >= _OF_A_KEY:
            yield Problem(
                f"byte {found.start()} of the body",
                expected="no keys, or keys that are masked",
                actual=f"{key[:6]}… ({len(key)} characters)",
            )
            return


@check(
    "auth.odd-credentials",
    level=MUST,
    on=probe(*ODD_KEYS),
    given=refusable,
    claimed=keys_wanted,
    probes=ODD_KEYS,
    presupposes="chat.basic",
)
def odd_credentials_are_refused(x: Reading, profile: Profile) -> Problems:
    """A made-up key in the query or another header, given twice, with spaces or with letters beyond ASCII is refused."""
    if (actual := taken(x, profile)) is not None:
        known = profile.endpoint.auth.required is True
        yield Problem(
            "status", expected="a 4xx status", actual=actual, level=None if known else MAY
        )


def _refused_key(x: Reading | None) -> bool:
    return x is not None and x.status in (401, 403)


def _by_probe(xs: tuple[Reading, ...], name: str) -> Reading | None:
    return next((x for x in xs if x.exchange.probe == name), None)


def no_limit(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, by no limit; the request without a valid key but right otherwise was refused."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.status == 429 or (x.status or 0) >= 500:
        return Unjudged(
            f"status {x.status}", Hindrance.RUN if x.status == 429 else Hindrance.ENDPOINT
        )
    if x.exchange.probe in ("auth.no-key", "auth.wrong-key") and not _refused_key(x):
        return Unjudged(f"keys are not refused with 401 or 403 but {x.status}", Hindrance.RECORDING)
    return None


BEFORE = ("auth.wrong-key", "auth.malformed-body")


@check(
    "auth.before-body",
    level=MAY,
    on=probe(*BEFORE),
    given=no_limit,
    claimed=keys_wanted,
    scope=Scope.LINKED,
    probes=BEFORE,
)
def keys_come_before_bodies(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A wrong key is refused before the body is looked at."""
    both = _by_probe(xs, "auth.malformed-body")
    if len(xs) == 2 and both is not None and not _refused_key(both):
        yield Problem("status", expected="401", actual=f"{both.status}", exchange=both.id)


STRANGERS = ("auth.no-key", "auth.unknown-model")


@check(
    "auth.no-oracle",
    level=MAY,
    on=probe(*STRANGERS),
    given=no_limit,
    claimed=keys_wanted,
    scope=Scope.LINKED,
    probes=STRANGERS,
)
def strangers_learn_no_models(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """Without a key, a model that does not exist is answered like one that does."""
    known, unknown = (_by_probe(xs, name) for name in STRANGERS)
    if known is not None and unknown is not None and known.status != unknown.status:
        yield Problem(
            "status",
            expected=f"{known.status}, as for a model that exists",
            actual=f"{unknown.status}",
            exchange=unknown.id,
        )


@check(
    "models.pagination",
    level=MAY,
    on=model_lists,
    given=listed,
    claimed=lists_claimed,
    probes=("models.list",),
)
def lists_have_one_page(x: Reading, profile: Profile) -> Problems:
    """A model list is whole, since clients ask for no second page."""
    body = x.object or {}
    if body.get("has_more") is True or body.get("next_page_token") or body.get("next"):
        name = next(n for n in ("has_more", "next_page_token", "next") if body.get(n))
        yield Problem(
            f"/{name}", expected="all models in one answer", actual=repr(body[name])[:120]
        )


def _implausible(created: JSON) -> bool:
    number = isinstance(created, int | float) and not isinstance(created, bool)
    return number and isinstance(created, int | float) and (created > MILLISECONDS or created < 0)


@check(
    "models.created-in-seconds",
    level=SHOULD,
    on=model_lists,
    given=listed,
    claimed=lists_claimed,
    probes=("models.list",),
)
def models_count_seconds(x: Reading, profile: Profile) -> Problems:
    """`created` of a model counts seconds since 1970, not milliseconds."""
    for number, model in enumerate(entries(x)):
        if _implausible(model.get("created")):
            yield Problem(
                f"/data/{number}/created",
                expected="Unix time in seconds",
                actual=repr(model["created"])[:60],
            )
            return
