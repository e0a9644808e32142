"""The arguments of a tool call hold what the user wrote."""

from __future__ import annotations

import re

from conformance.checks.asked import last_text, strings
from conformance.checks.echo import Echo, echo_of
from conformance.checks.givens import read_in_its_form
from conformance.checks.kinds import probe
from conformance.checks.registry import SHOULD, Problems, check
from conformance.model.finding import Hindrance, Unjudged
from conformance.model.profile import Profile
from conformance.wire import strict_json
from conformance.wire.completion import calls_of, function_of, messages_of
from conformance.wire.reading import Reading

from .repeated import not_intact, utf8

TOOL = ("text.stream.tool", "tools.auto")


def city_called(x: Reading, profile: Profile) -> Unjudged | None:
    """A tool was called with the city of the request, intact or damaged."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    if _city(x) is None:
        return Unjudged("no tool call names the city of the request", Hindrance.MODEL)
    return None


def _city(x: Reading) -> Echo | None:
    cities = re.findall(r'"([^"]+)"', last_text(x.asked.body))
    texts = [t for call in _arguments(x) for _, t in strings(strict_json.parse_text(call).value)]
    echoes = [e for text in texts for city in cities if (e := echo_of(text, city)) is not None]
    return next((e for e in echoes if not e.sound), echoes[0] if echoes else None)


def _arguments(x: Reading) -> list[str]:
    """The arguments of all calls, in either mode."""
    if x.asked.streams:
        return [c.arguments for choice in x.choices.values() for c in choice.tools.values()]
    calls = [call for _, _, message in messages_of(x) for call in calls_of(message)]
    return [str(function_of(call).get("arguments") or "") for call in calls]


@check("text.tool-arguments", level=SHOULD, on=probe(*TOOL), given=(city_called, utf8), probes=TOOL)
def tool_arguments_are_intact(x: Reading, profile: Profile) -> Problems:
    """The name of a city keeps its accents and spaces in the arguments of a tool call."""
    echo = _city(x)
    if echo is not None and not echo.sound:
        yield not_intact(repr(echo.text), echo.text)
