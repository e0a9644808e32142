"""Keys: who is refused, how, and that the key stays secret."""

from __future__ import annotations

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.model.request import ALTERED, Credentials
from conformance.wire.reading import Reading

from .errors.causes import CAUSE_OF
from .errors.status import refusable, status_problem
from .givens import answered, headers_kept
from .kinds import anything, probe
from .registry import MAY, MUST, SHOULD, Problems, Scope, check

LIST = "models.list"
_RULES = (
    ("auth.no-key", ("auth.no-key",), "A request without a key is refused with the stated status."),
    (
        "auth.wrong-key",
        ("auth.wrong-key",),
        "A request with a wrong key is refused with the stated status.",
    ),
    (
        "auth.malformed-header",
        ("auth.wrong-scheme", "auth.empty-key"),
        "An Authorization header of another scheme or without a key is refused with the stated status.",
    ),
    (
        "auth.stream",
        ("auth.stream.no-key", "auth.stream.wrong-key"),
        "A request for a stream without a valid key is refused with the stated status.",
    ),
    (
        "auth.models",
        ("auth.models.no-key", "auth.models.wrong-key"),
        "The model list is refused without a valid key, with the stated status.",
    ),
)


def keys_wanted(profile: Profile) -> str | None:
    """Whether the profile wants keys."""
    return (
        "the profile says that no key is needed"
        if profile.endpoint.auth.required is False
        else None
    )


def _declare(id: str, probes: tuple[str, ...], title: str) -> None:
    # Of a list that nobody gets, nothing is protected and nothing given away.
    basis = LIST if id == "auth.models" else "chat.basic"

    @check(
        id,
        level=MUST,
        on=probe(*probes),
        given=refusable,
        claimed=keys_wanted,
        presupposes=basis,
        probes=probes,
        title=title,
    )
    def refused_without_key(x: Reading, profile: Profile) -> Problems:
        if 200 <= (x.status or 0) < 300:
            known = profile.endpoint.auth.required is True
            public = id == "auth.models" and not known
            yield Problem(
                "status",
                expected="401 (no valid key was sent)",
                actual=f"{x.status}"
                + (": the model list is public" if public else ": anybody is answered"),
                level=None if known else MAY,
            )
        else:
            yield from status_problem(x, profile, CAUSE_OF[x.exchange.probe or ""])


for _rule in _RULES:
    _declare(*_rule)


def key_known(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, and the request held a key that we know."""
    if (reason := answered(x, profile)) is not None:
        return reason
    if x.exchange.probe is None:
        return Unjudged("the recording leaves keys out", Hindrance.RECORDING)
    keyless = x.asked.request.credentials in (Credentials.NONE, Credentials.MADE_UP)
    none = keyless and not made_up_keys(x)
    return Unjudged("no key was sent", Hindrance.RECORDING) if none else None


def made_up_keys(x: Reading) -> list[str]:
    """The keys that the probe made up, in headers and in the query, if they are long enough to be told apart."""
    request = x.asked.request
    headers = [
        v.partition(" ")[2] for name, v in request.headers if name.lower() == "authorization"
    ]
    return [key for key in (*headers, request.path.partition("?api_key=")[2]) if len(key) > 12]


@check(
    "auth.key-not-echoed",
    level=MUST,
    on=anything,
    given=key_known,
    probes=("chat.basic", "chat.stream.basic", "errors.unknown-model", "auth.wrong-key"),
)
def key_is_not_sent_back(x: Reading, profile: Profile) -> Problems:
    """No answer contains the caller's key."""
    count = sum(attempt.redactions for attempt in x.exchange.attempts)
    for made_up in made_up_keys(x):
        if made_up.encode() in x.body:
            yield Problem(
                "body",
                expected="no trace of the key that was sent",
                actual=f"the made-up key {made_up}",
                level=SHOULD,
            )
            break
    if count:
        altered = x.asked.request.credentials in ALTERED
        yield Problem(
            "response",
            expected="no trace of the key",
            actual=f"the key, {count} times (blotted out here)"
            + (", as it was sent: not quite right" if altered else ""),
            level=SHOULD if altered else None,
        )


WRONG, NEARLY = "auth.wrong-key", ("auth.key-longer", "auth.key-shorter")


def told_apart(x: Reading, profile: Profile) -> Unjudged | None:
    """A refusal came, or an answer; not every key is taken, which has a rule of its own."""
    if (reason := refusable(x, profile)) is not None:
        return reason
    open_to_all = x.exchange.probe == WRONG and (x.status or 0) < 300
    return Unjudged("any key is taken") if open_to_all else None


@check(
    "auth.key-exact",
    level=SHOULD,
    on=probe(WRONG, *NEARLY),
    given=told_apart,
    claimed=keys_wanted,
    scope=Scope.LINKED,
    probes=(WRONG, *NEARLY),
    presupposes="chat.basic",
)
def keys_are_compared_whole(xs: tuple[Reading, ...], profile: Profile) -> Problems:
    """A key with a letter too many, or one too few, is refused like any other wrong key."""
    for x in xs:
        if x.exchange.probe != WRONG and (x.status or 0) < 300:
            yield Problem(
                "status",
                expected="401: this is not the key",
                actual=f"{x.status}, as if it were the key",
                exchange=x.id,
            )


def unauthorized(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered 401."""
    if (reason := answered(x, profile)) is not None:
        return reason
    return None if x.status == 401 else Unjudged(f"status {x.status}, not 401", Hindrance.RECORDING)


@check(
    "auth.challenge",
    level=MAY,
    on=anything,
    given=(unauthorized, headers_kept),
    probes=("auth.wrong-key",),
)
def says_how_to_authenticate(x: Reading, profile: Profile) -> Problems:
    """A 401 carries a WWW-Authenticate header."""
    if x.header("www-authenticate") is None:
        yield Problem("WWW-Authenticate", expected="a challenge, such as Bearer", actual="absent")
