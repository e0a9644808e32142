"""What the effect of a parameter looks like from outside, for those whose effect shows.

An effect that is missing where it should show is a parameter accepted and ignored, which is what hurts users most.
Whatever may as well be the model's own doing is unclear, never missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from conformance.model.finding import Level
from conformance.model.json import JSON
from conformance.spec.structured import breach, unheeded
from conformance.wire import strict_json
from conformance.wire.answer import Said, said
from conformance.wire.reading import Reading

from .answers import completion_tokens
from .logprobs import Scores, scores_of, stream_scores
from .usage import carries_usage

Body = Mapping[str, JSON]


class Effect(StrEnum):
    """Whether a parameter did what it is for."""

    SEEN = "seen"
    MISSING = "missing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer shows of one parameter's effect."""

    effect: Effect
    said: str
    """What was seen, in words."""
    at: str = ""
    level: Level | None = None
    """How much it matters, where it is less than an effect that is missing altogether."""
    how: str = "ignored"
    """What became of a parameter whose effect is missing: no more than what was seen."""
    telling: bool = True
    """Whether what was seen is more than what an ordinary answer looks like anyway."""


@dataclass(frozen=True, slots=True)
class Visible:
    """A parameter whose effect shows: for which requests, and how."""

    shows: Callable[[Body], bool]
    """Whether the request would show it, told from its body."""
    expected: Callable[[Body], str]
    """What should be seen, in words."""
    look: Callable[[Reading], Seen]
    certain: bool = True
    """Whether its absence shows as well: where the model may do without, it never does."""
    level: Level = Level.MUST
    """How much it matters where it is claimed and missing."""


def _seen(text: str) -> Seen:
    return Seen(Effect.SEEN, text)


def _missing(text: str, at: str = "", level: Level | None = None, how: str = "ignored") -> Seen:
    return Seen(Effect.MISSING, text, at, level, how)


def _as_ever(text: str) -> Seen:
    """As it should be, and as it may well be without the parameter."""
    return Seen(Effect.SEEN, text, telling=False)


def _unclear(text: str) -> Seen:
    return Seen(Effect.UNCLEAR, text)


def whole(value: JSON) -> int | None:
    """A value as a whole number; None if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# n


def _n(x: Reading) -> Seen:
    asked, came = x.asked.n, len(said(x))
    told = f"{came} choice{'' if came == 1 else 's'}"
    if came == asked:
        return _seen(told)
    if not came:
        return _unclear("no choices at all")
    return _missing(told, "/choices", how="ignored" if came == 1 else "not kept")


# stop


def stops_of(body: Body) -> tuple[str, ...]:
    """The stop sequences of a request."""
    stop = body.get("stop")
    listed = stop if isinstance(stop, list) else [stop]
    return tuple(one for one in listed if isinstance(one, str) and one)


def _stop(x: Reading) -> Seen:
    stops = stops_of(x.asked.body)
    for one in said(x):
        found = next((stop for stop in stops if stop in one.text), None)
        if found is not None:
            return _missing(f"the text contains {found!r}: {_brief(one.text)}", one.at)
    phrase = _to_repeat(x.asked.body)
    cut = min((phrase.find(stop) for stop in stops if stop in phrase), default=-1)
    before = phrase[:cut].strip() if cut > 0 else ""
    if before and all(before in one.text for one in said(x)) and said(x):
        return _seen(f"the text ends before the stop sequence: {_brief(said(x)[0].text)}")
    return _unclear("the model did not come to the stop sequence")


_REPEAT = re.compile(r"Repeat exactly: (.+)\Z", re.DOTALL)


def _to_repeat(body: Body) -> str:
    """The phrase that the last message asks to be repeated."""
    found = _REPEAT.search(_last_text(body))
    return found[1] if found else ""


def _last_text(body: Body) -> str:
    """The text of the last message; empty where it has none or is in parts."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else ""


