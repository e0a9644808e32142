"""What the schema cannot say: names that must exist, limits that must fit, dates and expressions that must be sound.

Works on the merged document, which may still break the schema elsewhere: every rule looks before it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from conformance.model.errors import UsageError
from conformance.model.target import parse_base_url
from conformance.profiles.complaints import Complaint, Path, nearest, shown
from conformance.profiles.grammar import parameter_names
from conformance.profiles.merging import is_data, merge

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_PARTS = ("text", "image_url", "input_audio", "file", "refusal")
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key"}
)
_LIMITS = (
    ("minimum", "maximum"),
    ("min_items", "max_items"),
    ("min_length", "max_length"),
)


def broken_rules(document: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong in a merged document, beyond its form."""
    yield from _evidence(document)
    yield from _citations(document)
    yield from _endpoint(_map(document, "endpoint"))
    yield from _models(_map(document, "models"))
    yield from _messages(document)
    yield from _waivers(document)
    declared = _map(document, "parameters")
    for path, name, claim in _parameters(document):
        yield from _name(path, name, claim, declared)
        yield from _limits(path, claim)
        yield from _expression(path, claim)
        yield from _others(path, name, claim, declared)


def cited(document: Mapping[str, Any]) -> frozenset[str]:
    """The statements and sources that claims of a document cite."""
    return frozenset(one for _, one in _cites(document, ()))


# --- reading what may not be there, or not be what it should ---


