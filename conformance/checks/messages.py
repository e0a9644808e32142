"""Which messages are taken: roles, forms of content, parts, names, calls with their results, long histories.

What the profile claims must be accepted, what it rules out must be dealt with as it says.
What it leaves open may be refused: that is a note at most, and never a server error.
"""

from __future__ import annotations

import re

from conformance.model.finding import Hindrance, Level, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Confidence, Profile, Reaction, Support
from conformance.spec.claims import standing
from conformance.spec.claims_messages import MEDIA, PART
from conformance.spec.names import LIMITS
from conformance.spec.phrase import beginning, quoted
from conformance.wire.answer import said
from conformance.wire.reading import Reading

from .errors.status import error_with_success
from .givens import RECORDING
from .kinds import probe
from .parameters.accepted import not_found, refusal_of, replied
from .parameters.claims import model_of
from .parameters.departing import departs_in, departure_problems
from .parameters.effective import came
from .registry import MAY, MUST, SHOULD, Claimed, Problems, check

_BLAMES_MODEL = re.compile(r"\bmodels?\b", re.IGNORECASE)
_DISPUTED = ("result-twice",)
"""What is known of no endpoint to be refused."""
_TOO_LONG = "context_length_exceeded"
_WORDS = ("message", "role", "content", "part", "name", "tool", "call", "image", "audio", "file")
"""What a refusal that is about messages speaks of."""


# Accepted