def _brief(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


# Limits of the output


def _limit(name: str) -> Callable[[Reading], Seen]:
    def look(x: Reading) -> Seen:
        limit = whole(x.asked.body.get(name)) or 0
        choices = said(x)
        if not choices:
            return _unclear("no choices at all")
        cut = all(one.finish == "length" for one in choices)
        # What a call is counted as, beyond its arguments, is up to whoever counts.
        called = any(one.calls or one.function_call for one in choices) and not cut
        counted = (
            completion_tokens(_usage(x)) if len(choices) == x.asked.n == 1 and not called else None
        )
        # Reasoning counts against the newer parameter only, and models differ in what they count.
        spent = counted[0] - counted[1] if counted else None
        words = max(len(one.text.split()) for one in choices)
        if words > limit + 2 or (spent is not None and spent > 2 * limit + 8):
            told = f"{words} words" if not spent or spent <= limit else f"{spent} completion tokens"
            return _over(told, limit, cut=cut)
        if spent is not None and spent > limit:
            return _over(f"{spent} completion tokens", limit, cut=cut, level=Level.SHOULD)
        if cut:
            return _seen(f"cut with finish_reason length at a limit of {limit}")
        return _unclear("the answer is shorter than the limit")

    return look


def _over(told: str, limit: int, *, cut: bool, level: Level | None = None) -> Seen:
    # Who counts with one tokenizer and cuts with another, or has a least limit, does not ignore it.
    how = "kept in part" if cut else "not kept" if level else "ignored"
    end = ", cut with finish_reason length" if cut else ""
    return _missing(f"{told} for a limit of {limit}{end}", level=level, how=how)


def _usage(x: Reading) -> JSON:
    if not x.asked.streams:
        return (x.object or {}).get("usage")
    found = [chunk["usage"] for _, chunk in x.chunks if isinstance(chunk.get("usage"), dict)]
    return found[-1] if found else None


def _limits(name: str) -> Callable[[Body], bool]:
    return lambda body: 0 < (whole(body.get(name)) or 0) <= 10_000


# Log probabilities


def _scores(x: Reading) -> list[Scores]:
    return stream_scores(x) if x.asked.streams else scores_of(x)


def _logprobs(x: Reading) -> Seen:
    scores = _scores(x)
    bare = next((score for score in scores if score.missing), None)
    if bare is not None:
        return _missing("text without log probabilities", bare.at)
    if any(score.entries for score in scores):
        return _seen("log probabilities came")
    return _unclear("the answer has no text that could have any")


def _top_logprobs(x: Reading) -> Seen:
    entries = [entry for score in _scores(x) for entry in score.entries]
    if not entries:
        return _unclear("no log probabilities came at all")
    if any(entry.get("top_logprobs") for entry in entries):
        return _seen("alternatives came")
    return _missing("no token has alternatives", "/choices/0/logprobs/content/0/top_logprobs")


# Structured output


def form_of(body: Body) -> Mapping[str, JSON]:
    """The response format of a request."""
    form = body.get("response_format")
    return form if isinstance(form, dict) else {}


def schema_of(body: Body) -> JSON:
    """The schema that the answer is to obey; None where the format asks for none."""
    form = form_of(body)
    given = form.get("json_schema") if form.get("type") == "json_schema" else None
    return given.get("schema") if isinstance(given, dict) else None


def strict_answer(body: Body) -> bool:
    """Whether the answer is to obey its schema strictly."""
    given = form_of(body).get("json_schema")
    return isinstance(given, dict) and given.get("strict") is True


def _response_format(x: Reading) -> Seen:
    complete = [one for one in said(x) if one.finish not in (None, "length", "content_filter")]
    complete = [one for one in complete if one.text and not one.refusal and not one.calls]
    if not complete:
        return _unclear("no answer came to its end")
    for one in complete:
        if (problem := _form_problem(one, x.asked.body, of_shapes=_sends_shapes(x))) is not None:
            return problem
    return _seen(f"JSON came: {_brief(complete[0].text)}")


def _sends_shapes(x: Reading) -> bool:
    """Whether a request tries a schema, of which the checks of schemas tell whether it was obeyed."""
    return (x.exchange.probe or "").startswith("schema.")


def _form_problem(one: Said, body: Body, *, of_shapes: bool) -> Seen | None:
    parsed = strict_json.parse(one.text.encode("utf-8", "replace"))
    at = f"{one.at}/message/content" if one.at.startswith("/") else one.at
    if parsed.error is not None and body.get("stop"):
        return _unclear("a stop sequence may have ended the text inside the JSON")
    if parsed.error is not None:
        return _missing(f"the text is no JSON: {_brief(one.text)}", at)
    if form_of(body).get("type") == "json_object":
        if isinstance(parsed.value, dict):
            return None
        return _missing(f"the text is JSON but no object: {_brief(one.text)}", at)
    broken = breach(schema_of(body), parsed.value)
    if broken is None:
        return None
    of_shapes = of_shapes and not unheeded(schema_of(body), parsed.value)
    if of_shapes or not strict_answer(body):
        kind = "one of many schemas" if of_shapes else "a schema that is not strict"
        return _unclear(f"the answer does not obey {kind} ({broken})")
    return _missing(f"the answer does not obey the schema ({broken}): {_brief(one.text)}", at)


# Tools


def _named(choice: JSON) -> str | None:
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def _allowed(choice: JSON) -> tuple[str, tuple[str, ...]]:
    """The mode of ``allowed_tools`` and the functions it leaves."""
    allowed = choice.get("allowed_tools") if isinstance(choice, dict) else None
    if not isinstance(allowed, dict):
        return "", ()
    tools = allowed.get("tools")
    names = [_named(tool) for tool in tools] if isinstance(tools, list) else []
    return str(allowed.get("mode")), tuple(name for name in names if name)


def _tool_choice(x: Reading) -> Seen:
    choice, choices = x.asked.body.get("tool_choice"), said(x)
    if not choices:
        return _unclear("no choices at all")
    called = [call.name for one in choices for call in one.calls]
    told = f"calls of {', '.join(called)}" if called else "no tool call"
    if not set(called) <= set(x.asked.tool_names):
        return _unclear(f"{told}, which are not declared")
    if choice == "none":
        return _missing(told) if called else _as_ever(told)
    mode, allowed = _allowed(choice)
    wanted = (name,) if (name := _named(choice)) else allowed
    if wanted and not set(called) <= set(wanted):
        return _missing(told)
    if mode == "auto" or (not called and any(one.finish == "length" for one in choices)):
        return _unclear("the model made no call") if not called else _seen(told)
    if not called:
        return _missing(told)
    return _as_ever(told) if _suggested(called, x.asked.body) else _seen(told)


def _suggested(called: list[str], body: Body) -> bool:
    """Whether the prompt asks for these calls, so that a model may make them of its own accord."""
    prompt, tools = _last_text(body).lower(), body.get("tools")
    words = {word for name in called for word in re.split(r"[^a-z]+", name.lower())}
    # To be told to use a tool does not suggest one of several.
    chosen = _named(body.get("tool_choice")) and isinstance(tools, list) and len(tools) > 1
    words |= set() if chosen else {"tool", "function", "call"}
    return any(len(word) > 3 and word in prompt for word in words)


def _chooses(body: Body) -> bool:
    choice = body.get("tool_choice")
    return bool(body.get("tools")) and (
        choice in ("none", "required") or bool(_named(choice) or _allowed(choice)[1])
    )


def _tool_choice_expected(body: Body) -> str:
    choice = body.get("tool_choice")
    if choice == "none":
        return "no tool call"
    wanted = (name,) if (name := _named(choice)) else _allowed(choice)[1]
    return f"a call of {' or '.join(wanted)}" if wanted else "a tool call"


def _tools(x: Reading) -> Seen:
    if any(one.calls for one in said(x)):
        return _seen("a tool call came")
    return _unclear("the model made no call")


def _parallel(x: Reading) -> Seen:
    # A piece without a name is a part of another call, whatever index it came under.
    most = max((sum(bool(c.name) for c in one.calls) for one in said(x)), default=0)
    if most > 1:
        return _missing(f"{most} calls in one answer")
    return _as_ever("one call") if most else _unclear("the model made no call")


def _functions(x: Reading) -> Seen:
    if any(one.function_call for one in said(x)):
        return _seen("a function call came")
    return _unclear("the model made no call")


def _function_call(x: Reading) -> Seen:
    wish, choices = x.asked.body.get("function_call"), said(x)
    called = [one.function_call.name for one in choices if one.function_call]
    told = f"calls of {', '.join(called)}" if called else "no function call"
    if wish == "none":
        return _missing(told) if called else _as_ever(told)
    if not choices or (not called and any(one.finish == "length" for one in choices)):
        return _unclear(told)
    wanted = wish.get("name") if isinstance(wish, dict) else None
    return _seen(told) if called and set(called) <= {wanted} else _missing(told)


# Others


def _options(body: Body) -> Mapping[str, JSON]:
    options = body.get("stream_options")
    return options if isinstance(options, dict) else {}


def _obfuscation(x: Reading) -> Seen:
    padded = [number for number, chunk in x.chunks if "obfuscation" in chunk]
    if not padded:
        return _as_ever("no chunk is padded")
    return _missing("chunks have `obfuscation`", f"event {padded[0]}")


_ENOUGH = 4
"""Tokens from which on one that comes again and again is told from an ordinary word."""


def _logit_bias(x: Reading) -> Seen:
    texts = [one.text for one in said(x)]
    limits = [x.asked.body.get(name) for name in ("max_tokens", "max_completion_tokens")]
    few = any(isinstance(limit, int) and limit < _ENOUGH for limit in limits)
    cut = few or bool(x.asked.body.get("stop"))
    if cut or not texts or not all(len(text.strip()) > 3 for text in texts):
        return _unclear("the answer is too short to tell")
    if all(_one_unit(text) for text in texts):
        return _seen(f"one token again and again: {_brief(texts[0])}")
    return _missing(f"an ordinary answer: {_brief(texts[0])}")


def _one_unit(text: str) -> bool:
    """Whether a text is one piece again and again."""
    text = text.strip()
    spaced = text.split()
    if len(spaced) > 1 and len(set(spaced)) == 1:
        return True
    return any(
        len(text) >= 2 * size and text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in range(1, len(text) // 2 + 1)
    )


def _forces_one(body: Body) -> bool:
    bias = body.get("logit_bias")
    # A format or a forced call decides which tokens are left as well.
    formed = schema_of(body) is not None or form_of(body).get("type") == "json_object"
    free = not formed and body.get("tool_choice", "auto") in ("auto", "none")
    return free and isinstance(bias, dict) and list(bias.values()) == [100]


VISIBLE: Mapping[str, Visible] = {
    "n": Visible(lambda b: (whole(b.get("n")) or 0) > 1, lambda b: f"{b.get('n')} choices", _n),
    "stop": Visible(
        lambda b: bool(stops_of(b)),
        lambda b: "text without " + " or ".join(map(repr, stops_of(b))),
        _stop,
    ),
    "max_tokens": Visible(
        _limits("max_tokens"),
        lambda b: f"at most {b.get('max_tokens')} completion tokens",
        _limit("max_tokens"),
    ),
    "max_completion_tokens": Visible(
        _limits("max_completion_tokens"),
        lambda b: f"at most {b.get('max_completion_tokens')} completion tokens",
        _limit("max_completion_tokens"),
    ),
    "logprobs": Visible(
        lambda b: b.get("logprobs") is True, lambda b: "log probabilities", _logprobs
    ),
    "top_logprobs": Visible(
        lambda b: (whole(b.get("top_logprobs")) or 0) > 0,
        lambda b: f"up to {b.get('top_logprobs')} alternatives for each token",
        _top_logprobs,
    ),
    "response_format": Visible(
        lambda b: form_of(b).get("type") == "json_object" or schema_of(b) is not None,
        lambda b: (
            "text that is a JSON object"
            if schema_of(b) is None
            else "JSON text that obeys the schema"
        ),
        _response_format,
    ),
    "tools": Visible(
        lambda b: bool(b.get("tools")), lambda b: "a tool call", _tools, certain=False
    ),
    "tool_choice": Visible(_chooses, _tool_choice_expected, _tool_choice),
    "parallel_tool_calls": Visible(
        lambda b: b.get("parallel_tool_calls") is False and bool(b.get("tools")),
        lambda b: "one tool call at most",
        _parallel,
    ),
    "functions": Visible(
        lambda b: bool(b.get("functions")), lambda b: "a function call", _functions, certain=False
    ),
    "function_call": Visible(
        lambda b: (
            bool(b.get("functions"))
            and (b.get("function_call") == "none" or isinstance(b.get("function_call"), dict))
        ),
        lambda b: (
            "no function call" if b.get("function_call") == "none" else "that function's call"
        ),
        _function_call,
    ),
    "stream_options": Visible(
        lambda b: _options(b).get("include_obfuscation") is False and b.get("stream") is True,
        lambda b: "chunks without `obfuscation`",
        _obfuscation,
        level=Level.MAY,
    ),
    "logit_bias": Visible(
        _forces_one,
        lambda b: "one token, the only one that is left",
        _logit_bias,
        level=Level.SHOULD,
    ),
}
"""Parameters whose effect shows from outside in a single answer."""


# Effects that other checks look for


def _streams(x: Reading) -> Seen:
    if x.looks_like_events:
        return _seen("an event stream came")
    return _missing("one body came") if x.body.strip() else _unclear("the body is empty")


def _usage_came(x: Reading) -> Seen:
    return _seen("usage came") if carries_usage(x) else _missing("no usage in the stream")


MEMBERS: Mapping[str, Visible] = {
    "stream": Visible(lambda b: b.get("stream") is True, lambda b: "an event stream", _streams),
    "stream_options.include_usage": Visible(
        lambda b: _options(b).get("include_usage") is True and b.get("stream") is True,
        lambda b: "usage before [DONE]",
        _usage_came,
    ),
}
"""What ``stream.answers-with-events`` and ``chunk.usage-asked`` hold their answers to."""


# What is left of a value that is above a maximum


def cut_to(name: str, x: Reading) -> str | None:
    """What came instead of more than is allowed; None where nothing was cut, or it would not show."""
    measure = _MEASURES.get(name)
    return measure(x) if measure is not None else None


def _fewer_choices(x: Reading) -> str | None:
    came = len(said(x))
    return (
        f"{came} choice{'' if came == 1 else 's'} for {x.asked.n}" if 0 < came < x.asked.n else None
    )


def _fewer_stops(x: Reading) -> str | None:
    seen = _stop(x)
    count = len(stops_of(x.asked.body))
    lost = seen.effect is Effect.MISSING and count > 1
    return f"not all of {count} sequences have an effect" if lost else None


def _fewer_alternatives(x: Reading) -> str | None:
    asked = whole(x.asked.body.get("top_logprobs")) or 0
    listed = [e.get("top_logprobs") for score in _scores(x) for e in score.entries]
    most = max((len(found) for found in listed if isinstance(found, list)), default=0)
    return f"{most} alternatives for {asked}" if 0 < most < asked else None


_MEASURES: Mapping[str, Callable[[Reading], str | None]] = {
    "n": _fewer_choices,
    "stop": _fewer_stops,
    "top_logprobs": _fewer_alternatives,
}
