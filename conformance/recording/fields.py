"""Reading typed members out of parsed JSON, with a place for every complaint."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import NoReturn, TypeVar

from conformance.model.errors import RecordingError
from conformance.model.json import JSON

Word = TypeVar("Word")


def parse(text: str | bytes) -> JSON:
    """One JSON value; a ValueError says what is wrong with the text."""
    try:
        value: JSON = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object of a file; ``place`` begins every complaint (``run.jsonl:7: request``)."""

    place: str
    members: dict[str, JSON]

    @classmethod
    def of(cls, value: JSON, place: str) -> Fields:
        """The value as an object."""
        if not isinstance(value, dict):
            raise RecordingError(f"{place} must be an object, not {shown(value)}")
        return cls(place, value)

    def wrong(self, name: str, wanted: str) -> RecordingError:
        """The complaint that a member is not what it must be."""
        if name not in self.members:
            return RecordingError(f"{self.place} lacks {name!r}, which must be {wanted}")
        return RecordingError(
            f"{self.place}: {name!r} must be {wanted}, not {shown(self.members[name])}"
        )

    def text(self, name: str, default: str | None = None) -> str:
        """A member that is text."""
        value = self.members.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """A member that is text, null or absent."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "text or null")
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """A member that is a whole number."""
        value = self.members.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "a whole number")
        return value

    def whole_or_none(self, name: str) -> int | None:
        """A member that is a whole number, null or absent."""
        return None if self.members.get(name) is None else self.whole(name)

    def number(self, name: str, default: float | None = None) -> float:
        """A member that is a number."""
        value = self.members.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(name, "a number")
        return finite(value, self.place)

    def number_or_none(self, name: str) -> float | None:
        """A member that is a number, null or absent."""
        return None if self.members.get(name) is None else self.number(name)

    def truth(self, name: str, *, default: bool) -> bool:
        """A member that is true or false."""
        value = self.members.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def object(self, name: str) -> Fields:
        """A member that is an object; absent counts as empty."""
        return Fields.of(self.members.get(name, {}), f"{self.place}: {name!r}")

    def items(self, name: str) -> list[JSON]:
        """A member that is a list; absent counts as empty."""
        value = self.members.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """A member that is a list of [name, value] pairs of text."""
        return tuple(self._pair(name, item) for item in self.items(name))

    def _pair(self, name: str, item: JSON) -> tuple[str, str]:
        match item:
            case [str(key), str(value)]:
                return key, value
        raise RecordingError(
            f"{self.place}: {name!r} must hold [name, value] pairs of text, not {shown(item)}"
        )

    def word(self, name: str, words: Callable[[str], Word], known: str) -> Word:
        """A member that is one of a closed set of words."""
        value = self.members.get(name)
        try:
            return words(self.text(name))
        except ValueError:
            raise RecordingError(
                f"{self.place}: {name!r} must be one of {known}, not {shown(value)}"
            ) from None


def finite(value: float, place: str) -> float:
    """A number of the file as a float, if it is one that can be calculated with."""
    if abs(value) > 1e18 or not isfinite(value):
        raise RecordingError(f"{place}: a number is out of all bounds")
    return float(value)


def shown(value: JSON) -> str:
    """A value in a message, cut to size."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