def openly(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered, it does not depart from the profile, and it fits the model."""
    if (reason := replied(x, profile)) is not None:
        return reason
    if any(
        d.parameter not in LIMITS for d in standing(x.asked.body, profile, model_of(x)).departures
    ):
        return Unjudged("the profile does not claim it", RECORDING)
    if x.envelope.members.get("code") == _TOO_LONG:
        return Unjudged("too long for the model", Hindrance.MODEL)
    return not_found(x, _WORDS)


def weight(x: Reading, profile: Profile) -> Level | None:
    """How much a refusal matters: all of it where the profile claims everything in the request, else less."""
    found = standing(x.asked.body, profile, model_of(x))
    open_ = {name for name in found.unclaimed if name not in LIMITS}
    if not open_:
        sources = profile.messages.source
        inferred = bool(sources) and profile.confidence(sources) is Confidence.INFERRED
        return SHOULD if inferred else None
    message = x.envelope.message
    blamed = isinstance(message, str) and _BLAMES_MODEL.search(message) is not None
    media = set(_parts(x)) - {"text"}
    listed = profile.messages.parts is not None and media <= set(profile.messages.parts)
    # Not every model sees or hears: one that says so is no broken promise.
    return SHOULD if open_ == {PART} and media <= set(MEDIA) and listed and not blamed else MAY


def _parts(x: Reading) -> list[str]:
    """The types of all content parts of a request."""
    messages = x.asked.body.get("messages")
    contents = [m.get("content") for m in _objects(messages)]
    return [str(part.get("type")) for content in contents for part in _objects(content)]


def _objects(value: JSON) -> list[dict[str, JSON]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def turned_down(x: Reading) -> bool:
    """Whether a request brought no answer but an error."""
    return not 200 <= (x.status or 0) < 300 or error_with_success(x)


def _declare_accepted(topic: str, title: str, weakest: Level | None = None) -> None:
    family = f"message.{topic}.accepted"

    @check(
        family,
        level=weakest or MUST,
        on=probe(family),
        given=openly,
        probes=(family,),
        title=title,
        presupposes="chat.basic",
    )
    def accepted(x: Reading, profile: Profile) -> Problems:
        if turned_down(x):
            yield Problem(
                f"status, for {x.id.partition(':')[2] or x.id}",
                expected="200",
                actual=refusal_of(x),
                level=weight(x, profile),
                evidence=beginning(x.body),
            )


_declare_accepted("role", "Messages of every role that the profile claims are accepted.")
_declare_accepted("content", "Content is accepted as text, in parts, and empty.")
_declare_accepted("part", "Every kind of content part that the profile claims is accepted.")
_declare_accepted("name", "Messages may name their author where the profile claims it.")
_declare_accepted("calls", "Earlier tool calls are accepted with their results, in any order.")
_declare_accepted("order", "Messages are accepted in an unusual order.", MAY)
_declare_accepted("history", "A conversation of many turns is accepted.")


# Read whole

_FIRST, _LAST = ("alpha", "beta"), ("gamma", "delta")
"""The words of the first part, and those of the last, of what is to be repeated."""


def repeated_in_part(x: Reading, profile: Profile) -> Unjudged | None:
    """A message of several text parts was answered with words of one of them."""
    if (reason := replied(x, profile) or came(x, profile)) is not None:
        return reason
    texts = [one.text.lower() for one in said(x)]
    if not any(word in text for text in texts for word in (*_FIRST, *_LAST)):
        return Unjudged("the model did not repeat the words", Hindrance.MODEL)
    cut = any(one.finish == "length" for one in said(x))
    return Unjudged("the limit cut the answer", Hindrance.MODEL) if cut else None


def parts_taken(profile: Profile) -> str | None:
    """Whether content may come in parts, as far as the profile says."""
    forms = profile.messages.content
    return "the profile takes no content in parts" if forms and "parts" not in forms else None


def in_two_parts(x: Reading) -> bool:
    """The request whose words stand in two text parts."""
    messages = _objects(x.asked.body.get("messages"))
    texts = [str(part.get("text")) for m in messages for part in _objects(m.get("content"))]
    halves = (" ".join(_FIRST), " ".join(_LAST))
    apart = len(texts) == len(halves) and all(
        half in text for half, text in zip(halves, texts, strict=True)
    )
    return x.exchange.probe == WHOLE and apart


WHOLE = "message.content.accepted"


@check(
    "message.content.whole",
    level=SHOULD,
    on=in_two_parts,
    given=repeated_in_part,
    claimed=parts_taken,
    probes=(WHOLE,),
    presupposes="chat.basic",
)
def all_parts_are_read(x: Reading, profile: Profile) -> Problems:
    """All text parts of a message reach the model: what they ask to be repeated comes from all of them."""
    for one in said(x):
        words = {word: word in one.text.lower() for word in (*_FIRST, *_LAST)}
        for part, other, name in ((_FIRST, _LAST, "last"), (_LAST, _FIRST, "first")):
            if all(words[w] for w in part) and not any(words[w] for w in other):
                yield Problem(
                    f"{one.at}/message/content" if not x.asked.streams else one.at,
                    expected="alpha beta gamma delta",
                    actual=f"nothing of the {name} part: {quoted(one.text)}",
                )


# Departures


def roles_limited(profile: Profile) -> str | None:
    """Whether the profile lists roles and says what is done with others."""
    listed = profile.messages.roles is not None or any(
        variant.roles is not None for variant in profile.models.variants
    )
    stated = listed and profile.messages.other_roles.known
    return None if stated else "the profile does not say what is done with other roles"


def types_limited(profile: Profile) -> str | None:
    """Whether the profile limits the forms of content and says what is done with others."""
    claim = profile.parameter("messages[].content")
    stated = profile.messages.content is not None and profile.wrong_type.known
    stated = stated or bool(claim.types and (claim.wrong_type or profile.wrong_type).known)
    return None if stated else "the profile does not say what is done with content of another form"


def parts_limited(profile: Profile) -> str | None:
    """Whether the profile limits the parts of content and says what is done with others."""
    claim = profile.parameter("messages[].content")
    stated = profile.messages.parts is not None and profile.out_of_range.known
    stated = stated or bool(claim.min_items and (claim.out_of_range or profile.out_of_range).known)
    return None if stated else "the profile does not say what is done with other parts"


def members_claimed(profile: Profile) -> str | None:
    """Whether the profile says anything of the members of messages."""
    claims = [n for n in profile.parameters if n.startswith("messages[].")]
    silent = all(profile.parameters[n].support is Support.UNKNOWN for n in claims)
    return "the profile says nothing of the members of messages" if silent else None


def _declare_departure(family: str, title: str, claimed: Claimed) -> None:
    @check(
        family,
        level=MUST,
        on=probe(family),
        given=departs_in(lambda top: top == "messages"),
        claimed=claimed,
        probes=(family,),
        title=title,
        presupposes="chat.basic",
    )
    def dealt_with_as_stated(x: Reading, profile: Profile) -> Problems:
        yield from departure_problems(x, profile)


_declare_departure(
    "message.role.unsupported",
    "A role that the profile does not list is dealt with as it says.",
    roles_limited,
)
_declare_departure(
    "message.content.type",
    "Content of another form or type is dealt with as the profile says.",
    types_limited,
)
_declare_departure(
    "message.part.range",
    "Content parts that the profile does not list are dealt with as it says.",
    parts_limited,
)
_declare_departure(
    "message.member.type",
    "A member of a message that departs from its claim is dealt with as the profile says.",
    members_claimed,
)


@check(
    "message.calls.combination",
    level=MUST,
    on=probe("message.calls.combination"),
    given=replied,
    probes=("message.calls.combination",),
    presupposes="chat.basic",
)
def calls_and_results_belong_together(x: Reading, profile: Profile) -> Problems:
    """Calls without a result and results without a call are dealt with as the profile says, or else refused."""
    case, policy = x.id.partition(":")[2] or x.id, profile.messages.unmatched_calls
    refused, level, expected = turned_down(x), None, ""
    if not policy.known or case in _DISPUTED:
        level = MAY
        expected = "" if refused else "a 4xx status: a call and its result belong together"
    elif refused and Reaction.REJECT not in policy.reactions:
        expected = "an answer, since the profile says that it is not refused"
    elif refused and policy.statuses and x.status not in (*policy.statuses, 200):
        expected = f"status {' or '.join(map(str, policy.statuses))}"
    elif not refused and policy.rejects:
        expected = "a refusal: the profile says that a call and its result belong together"
    if expected:
        yield Problem(
            f"status, for {case}",
            expected=expected,
            actual=refusal_of(x) if refused else f"{x.status}, as if nothing were missing",
            level=level,
            claims=profile.cited(policy.source),
        )
