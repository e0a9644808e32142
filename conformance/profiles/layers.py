"""A profile's file and the files it builds on, each read, placed and held against the schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from conformance.model.errors import ProfileError
from conformance.profiles.complaints import Complaint, complaints, nearest
from conformance.profiles.strict_yaml import (
    MAX_BYTES,
    Document,
    Flaw,
    Place,
    pointer,
    read_document,
)
from conformance.spec.data import data_dir

MOST_TOLD = 20
MOST_LOOKED_FOR = 500
"""Complaints of one kind that are worded at all: a file with more is not a profile."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of a profile: ``file`` is its name in messages, ``flaws`` what is wrong in it alone."""

    file: str
    path: Path
    """As it was opened: the names it extends count from its directory."""
    identity: Path
    """The same for all ways to name one file."""
    document: Document
    flaws: tuple[Flaw, ...]

    @property
    def value(self) -> dict[str, Any]:
        """The file's document; empty if it is no mapping."""
        return self.document.value if isinstance(self.document.value, dict) else {}

    def place(self, complaint: Complaint) -> Place | None:
        """Where a complaint belongs in this file, if what it is about stands here."""
        where = self.document.keys if complaint.at_key else self.document.places
        return where.get(pointer(complaint.path))


def profile_names() -> tuple[str, ...]:
    """The names of the shipped profiles, sorted."""
    return tuple(sorted(path.stem for path in data_dir("profiles").glob("*.yaml")))


def read_layers(name_or_path: str) -> tuple[Layer, ...]:
    """The layers of a profile, nearest first; a ProfileError says what cannot be read or goes in a circle."""
    layers = [_find(name_or_path, beside=None)]
    while True:
        last = layers[-1]
        parent = last.value.get("extends")
        if not isinstance(parent, str):
            return tuple(layers)
        try:
            following = _find(parent, beside=last.path.parent)
        except ProfileError as error:
            raise ProfileError(f"{_at_extends(last)}: extends: {error}") from None
        layers.append(following)
        if any(layer.identity == following.identity for layer in layers[:-1]):
            circle = " -> ".join(layer.file for layer in layers)
            raise ProfileError(f"{_at_extends(last)}: extends goes in a circle: {circle}")


def tell(problems: list[tuple[str, Flaw]]) -> None:
    """Raise a ProfileError that lists the flaws of files, by file and line, if there are any."""
    if not problems:
        return
    files = list(dict.fromkeys(file for file, _ in problems))
    first: dict[tuple[str, Place], Flaw] = {}
    for file, flaw in problems:
        first.setdefault((file, flaw.place), flaw)  # one cause, one complaint
    ordered = sorted(first.items(), key=lambda item: (files.index(item[0][0]), item[0][1]))
    told = [f"{file}:{line}:{column}: {flaw.text}" for (file, (line, column)), flaw in ordered]
    if len(told) > MOST_TOLD:
        told[MOST_TOLD:] = [f"… and {len(told) - MOST_TOLD} more"]
    raise ProfileError("\n".join(told))


def _at_extends(layer: Layer) -> str:
    line, column = layer.document.places.get("/extends", (1, 1))
    return f"{layer.file}:{line}:{column}"


def _find(name_or_path: str, beside: Path | None) -> Layer:
    if name_or_path in profile_names():
        return _shipped(name_or_path)
    if not _is_path(name_or_path):
        known = profile_names()
        hint = nearest(name_or_path, known) or f"; shipped are {', '.join(known)}"
        raise ProfileError(
            f"no profile named {name_or_path[:80]!r}{hint} (a file's name ends in .yaml)"
        )
    path = Path(name_or_path)
    if beside is not None:
        path = beside / path
    return _read(path, str(path))


def _is_path(text: str) -> bool:
    return text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text


@cache
def _shipped(name: str) -> Layer:
    file = f"{name}.yaml"
    return _read(data_dir("profiles") / file, f"profiles/{file}")


def _read(path: Path, file: str) -> Layer:
    file = "".join(c if c.isprintable() else "?" for c in file[-200:])
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        identity = path.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProfileError(f"{file}: cannot be read: {reason}") from None
    document = read_document(data, file)
    return judged(Layer(file, path, identity, document, document.flaws))


def judged(layer: Layer) -> Layer:
    """The layer with what the schema has against it added to its flaws."""
    document = layer.document
    found = [
        Flaw(layer.place(c) or document.places.get(pointer(c.path[:-1]), (1, 1)), c.text)
        for c in islice(complaints(document.value, document.raw, pointer), MOST_LOOKED_FOR)
    ]
    return replace(layer, flaws=(*layer.flaws, *found))