def _map(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _words(value: Any) -> Iterator[tuple[Path, str]]:
    """The words of a word, of a list or of a mapping's keys, each with its path below the value."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, list):
        yield from (((number,), one) for number, one in enumerate(value) if isinstance(one, str))
    elif isinstance(value, Mapping):
        yield from (((key,), key) for key in value)


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parameters(document: Mapping[str, Any]) -> Iterator[tuple[Path, str, Mapping[str, Any]]]:
    for name, claim in _map(document, "parameters").items():
        yield ("parameters", name), name, _map(claim)
    variants = _map(document, "models").get("variants")
    for number, variant in enumerate(variants if isinstance(variants, list) else ()):
        for name, claim in _map(variant, "parameters").items():
            whole = merge(_map(document, "parameters", name), _map(claim), ("parameters", name))
            yield ("models", "variants", number, "parameters", name), name, whole


# --- statements and sources ---


def _evidence(document: Mapping[str, Any]) -> Iterator[Complaint]:
    sources, statements = _map(document, "sources"), _map(document, "statements")
    for name, source in sources.items():
        if "title" not in _map(source):
            yield Complaint(("sources", name), f"the source {shown(name)} has no title")
        if name in statements:
            text = f"{shown(name)} is a source and a statement; give one another id"
            yield Complaint(("statements", name), text, at_key=True)
    for name, statement in statements.items():
        if "says" not in _map(statement):
            yield Complaint(
                ("statements", name), f"the statement {shown(name)} has no text; add says"
            )
        source = _map(statement).get("source")
        if isinstance(source, str) and source not in sources:
            text = f"no source {shown(source)} is declared{nearest(source, sources)}"
            yield Complaint(("statements", name, "source"), text)


def _citations(document: Mapping[str, Any]) -> Iterator[Complaint]:
    declared = [*_map(document, "statements"), *_map(document, "sources")]
    for path, one in _cites(document, ()):
        if one not in declared:
            hint = nearest(one, declared)
            yield Complaint(path, f"no statement or source {shown(one)} is declared{hint}")


def _cites(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    if at in (("statements",), ("sources",)) or is_data(tuple(str(part) for part in at)):
        return
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, one in items:
        if key == "source" and at not in (("parameters",), ("endpoint", "headers")):
            yield from (((*at, key, *below), word) for below, word in _words(one))
        else:
            yield from _cites(one, (*at, key))


# --- endpoint, models, messages, waivers ---


def _endpoint(endpoint: Mapping[str, Any]) -> Iterator[Complaint]:
    url = endpoint.get("base_url")
    if isinstance(url, str):
        try:
            parse_base_url(url)
        except UsageError as error:
            yield Complaint(("endpoint", "base_url"), str(error))
    for name in _map(endpoint, "headers"):
        if name.lower() in _SECRET_HEADERS:
            text = (
                f"{name} would put a secret into the profile; name the key's variable in auth.env"
            )
            yield Complaint(("endpoint", "headers", name), text, at_key=True)
    for operation, paths in _map(endpoint, "paths").items():
        for below, path in _words(paths):
            if ("{model}" in path) != (operation == "model"):
                must = "must contain" if operation == "model" else "must not contain"
                yield Complaint(
                    ("endpoint", "paths", operation, *below), f"{shown(path)} {must} {{model}}"
                )


def _models(models: Mapping[str, Any]) -> Iterator[Complaint]:
    yield from _expression(("models",), models)
    chat, pattern = models.get("chat"), models.get("pattern")
    if not (isinstance(chat, str) and isinstance(pattern, str) and _compiles(pattern)):
        return
    if not re.search(pattern, chat):
        text = f"{shown(chat)} does not have the form of the pattern {shown(pattern)}"
        yield Complaint(("models", "chat"), text)


def _messages(document: Mapping[str, Any]) -> Iterator[Complaint]:
    messages = _map(document, "messages")
    for below, word in _words(messages.get("parts")):
        yield from _misspelt(("messages", "parts", *below), word, _PARTS)
    roles: list[tuple[Path, Any]] = [(("messages", "roles"), messages.get("roles"))]
    variants = _map(document, "models").get("variants")
    for number, variant in enumerate(variants if isinstance(variants, list) else ()):
        roles.append((("models", "variants", number, "roles"), _map(variant).get("roles")))
    for path, words in roles:
        for below, word in _words(words):
            yield from _misspelt((*path, *below), word, _ROLES)


def _misspelt(path: Path, word: str, known: tuple[str, ...]) -> Iterator[Complaint]:
    """A word of the vendor's own is legal; one that is nearly OpenAI's is a slip."""
    hint = "" if word in (*known, "unknown") else nearest(word, known, cutoff=0.82)
    if hint:
        yield Complaint(path, f"unknown value {shown(word)}{hint}")


def _waivers(document: Mapping[str, Any]) -> Iterator[Complaint]:
    waivers = document.get("waivers")
    for number, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
        days: dict[str, date] = {}
        for key in ("since", "until"):
            text = _map(waiver).get(key)
            if isinstance(text, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
                try:
                    days[key] = date.fromisoformat(text)
                except ValueError:
                    yield Complaint(("waivers", number, key), f"there is no day {shown(text)}")
        if len(days) == 2 and days["until"] < days["since"]:
            yield Complaint(("waivers", number, "until"), "until is before since")


# --- parameters ---


def _name(
    path: Path, name: str, claim: Mapping[str, Any], declared: Mapping[str, Any]
) -> Iterator[Complaint]:
    known = parameter_names()
    own = claim.get("vendor_only") is True
    if name in known and own:
        yield Complaint((*path, "vendor_only"), f"{name!r} is a parameter of OpenAI's")
    if name in known or own or _map(declared, name).get("vendor_only") is True:
        return
    hint = nearest(name, [*known, *(n for n in declared if n != name)])
    own_needs = "a parameter of the vendor's own needs vendor_only: true"
    text = f"unknown parameter {shown(name)}{hint} ({own_needs})"
    yield Complaint(path, text, at_key=True)


def _limits(path: Path, claim: Mapping[str, Any]) -> Iterator[Complaint]:
    for low, high in _LIMITS:
        least, most = _number(claim.get(low)), _number(claim.get(high))
        if least is not None and most is not None and least > most:
            yield Complaint((*path, high), f"{high} {most} is below {low} {least}")
    least, most = _number(claim.get("minimum")), _number(claim.get("maximum"))
    exclusive = True in (claim.get("exclusive_minimum"), claim.get("exclusive_maximum"))
    if exclusive and least is not None and least == most:
        yield Complaint((*path, "maximum"), f"no number is left between {least} and {most}")
    default = _number(claim.get("default"))
    if default is not None and least is not None and default < least:
        yield Complaint((*path, "default"), f"default {default} is below minimum {least}")
    if default is not None and most is not None and default > most:
        yield Complaint((*path, "default"), f"default {default} is above maximum {most}")


def _expression(path: Path, claim: Mapping[str, Any]) -> Iterator[Complaint]:
    pattern = claim.get("pattern")
    if isinstance(pattern, str) and not _compiles(pattern):
        yield Complaint((*path, "pattern"), f"{shown(pattern)} is not a regular expression")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _others(
    path: Path, name: str, claim: Mapping[str, Any], declared: Mapping[str, Any]
) -> Iterator[Complaint]:
    """Parameters named by a parameter."""
    known = [*parameter_names(), *declared]
    for key in ("requires", "excludes", "overridden_by", "ignored_when", "alias_of", "renamed_to"):
        at_key = isinstance(claim.get(key), Mapping)
        for below, other in _words(claim.get(key)):
            here = (*path, key, *below)
            if other == name:
                yield Complaint(here, f"{shown(name)} names itself here", at_key)
            elif other not in known:
                text = f"unknown parameter {shown(other)}{nearest(other, known)}"
                yield Complaint(here, text, at_key)
