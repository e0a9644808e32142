"""YAML without surprises: plain values, and for each of them the line and column it stands on.

Read from the parser's events rather than with ``yaml.load``, which keeps the last of two equal keys in silence,
reads ``no`` as false and ``2026-05-01`` as a date, and forgets where a value stood.
What is refused: aliases and merge keys, tags, duplicate keys, plain scalars on whose type YAML 1.1 and 1.2 disagree.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from conformance.model.errors import ProfileError

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_MAX_NUMBER = 40

Place = tuple[int, int]
"""Line and column, both counted from 1."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt \t].*)?\Z")
_OTHER_NUMBER = re.compile(
    r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?"
    r"|\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
)
_WORDS = {"true": True, "false": False, "null": None}
_OTHER_BOOLEANS = frozenset(
    form
    for word in ("yes", "no", "on", "off", "true", "false")
    for form in (word, word.capitalize(), word.upper())
) - frozenset(_WORDS)
_OTHER_NULLS = frozenset({"~", "Null", "NULL"})
_PROBLEMS = (
    ("tab", "a tab indents this line; YAML wants spaces"),
    ("mapping values are not allowed", "a second ': ' in one line; put the value in quotes"),
    ("invalid Unicode character escape", "this escape is not a character"),
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong in a file, and where."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. Places, keys and raw are by JSON Pointer (RFC 6901); the top has the empty one."""

    value: Any
    places: dict[str, Place] = field(default_factory=dict)
    """Where each value begins."""
    keys: dict[str, Place] = field(default_factory=dict)
    """Where the key of each value of a mapping stands."""
    raw: dict[str, str] = field(default_factory=dict)
    """How each unquoted scalar that is not text was written."""
    flaws: tuple[Flaw, ...] = ()
    """What is wrong without making the rest unreadable: duplicate keys, tags, unclear scalars."""


def load_strict(data: bytes, file: str) -> Document:
    """The document in a file's bytes; a ProfileError names every flaw as ``file:line:column: …``."""
    document = read_document(data, file)
    if document.flaws:
        raise ProfileError("\n".join(_told(file, flaw) for flaw in document.flaws))
    return document


def read_document(data: bytes, file: str) -> Document:
    """Like ``load_strict``, but flaws that leave the rest readable are kept in the document."""
    try:
        return _Builder().build(_decoded(data))
    except _Unreadable as reason:
        raise ProfileError(_told(file, reason.flaw)) from None


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON Pointer of a path."""
    return "".join("/" + _escaped(str(part)) for part in path)


def misread(text: str) -> bool:
    """Whether text, written without quotes, would not be read as that text."""
    return bool(
        text in _WORDS
        or text in _OTHER_BOOLEANS
        or text in _OTHER_NULLS
        or text == ""
        or _NUMBER.match(text)
        or _OTHER_NUMBER.match(text)
        or _DATE.match(text)
    )


class _Unreadable(Exception):
    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.flaw = Flaw(place, text)


def _told(file: str, flaw: Flaw) -> str:
    return f"{file}:{flaw.place[0]}:{flaw.place[1]}: {flaw.text}"


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _Unreadable((1, 1), f"larger than {MAX_BYTES} bytes; a profile is a few kilobytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        byte = f"0x{data[error.start]:02x}"
        raise _Unreadable(
            _end_of(before), f"byte {byte} is not UTF-8; save the file as UTF-8"
        ) from None
    strange = _UNPRINTABLE.search(text)
    if strange:
        name = f"U+{ord(strange[0]):04X}"
        raise _Unreadable(_end_of(text[: strange.start()]), f"the character {name} is not allowed")
    return text


def _end_of(text: str) -> Place:
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is being read."""

    value: Any
    path: str
    key: str | None = None


class _Builder:
    """Iterative, so that nesting costs no stack; the depth is bounded for those who walk the result."""

    def __init__(self) -> None:
        self.root: Any = None
        self.frames: list[_Frame] = []
        self.documents = 0
        self.places: dict[str, Place] = {}
        self.keys: dict[str, Place] = {}
        self.raw: dict[str, str] = {}
        self.flaws: list[Flaw] = []

    def build(self, text: str) -> Document:
        """Read one document from text."""
        try:
            for event in yaml.parse(text, Loader=_Loader):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            raise _Unreadable(*_explained(error, text)) from None
        except yaml.YAMLError as error:
            raise _Unreadable((1, 1), f"not YAML: {error}".splitlines()[0]) from None
        if not self.documents:
            raise _Unreadable((1, 1), 'the file is empty; a profile begins with format: "1"')
        return Document(self.root, self.places, self.keys, self.raw, tuple(self.flaws))

    def _take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind == "MappingStartEvent":
            self._open(event, {})
        elif kind == "SequenceStartEvent":
            self._open(event, [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.frames.pop()
        elif kind == "AliasEvent":
            text = (
                f"the alias *{event.anchor} is not allowed; write the value again, or use extends"
            )
            raise _Unreadable(_place(event), text)
        elif kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise _Unreadable(_place(event), "a second document begins; a file holds one")

    def _open(self, event: Any, value: Any) -> None:
        self._refuse_tag(event)
        frame = self.frames[-1] if self.frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            raise _Unreadable(_place(event), "a key must be a word, not a list or a mapping")
        if len(self.frames) >= MAX_DEPTH:
            raise _Unreadable(_place(event), f"nested more than {MAX_DEPTH} deep")
        path = self._put(value, _place(event))
        self.frames.append(_Frame(value, path))

    def _scalar(self, event: Any) -> None:
        self._refuse_tag(event)
        frame = self.frames[-1] if self.frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._key(frame, event)
            return
        if event.style is not None and event.style != "":
            self._put(event.value, _place(event))
            return
        value, unclear = _plain(event.value)
        if unclear:
            self.flaws.append(Flaw(_place(event), unclear))
        path = self._put(value, _place(event))
        if not isinstance(value, str):
            self.raw[path] = event.value

    def _key(self, frame: _Frame, event: Any) -> None:
        frame.key = event.value
        path = f"{frame.path}/{_escaped(event.value)}"
        if event.value == "<<" and not event.style:
            self.flaws.append(Flaw(_place(event), "merge keys (<<) are not read; use extends"))
        if path in self.keys:
            line = self.keys[path][0]
            self.flaws.append(
                Flaw(_place(event), f"{event.value!r} is already set on line {line}; keep one")
            )
        else:
            self.keys[path] = _place(event)

    def _put(self, value: Any, place: Place) -> str:
        """Hang a value into the open collection; its path."""
        if not self.frames:
            self.root = value
            path = ""
        else:
            frame = self.frames[-1]
            if isinstance(frame.value, list):
                path = f"{frame.path}/{len(frame.value)}"
                frame.value.append(value)
            else:
                path = f"{frame.path}/{_escaped(frame.key or '')}"
                frame.value[frame.key] = value
                frame.key = None
        self.places[path] = place
        return path

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            self.flaws.append(Flaw(_place(event), f"the tag {event.tag} is not read; leave it out"))


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _plain(text: str) -> tuple[Any, str]:
    """The value of an unquoted scalar, and what is unclear about it."""
    if text in _WORDS:
        return _WORDS[text], ""
    if _NUMBER.match(text):
        return _number(text)
    if text == "":
        return None, "no value; write null to take away what is inherited, or {} for nothing"
    quoted = f'put it in quotes if it is text: "{text}"'
    if text in _OTHER_BOOLEANS:
        return (
            text,
            f"{text} is a boolean to some readers of YAML; {quoted}, else write true or false",
        )
    if text in _OTHER_NULLS:
        return text, f"{text} is null to some readers of YAML; {quoted}, else write null"
    if _DATE.match(text):
        return text, f'{text} is a date to some readers of YAML; put it in quotes: "{text}"'
    if _OTHER_NUMBER.match(text):
        return (
            text,
            f"{text} is a number to some readers of YAML; {quoted}, else write it in decimals",
        )
    return text, ""


def _number(text: str) -> tuple[Any, str]:
    if len(text) > _MAX_NUMBER:
        return text, f"a number of {len(text)} characters; put it in quotes if it is text"
    if text.lstrip("-").isdigit():
        return int(text), ""
    number = float(text)
    if math.isinf(number):
        return text, f"{text} is too large for a number; put it in quotes if it is text"
    return number, ""


def _explained(error: yaml.MarkedYAMLError, text: str) -> tuple[Place, str]:
    mark: Any = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    problem = error.problem or "it cannot be read"
    lines = text.split("\n")
    line = lines[place[0] - 1] if place[0] <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        problem = "tab"
    for sign, ours in _PROBLEMS:
        if sign in problem:
            return place, ours
    context = f" {error.context}" if error.context else ""
    return place, f"not YAML: {problem}{context}"
