"""Messages of every kind: roles, forms of content, parts, earlier turns, tool calls with their results, long histories.

Which of them are to be accepted follows from the profile; what it leaves open is sent all the same, to see what comes.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.model.json import JSON
from conformance.model.plan import Suite
from conformance.model.profile import Profile, Support
from conformance.model.target import Target
from conformance.spec.claims import Standing, Way, standing
from conformance.spec.claims_messages import CONTENT, PARTS, ROLES, roles_of
from conformance.spec.names import slug, steps

from .claim_values import beyond, inside, of_other_types
from .registry import LIMIT, MODEL, Case, family, filled, user
from .samples import BRIEF, WEATHER

Cases = Iterator[Case]
_NO_SUCH = "conformance-no-such"
TURNS = 60
"""Of the long history, half of them the user's."""

_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLv"
    "AAAAAElFTkSuQmCC"
)
_SILENCE = "UklGRjQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YRAAAAAAAAAAAAAAAAAAAAAAAAAA"
_PAGE = (
    "data:application/pdf;base64,"
    "JVBERi0xLjEKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9UeXBlL1BhZ2Vz"
    "L0tpZHNbMyAwIFJdL0NvdW50IDE+PmVuZG9iagozIDAgb2JqPDwvVHlwZS9QYWdlL1BhcmVudCAyIDAgUi9NZWRpYUJveFsw"
    "IDAgOSA5XT4+ZW5kb2JqCnhyZWYKMCA0CjAwMDAwMDAwMDAgNjU1MzUgZiAKMDAwMDAwMDAwOSAwMDAwMCBuIAowMDAwMDAw"
    "MDUyIDAwMDAwIG4gCjAwMDAwMDAxMDEgMDAwMDAgbiAKdHJhaWxlcjw8L1NpemUgNC9Sb290IDEgMCBSPj5zdGFydHhyZWYK"
    "MTYwCiUlRU9GCg=="
)
_SAY: JSON = {"type": "text", "text": "Say OK."}
SPLIT: tuple[JSON, ...] = (
    {"type": "text", "text": "Repeat exactly: alpha beta"},
    {"type": "text", "text": " gamma delta"},
)
"""Parts that only together are what is asked for."""
_PART: dict[str, JSON] = {
    "text": {"type": "text", "text": "Hello."},
    "image_url": {"type": "image_url", "image_url": {"url": _PIXEL}},
    "input_audio": {"type": "input_audio", "input_audio": {"data": _SILENCE, "format": "wav"}},
    "file": {"type": "file", "file": {"filename": "page.pdf", "file_data": _PAGE}},
    "refusal": {"type": "refusal", "refusal": "I cannot do that."},
}


# Building conversations


def talk(*messages: JSON, **more: JSON) -> dict[str, JSON]:
    """A request with these messages, answered briefly."""
    return {"model": MODEL, "messages": list(messages), LIMIT: BRIEF, **more}


def said(role: str, content: JSON, **more: JSON) -> JSON:
    """One message."""
    return {"role": role, "content": content, **more}


def call(number: int, city: str) -> JSON:
    """A call that an assistant made."""
    function: JSON = {"name": "get_weather", "arguments": f'{{"city":"{city}"}}'}
    return {"id": f"call_conformance_{number}", "type": "function", "function": function}


def result(number: int) -> JSON:
    """The result of a call."""
    return said("tool", "21 degrees", tool_call_id=f"call_conformance_{number}")


def called(*calls: JSON, **more: JSON) -> JSON:
    """An assistant's turn that calls tools."""
    return {"role": "assistant", **more, "tool_calls": list(calls)}


_ASK = user("What is the weather in Paris and in Rome?")
_PARIS, _ROME = call(0, "Paris"), call(1, "Rome")


def _with_role(role: str) -> dict[str, JSON]:
    """A conversation in which a message has a role."""
    match role:
        case "user":
            return talk(user("Say OK."))
        case "assistant":
            return talk(user("Say A."), said(role, "A."), user("Say OK."))
        case "tool":
            return _of_tools(_ASK, called(_PARIS, content=None), result(0))
        case "function":
            named: JSON = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
            turn = said("assistant", None, function_call=named)
            return talk(_ASK, turn, said(role, "21 degrees", name="get_weather"))
        case _:
            return talk(said(role, "Answer briefly."), user("Say OK."))


