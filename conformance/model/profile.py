"""What an endpoint claims. Expectations live here, never in checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from conformance.model.finding import Level
from conformance.model.json import JSON
from conformance.model.request import Operation


class Support(StrEnum):
    """How far something is supported."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    UNKNOWN = "unknown"


class Reaction(StrEnum):
    """What an endpoint does with a value it does not take as it stands."""

    REJECT = "reject"
    IGNORE = "ignore"
    STRIP = "strip"
    CLAMP = "clamp"
    TRUNCATE = "truncate"


class Confidence(StrEnum):
    """How well a claim is founded."""

    STATED = "stated"
    INFERRED = "inferred"
    OTHER_PAGE = "other-page"
    OBSERVED = "observed"
    UNKNOWN = "unknown"


class Shape(StrEnum):
    """The form of an error body."""

    OPENAI = "openai"
    """``{"error": {"message", "type", "param", "code"}}``"""
    FLAT = "flat"
    """``{"message", "type", "param", "code"}`` without the wrapper"""
    STATUS_MESSAGE = "status_message"
    """``{"status", "message"}``, both strings"""
    DETAIL = "detail"
    """``{"detail": "text"}`` or ``{"detail": [...]}``"""
    ERROR_STRING = "error_string"
    """``{"error": "text"}``"""
    STRING = "string"
    """a bare JSON string or plain text"""
    EMPTY = "empty"
    """no body"""
    UNKNOWN = "unknown"
    """not stated: anything that is not HTML"""


class Cause(StrEnum):
    """A client's mistake, or another reason for an error, whose answer a profile can state."""

    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_MODEL = "missing_model"
    UNKNOWN_MODEL = "unknown_model"
    MISSING_MESSAGES = "missing_messages"
    EMPTY_MESSAGES = "empty_messages"
    WRONG_TYPE_MESSAGES = "wrong_type_messages"
    UNKNOWN_PATH = "unknown_path"
    WRONG_METHOD = "wrong_method"
    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    MALFORMED_KEY = "malformed_key"
    MODEL_NOT_LISTED = "model_not_listed"
    """``GET /models/{model}`` for a model that does not exist."""


class Sends(StrEnum):
    """When a stream carries something."""

    OPT_IN = "opt-in"
    ALWAYS = "always"
    NEVER = "never"
    UNKNOWN = "unknown"


class UsagePlace(StrEnum):
    """Where a stream puts its usage."""

    OWN_CHUNK = "own-chunk"
    """one chunk with ``choices: []`` after the last finish reason"""
    OWN_CHUNK_WITH_CHOICES = "own-chunk-with-choices"
    FINISH_CHUNK = "finish-chunk"
    EVERY_CHUNK = "every-chunk"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done with something not supported: one of ``reactions``; none stated means unknown."""

    reactions: tuple[Reaction, ...] = ()
    statuses: tuple[int, ...] = (400,)
    """Of a refusal: one of these; empty: any 4xx."""
    code: str | None = None
    type: str | None = None
    code_or_type: tuple[str, ...] = ()
    """Any of these, in either member: for pages that do not say which."""
    code_above: str | None = None
    """Instead of ``code``, where the value is above a maximum (too large, too long, too many)."""
    code_below: str | None = None
    """Instead of ``code``, where the value is below a minimum (too small, too short, too few)."""
    names_parameter: bool | None = None
    source: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the profile states it."""
        return bool(self.reactions)

    @property
    def rejects(self) -> bool:
        """Whether a refusal is the only answer stated."""
        return self.reactions == (Reaction.REJECT,)


