"""The rules the checks cite, from ``schemas/clauses.yaml``: what each says, on whose word, and why it matters."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from conformance.model.errors import ConformanceError
from conformance.model.finding import Level
from conformance.spec.data import data_dir

_NEEDED = ("level", "source", "says", "why", "breaks", "fix")
_OF_A_SOURCE = ("document", "date", "observed", "unverified")


@dataclass(frozen=True, slots=True)
class Source:
    """On whose word a rule stands: a document and the day it was read, recorded behaviour, or both."""

    document: str = ""
    date: str = ""
    """When the document was read, ``YYYY-MM-DD``."""
    observed: str = ""
    """Counts or other evidence from recorded exchanges and client runs."""
    unverified: bool = False
    """Nobody has seen this confirmed; the rule rests on general knowledge."""

    def __str__(self) -> str:
        read = f"{self.document}, read {self.date}" if self.document else ""
        seen = f"observed: {self.observed}" if self.observed else ""
        return "; ".join(filter(None, [read, seen, "unverified" if self.unverified else ""]))


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: what ``explain`` and the reports print about a check."""

    id: str
    """The id of the check that cites it."""
    level: Level
    source: Source
    says: str
    why: str
    breaks: tuple[str, ...]
    """Whom a departure breaks, and how it shows; empty where nobody is known to break."""
    fix: str


@cache
def clauses() -> Mapping[str, Clause]:
    """All clauses by id, in the order of the file; a ConformanceError says what is wrong with the file."""
    return load_clauses(data_dir("schemas") / "clauses.yaml")


def load_clauses(path: Path) -> Mapping[str, Clause]:
    """The clauses of a file; unknown or missing keys, wrong types and repeated ids are errors."""
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise ConformanceError(f"{path.name}: expected a mapping from check id to clause")
    return MappingProxyType(
        {id_: _clause(id_, entry, path.name) for id_, entry in document.items()}
    )


def read_yaml(path: Path) -> Any:
    """The document of a YAML file in which no key occurs twice; a ConformanceError says what is wrong with it."""
    import yaml  # only here: most commands need no clause

    # The loader in C is about ten times as fast; a build of PyYAML without it works all the same.
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class UniqueKeys(base):  # type: ignore[misc]
        """YAML itself lets the last of two equal keys win in silence."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise ConformanceError(f"{path.name}:{line}: {key.value!r} occurs twice")
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeys)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ConformanceError(f"{path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConformanceError(f"{path.name} is not YAML: {error}") from None


def _clause(id_: Any, entry: Any, file: str) -> Clause:
    where = f"{file}: {id_}"
    if not isinstance(entry, dict):
        raise ConformanceError(f"{where}: expected a mapping with {', '.join(_NEEDED)}")
    _known(entry, _NEEDED, where)
    if missing := [key for key in _NEEDED if key not in entry]:
        raise ConformanceError(f"{where}: {', '.join(missing)} missing")
    breaks = entry["breaks"]
    if not isinstance(breaks, list):
        raise ConformanceError(f"{where}: breaks must be a list of texts")
    return Clause(
        id=str(id_),
        level=_level(entry["level"], where),
        source=_source(entry["source"], where),
        says=_text(entry["says"], f"{where}: says"),
        why=_text(entry["why"], f"{where}: why"),
        breaks=tuple(_text(one, f"{where}: breaks") for one in breaks),
        fix=_text(entry["fix"], f"{where}: fix"),
    )


def _level(value: Any, where: str) -> Level:
    levels = [level.value for level in Level]
    if value not in levels:
        raise ConformanceError(f"{where}: level is {value!r}; use {', '.join(levels)}")
    return Level(value)


def _source(entry: Any, where: str) -> Source:
    if not isinstance(entry, dict):
        raise ConformanceError(
            f"{where}: source must be a mapping with document and date, or observed"
        )
    _known(entry, _OF_A_SOURCE, f"{where}: source")
    if "document" not in entry and "observed" not in entry:
        raise ConformanceError(f"{where}: source names neither a document nor anything observed")
    if ("document" in entry) != ("date" in entry):
        raise ConformanceError(f"{where}: source needs document and date together")
    unverified = entry.get("unverified", False)
    if not isinstance(unverified, bool):
        raise ConformanceError(f"{where}: source.unverified must be true or false")
    texts = {
        key: _text(entry[key], f"{where}: source.{key}")
        for key in ("document", "date", "observed")
        if key in entry
    }
    return Source(**texts, unverified=unverified)


def _known(entry: dict[Any, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in entry:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; use {', '.join(allowed)}"
            raise ConformanceError(f"{where}: unknown key {key!r}{hint}")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConformanceError(f"{where} must be a text (quote a date), not {value!r}")
    return " ".join(value.split())
