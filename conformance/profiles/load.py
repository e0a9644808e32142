"""Reading profiles, and writing them down again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from conformance.model.errors import ProfileError
from conformance.model.profile import Profile
from conformance.profiles.build import document_of, profile_of
from conformance.profiles.complaints import Complaint
from conformance.profiles.layers import (
    MOST_LOOKED_FOR,
    Layer,
    judged,
    profile_names,
    read_layers,
    tell,
)
from conformance.profiles.merging import merge
from conformance.profiles.rules import broken_rules, cited
from conformance.profiles.strict_yaml import Document, Flaw, Place, misread, pointer

__all__ = [
    "describe",
    "load_profile",
    "profile_from_json",
    "profile_names",
    "profile_to_json",
    "uncited",
]


def load_profile(name_or_path: str) -> Profile:
    """A shipped profile by its name, or the one in a YAML file; a ProfileError lists what is wrong with it."""
    return _resolved(read_layers(name_or_path))


def describe(profile: Profile) -> str:
    """The resolved profile as YAML; a file with this text loads as an equal profile."""
    text: str = yaml.dump(
        document_of(profile),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )
    return text


def profile_to_json(profile: Profile) -> dict[str, Any]:
    """The resolved profile as a JSON object, without its origin."""
    return document_of(profile)


def profile_from_json(value: Mapping[str, Any]) -> Profile:
    """The inverse of ``profile_to_json``; a ProfileError names what in the object is no profile."""
    try:
        return _resolved((judged(Layer("profile", Path(), Path(), Document(dict(value)), ())),))
    except RecursionError:
        raise ProfileError("profile:1:1: nested too deeply") from None


def uncited(profile: Profile) -> tuple[str, ...]:
    """The statements that no claim cites and that do not say why: left over, or forgotten."""
    used = cited(document_of(profile))
    return tuple(
        name
        for name, statement in profile.statements.items()
        if name not in used and statement.untestable is None
    )


def _resolved(layers: tuple[Layer, ...]) -> Profile:
    """The profile of layers, nearest first."""
    problems = [(layer.file, flaw) for layer in layers for flaw in layer.flaws]
    document: dict[str, Any] = {}
    for layer in reversed(layers):
        document = merge(document, layer.value)
    for complaint in islice(broken_rules(document), MOST_LOOKED_FOR):
        file, place = _where(layers, complaint)
        problems.append((file, Flaw(place, complaint.text)))
    tell(problems)
    parents = [layer.value["name"] for layer in layers[1:]]
    built_on = [*parents, *layers[-1].value.get("built_on", ())]
    document.pop("extends", None)
    profile = profile_of({**document, "built_on": built_on})
    return replace(profile, origin=layers[0].file)


def _where(layers: tuple[Layer, ...], complaint: Complaint) -> tuple[str, Place]:
    """The nearest file in which what a complaint is about stands, or what it stands in."""
    path = complaint.path
    for layer in layers:
        place = layer.place(complaint)
        if place is not None:
            return layer.file, place
    while path:
        for layer in layers:
            place = layer.document.places.get(pointer(path))
            if place is not None:
                return layer.file, place
        path = path[:-1]
    return layers[0].file, (1, 1)


class _Dumper(yaml.SafeDumper):
    """Quotes what the strict reader would not read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: the language has none."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if misread(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