@dataclass(frozen=True, slots=True)
class Parameter:
    """The claim about one request parameter; a nested one has a dotted name, ``messages[].name`` for messages."""

    name: str
    support: Support = Support.UNKNOWN
    required: bool = False
    """A request without it is refused; of a member, one that holds its object without it."""
    required_where: Mapping[str, JSON] = field(default_factory=dict)
    """Required only where its object has these members with these values."""
    types: tuple[str, ...] = ()
    """JSON types: string, number, integer, boolean, object, array, null."""
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    min_items: int | None = None
    max_items: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    max_properties: int | None = None
    pattern: str | None = None
    values: tuple[JSON, ...] = ()
    """The only values allowed of their JSON type (an enum subset, or a single value); empty: no such limit.

    Other types in ``types`` are not limited by it: an enum of strings leaves the object form alone.
    """
    default: JSON = None
    requires: Mapping[str, JSON] = field(default_factory=dict)
    """Parameters that must be present; a value other than None must be that value."""
    excludes: tuple[str, ...] = ()
    overridden_by: tuple[str, ...] = ()
    ignored_when: Mapping[str, JSON] = field(default_factory=dict)
    only_with_stream: bool = False
    alias_of: str | None = None
    renamed_to: str | None = None
    unsupported: Policy | None = None
    """None: the profile's own policy."""
    out_of_range: Policy | None = None
    wrong_type: Policy | None = None
    combination: Policy | None = None
    """Where ``requires``, ``excludes`` or ``only_with_stream`` is broken; None: the profile's own policy."""
    missing: Policy | None = None
    """Where a required member is missing; None: the profile's own policy, and if it has none a refusal."""
    vendor_only: bool = False
    """A parameter of the vendor's own, not OpenAI's."""
    source: tuple[str, ...] = ()
    confidence: Confidence = Confidence.UNKNOWN
    note: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs for models whose id matches ``models`` (a glob)."""

    models: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    roles: tuple[str, ...] | None = None
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Auth:
    """How callers prove who they are; ``required`` None means unknown."""

    scheme: str = "bearer"
    env: str | None = None
    required: bool | None = None
    key_prefix: str | None = None
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an endpoint is. A path that begins with ``/`` counts from the origin, others from ``base_url``."""

    base_url: str | None = None
    paths: Mapping[Operation, tuple[str, ...]] = field(default_factory=dict)
    """chat, models (all lists), model (with ``{model}``); an empty tuple: the endpoint says it has none."""
    headers: tuple[tuple[str, str], ...] = ()
    """Extra request headers, without secrets."""
    auth: Auth = field(default_factory=Auth)
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Models:
    """Which models there are; None means unknown."""

    chat: str | None = None
    pattern: str | None = None
    listed: bool | None = None
    """Whether the chat model appears in the model list."""
    variants: tuple[Variant, ...] = ()
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Messages:
    """Which messages are taken; None means unknown."""

    roles: tuple[str, ...] | None = None
    content: tuple[str, ...] | None = None
    """``string``, ``parts``, ``null``."""
    parts: tuple[str, ...] | None = None
    other_roles: Policy = field(default_factory=Policy)
    unmatched_calls: Policy = field(default_factory=Policy)
    """Tool calls without a result, and results without a call."""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one cause is answered. No statuses: nothing is claimed beyond "a 4xx"."""

    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    code_or_type: tuple[str, ...] = ()
    """Any of these, in either member: for pages that do not say which."""
    shapes: tuple[Shape, ...] = ()
    """Empty: the shape of its status."""
    level: Level = Level.MUST
    """How binding the refusal is; base profiles expect less than a vendor's own page states."""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Errors:
    """How errors look and which statuses mean what."""

    shapes: tuple[Shape, ...] = (Shape.OPENAI,)
    by_status: Mapping[int, tuple[Shape, ...]] = field(default_factory=dict)
    in_stream: tuple[Shape, ...] = (Shape.OPENAI,)
    members: tuple[str, ...] = ("message", "type", "param", "code")
    """Members of the error object that are always there."""
    fixed: Mapping[str, JSON] = field(default_factory=dict)
    """Members of the error object that always have this value."""
    code_types: tuple[str, ...] = ("string", "null")
    causes: Mapping[Cause, Refusal] = field(default_factory=dict)
    documented: Mapping[int, str] = field(default_factory=dict)
    """Statuses the documentation lists, and for what."""
    documented_codes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """The codes it lists for a status; the documentation may mean ``code`` or ``type``."""
    with_status_200: bool = False
    """Errors may come as a 200 whose body carries the error."""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Streaming:
    """How streams look."""

    supported: Support = Support.FULL
    done: Sends = Sends.ALWAYS
    usage: Sends = Sends.UNKNOWN
    usage_places: tuple[UsagePlace, ...] = ()
    """Empty: unknown."""
    role: str = "unknown"
    """``first`` (once, on the first delta), ``every``, ``never``, ``unknown``."""
    finish_reason_key: str = "unknown"
    """On open chunks: ``null`` (present, null), ``absent``, ``unknown``."""
    finish: str = "unknown"
    """The finish reason comes on an ``own-chunk`` (empty delta), on the ``last-delta``, or ``unknown``."""
    accept: bool = False
    """The Accept header takes part in choosing the form: requests send it in agreement with ``stream``."""
    comments: Sends = Sends.UNKNOWN
    """Keep-alive comment lines."""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Responses:
    """What answers carry."""

    extras: tuple[str, ...] = ()
    """Fields beyond OpenAI's, as dotted paths; extra fields are legal anyway."""
    fixed: Mapping[str, JSON] = field(default_factory=dict)
    """Fields that always have this value."""
    always_empty: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    """Fields that never come."""
    tool_calls: Sends = Sends.OPT_IN
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A documented, accepted departure: findings of ``check`` (a glob) on ``exchange`` (a glob)."""

    check: str
    because: str
    since: str
    exchange: str = "*"
    until: str | None = None
    reference: str | None = None

    def covers(self, check: str, exchange: str) -> bool:
        """Whether it accepts a problem of that check on that exchange."""
        return fnmatchcase(check, self.check) and fnmatchcase(exchange, self.exchange)


@dataclass(frozen=True, slots=True)
class Source:
    """A page or measurement that claims rest on."""

    title: str
    url: str | None = None
    read: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing the vendor says, in our words."""

    says: str
    source: str | None = None
    confidence: Confidence = Confidence.STATED
    untestable: str | None = None
    """Why no claim of the profile can express it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is claimed about one endpoint."""

    name: str
    title: str
    summary: str = ""
    extends: tuple[str, ...] = ()
    """Names of the profiles it was built on, nearest first."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    statements: Mapping[str, Statement] = field(default_factory=dict)
    endpoint: Endpoint = field(default_factory=Endpoint)
    models: Models = field(default_factory=Models)
    unsupported: Policy = field(default_factory=Policy)
    unknown_field: Policy = field(default_factory=Policy)
    out_of_range: Policy = field(default_factory=Policy)
    wrong_type: Policy = field(default_factory=Policy)
    combination: Policy = field(default_factory=Policy)
    """Where a parameter's ``requires``, ``excludes`` or ``only_with_stream`` is broken."""
    missing: Policy = field(default_factory=lambda: Policy((Reaction.REJECT,), statuses=()))
    """Where a member that is required is not there; stated by no one, any refusal."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    messages: Messages = field(default_factory=Messages)
    errors: Errors = field(default_factory=Errors)
    streaming: Streaming = field(default_factory=Streaming)
    responses: Responses = field(default_factory=Responses)
    waivers: tuple[Waiver, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""
    """SHA-256 of the resolved profile's canonical form, sixteen hex digits."""
    origin: str = field(default="", compare=False)
    """The file it was read from, for messages."""

    def parameter(self, name: str, model: str | None = None) -> Parameter:
        """The claim about a parameter, for that model where variants differ."""
        for variant in self.models.variants:
            if (
                model is not None
                and fnmatchcase(model, variant.models)
                and name in variant.parameters
            ):
                return variant.parameters[name]
        return self.parameters.get(name, Parameter(name))

    def confidence(self, source: tuple[str, ...]) -> Confidence:
        """How well a claim is founded that cites these: as well as the weakest statement among them."""
        cited = [self.statements[i].confidence for i in source if i in self.statements]
        if not cited:
            return Confidence.STATED if source else Confidence.UNKNOWN
        return max(cited, key=list(Confidence).index)

    def cited(self, *sources: tuple[str, ...]) -> tuple[str, ...]:
        """What a claim rests on, in words: statements as ``A19: they say that``, other sources by title."""
        found: list[str] = []
        for name in (name for source in sources for name in source):
            if name in self.statements:
                found.append(f"{name}: {self.statements[name].says}")
            elif name in self.sources:
                found.append(f"{name}: {self.sources[name].title}")
        return tuple(dict.fromkeys(found))

    def refusal(self, cause: Cause) -> Refusal:
        """How a cause is answered."""
        return self.errors.causes.get(cause, Refusal())

    def shapes(self, status: int | None, *, cause: Cause | None = None) -> tuple[Shape, ...]:
        """The error shapes allowed for a status (and a cause, where it states its own)."""
        if cause is not None and self.refusal(cause).shapes:
            return self.refusal(cause).shapes
        if status is not None and status in self.errors.by_status:
            return self.errors.by_status[status]
        return self.errors.shapes

    def model_id_ok(self, model: str) -> bool:
        """Whether a model id has the stated form (True where none is stated)."""
        return self.models.pattern is None or re.search(self.models.pattern, model) is not None