def _of_tools(*messages: JSON) -> dict[str, JSON]:
    return talk(*messages, tools=[WEATHER])


def _with_part(part: str) -> dict[str, JSON]:
    """A conversation in which a message has a part."""
    if part == "refusal":
        turn = said("assistant", [_PART["refusal"]])
        return talk(user("Say A."), turn, user("Say OK."))
    return talk(said("user", [_PART.get(part, {"type": part, part: "x"}), _SAY]))


# What is asked of the profile


def _standing(body: dict[str, JSON], profile: Profile, target: Target) -> Standing:
    """How a conversation stands to the profile; the limit that every request has aside."""
    found = standing(filled(body, target), profile, target.model)
    limit = target.limit_parameter
    return Standing(
        tuple(d for d in found.departures if d.parameter != limit),
        tuple(name for name in found.unclaimed if name != limit),
    )


def _sent(
    name: str, body: dict[str, JSON], profile: Profile, target: Target, *, core: bool = False
) -> Cases:
    """A conversation that may be accepted: it does not depart in a way of which the profile says what follows."""
    found = _standing(body, profile, target)
    if any(d.parameter == "tools" for d in found.departures):
        return
    if not any(d.policy.known for d in found.departures):
        open_ = bool(found.departures)
        suite = Suite.CORE if core and not open_ else Suite.FULL
        yield Case(name, body, suite, 8 if suite is Suite.CORE else 1)


def _departing(
    name: str, body: dict[str, JSON], profile: Profile, target: Target, *, core: bool = False
) -> Cases:
    """A conversation whose only departure is one of which the profile says what follows."""
    found = _standing(body, profile, target)
    if len(found.departures) == 1 and found.departures[0].policy.known:
        free = found.departures[0].policy.rejects
        yield Case(name, body, Suite.CORE if core else Suite.FULL, 6 if core else 1, free)


# Families


def _roles(profile: Profile, target: Target) -> Cases:
    for role in ROLES:
        yield from _sent(role, _with_role(role), profile, target, core=role == "developer")


def _other_roles(profile: Profile, target: Target) -> Cases:
    claimed = roles_of(profile, target.model)
    others = [role for role in ROLES if claimed is not None and role not in claimed]
    for number, role in enumerate([*others, _NO_SUCH]):
        yield from _departing(role, _with_role(role), profile, target, core=number == 0)


def _contents(profile: Profile, target: Target) -> Cases:
    for name, body in (
        ("parts", talk(said("user", list(SPLIT)))),
        ("several-parts", talk(said("user", [_PART["text"], _SAY]))),
        ("system-parts", talk(said("system", [_PART["text"]]), user("Say OK."))),
        ("assistant-parts", talk(user("Hi."), said("assistant", [_PART["text"]]), user("Say OK."))),
        ("tool-parts", _of_tools(_ASK, called(_PARIS, content=None), _result_in_parts())),
        ("empty-text", talk(user(""))),
        ("empty-text-part", talk(said("user", [{"type": "text", "text": ""}, _SAY]))),
        ("empty-system", talk(said("system", ""), user("Say OK."))),
        ("empty-assistant", talk(user("Hi."), said("assistant", ""), user("Say OK."))),
    ):
        yield from _sent(name, body, profile, target, core=name == "parts")


def _result_in_parts() -> JSON:
    text: JSON = {"type": "text", "text": "21 degrees"}
    return said("tool", [text], tool_call_id="call_conformance_0")


def _other_contents(profile: Profile, target: Target) -> Cases:
    """Content of a form or type that is not claimed."""
    contents: dict[str, JSON] = {
        "parts": [_SAY],
        "number": 7,
        "boolean": True,
        "object": {"text": "Say OK."},
    }
    for name, content in contents.items():
        body = talk(said("user", content))
        if all(d.way is Way.TYPE for d in _standing(body, profile, target).departures):
            yield from _departing(name, body, profile, target, core=name == "parts")


def _parts(profile: Profile, target: Target) -> Cases:
    for part in PARTS:
        yield from _sent(part, _with_part(part), profile, target, core=part == "image_url")
    url: JSON = {"url": _PIXEL, "detail": "low"}
    detailed: JSON = {"type": "image_url", "image_url": url}
    yield from _sent("image-detail", talk(said("user", [_SAY, detailed])), profile, target)
    alone = talk(said("user", [_PART["image_url"]]))
    yield from _sent("image-alone", alone, profile, target)


def _other_parts(profile: Profile, target: Target) -> Cases:
    claimed = profile.messages.parts
    others = [part for part in PARTS if claimed is not None and part not in claimed]
    for number, part in enumerate([*others, _NO_SUCH]):
        yield from _departing(part, _with_part(part), profile, target, core=number == 0)
    yield from _departing("no-parts", talk(said("user", [])), profile, target)


def _names(profile: Profile, target: Target) -> Cases:
    ada = said("user", "I am Ada.", name="Ada")
    for name, body in (
        ("user", talk(said("user", "Say OK.", name="Ada"))),
        ("system", talk(said("system", "Answer briefly.", name="Ada"), user("Say OK."))),
        ("assistant", talk(user("Hi."), said("assistant", "Hi.", name="Bo"), user("Say OK."))),
        ("two", talk(ada, said("assistant", "Hi."), said("user", "Say OK.", name="Bo"))),
    ):
        yield from _sent(name, body, profile, target, core=name == "user")


def _calls(profile: Profile, target: Target) -> Cases:
    both, answers = (_PARIS, _ROME), (result(0), result(1))
    for name, messages in (
        ("null-content", (_ASK, called(_PARIS, content=None), result(0))),
        ("in-order", (_ASK, called(*both, content=None), *answers)),
        ("absent-content", (_ASK, called(_PARIS), result(0))),
        ("empty-content", (_ASK, called(_PARIS, content=""), result(0))),
        ("text-content", (_ASK, called(_PARIS, content="I look it up."), result(0))),
        ("out-of-order", (_ASK, called(*both, content=None), result(1), result(0))),
        ("then-user", (_ASK, called(_PARIS, content=None), result(0), user("Say OK."))),
        ("then-answer", _answered_once()),
        ("empty-result", (_ASK, called(_PARIS, content=None), _empty_result())),
    ):
        yield from _sent(name, _of_tools(*messages), profile, target, core=name == "null-content")


def _answered_once() -> tuple[JSON, ...]:
    """A call, its result, the answer, and another call with its result."""
    first = (_ASK, called(_PARIS, content=None), result(0), said("assistant", "21 degrees."))
    return (*first, user("And in Rome?"), called(_ROME, content=None), result(1))


def _empty_result() -> JSON:
    return said("tool", "", tool_call_id="call_conformance_0")


def _broken_calls(profile: Profile, target: Target) -> Cases:
    """Calls without a result and results without a call."""
    other = result(7)
    for name, messages in (
        ("missing-result", (_ASK, called(_PARIS, _ROME, content=None), result(0))),
        ("unknown-call", (_ASK, called(_PARIS, content=None), other)),
        ("no-result", (_ASK, called(_PARIS, content=None), user("Say OK."))),
        ("result-twice", (_ASK, called(_PARIS, content=None), result(0), result(0))),
    ):
        body, core = _of_tools(*messages), name == "missing-result"
        if not _standing(body, profile, target).departures:
            yield Case(name, body, Suite.CORE if core else Suite.FULL, 4)


def _orders(profile: Profile, target: Target) -> Cases:
    brief, short = said("system", "Answer briefly."), said("system", "Use small words.")
    for name, messages in (
        ("several-system", (brief, short, user("Say OK."))),
        ("system-in-the-middle", (user("Hi."), said("assistant", "Hi."), brief, user("Say OK."))),
        ("system-last", (user("Say OK."), brief)),
        ("system-alone", (said("system", "Say OK."),)),
        ("users-in-a-row", (user("My name is Ada."), user("Say OK."))),
        ("assistants-in-a-row", (user("Hi."), *[said("assistant", "Hi.")] * 2, user("Say OK."))),
        ("assistant-first", (said("assistant", "How can I help?"), user("Say OK."))),
        ("assistant-last", (user("Say OK."), said("assistant", "O"))),
    ):
        yield from _sent(name, talk(*messages), profile, target, core=name == "several-system")


def _histories(profile: Profile, target: Target) -> Cases:
    for name, turns in (("ten", 10), ("sixty", TURNS)):
        history = [
            user(f"Say {n}.") if n % 2 == 0 else said("assistant", f"{n - 1}.")
            for n in range(turns)
        ]
        yield from _sent(name, talk(*history, user("Say OK.")), profile, target)


def _members(profile: Profile, target: Target) -> Cases:
    """Values of claimed members of messages that depart from the claim."""
    for name in profile.parameters:
        # Content has families of its own.
        if not name.startswith("messages[].") or name == CONTENT:
            continue
        claim = profile.parameter(name, target.model)
        gone = claim.support is Support.NONE
        told = (*inside(claim), ("sent", "conformance"))[:1]
        made = told if gone else (*beyond(claim), *of_other_types(claim))
        for number, (case, value) in enumerate(made):
            body = talk(_put(user("Say OK."), steps(name)[2:], value))
            found = _standing(body, profile, target).departures
            if [name] == [d.parameter for d in found]:
                case = f"{slug(name)[len('messages-') :]}-{case}"
                core = number == 0 and name == "messages[].name"
                yield from _departing(case, body, profile, target, core=core)


def _put(holder: JSON, path: tuple[str, ...], value: JSON) -> JSON:
    """A message with a value at a path; parts on the way are those that have the member."""
    if not path:
        return value
    step, *rest = path
    if step == "[]":
        item: JSON = _PART.get(rest[0], _SAY) if rest else _SAY
        return [_put(item, tuple(rest), value)]
    members = dict(holder) if isinstance(holder, dict) else {}
    return {**members, step: _put(members.get(step), tuple(rest), value)}


def _row(kind: str) -> str:
    return f"messages: {kind}"


family(
    "message.role.accepted",
    "A message of each role that the profile claims, or leaves open.",
    _roles,
    row=lambda case: _row(f"role {case}"),
)
family(
    "message.role.unsupported",
    "A message of a role that the profile does not list.",
    _other_roles,
    row=lambda case: _row("role that is not listed" if case == _NO_SUCH else f"role {case}"),
)
family(
    "message.content.accepted",
    "Content as text and as parts, some of it empty.",
    _contents,
    row=lambda case: _row(f"content {case}"),
)
family(
    "message.content.type",
    "Content of another form or type than the profile claims.",
    _other_contents,
    row=lambda case: _row(f"content of another type: {case}"),
)
family(
    "message.part.accepted",
    "Each kind of content part that the profile claims, or leaves open.",
    _parts,
    row=lambda case: _row(f"part {case}"),
)
family(
    "message.part.range",
    "Content parts that the profile does not list, and none at all.",
    _other_parts,
    row=lambda case: _row(f"part {case}"),
)
family(
    "message.name.accepted",
    "Messages that name their author.",
    _names,
    row=lambda case: _row(f"name of {case}"),
)
family(
    "message.member.type",
    "A member of a message that departs from what the profile claims of it.",
    _members,
    row=lambda case: _row(f"member {case}"),
)
family(
    "message.calls.accepted",
    "An assistant's earlier calls with a result for each, in and out of order.",
    _calls,
    row=lambda case: _row(f"calls {case}"),
)
family(
    "message.calls.combination",
    "Calls without a result, and results without a call.",
    _broken_calls,
    row=lambda case: _row(f"calls {case}"),
)
family(
    "message.order.accepted",
    "Messages in an unusual order.",
    _orders,
    row=lambda case: _row(f"order {case}"),
)
family(
    "message.history.accepted",
    "A conversation of many turns.",
    _histories,
    row=lambda case: _row(f"history {case}"),
)
