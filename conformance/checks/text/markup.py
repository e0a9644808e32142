"""Tokens of the chat template stay out of what is shown: none beside a call, none at the end of a text."""

from __future__ import annotations

import re

from conformance.checks.asked import strings
from conformance.checks.chat.calls import tool_calls_came
from conformance.checks.chunk.calls import calls_came
from conformance.checks.givens import RECORDING, read_in_its_form
from conformance.checks.kinds import completions, ordinary_chat, own, streams, with_tools
from conformance.checks.registry import SHOULD, Problems, check
from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.spec.phrase import quoted
from conformance.wire.answer import Said, said
from conformance.wire.reading import Reading

_BAR = r"[|\uff5c]"
"""What stands inside the angle brackets of a special token; one family of models has the wide form."""
_REASONING = r"(?![\w\u2581]*(?:think|thought|reason)|channel|message|start)"
_OF_CALLS = re.compile(
    rf"<{_BAR}{_REASONING}[A-Za-z][\w\u2581]+{_BAR}>|<{_BAR}(?:tool|function|call)\w*"
    r"|</?tool_call\w*|\[/?TOOL_CALLS\]|<function=\w|</function>"
)
"""What templates write around a call, reasoning aside; a special token may have lost its end."""
_ENDS = (
    "im_end|eot_id|eom_id|eot|eos|end|end_of_text|endoftext|end_of_turn|end_of_sentence"
    "|end\u2581of\u2581sentence|END_OF_TURN_TOKEN|return|role_end|end_of_role|user|observation"
)
_OF_ENDS = re.compile(rf"(?:<{_BAR}(?:{_ENDS}){_BAR}>|</s>|<eos>|<end_of_turn>)\s*\Z")
"""What templates write behind an answer."""
_IN_WORDS = re.compile("</s>|<eos>|<end_of_turn>")
_LEAST = 10
"""Characters of arguments from which on the same text is no chance."""
_FIRST = 8
"""Calls that are looked for in the text, so that many take no long time."""
_AROUND = {"name", "arguments", "parameters", "type", "function", "functions"}
_AROUND |= {"tool", "call", "calls", "json"}
"""The words with which a call is written down; others are a model's own."""


def unspoken_of(x: Reading, profile: Profile) -> Unjudged | None:
    """The request speaks of no such tokens, which a model may then well say itself."""
    texts = (text for _, text in strings(x.asked.parsed.value))
    if any(_OF_CALLS.search(text) or _IN_WORDS.search(text) for text in texts):
        return Unjudged("the request speaks of such tokens itself", RECORDING)
    return None


def _written(one: Said) -> str:
    """The markup in the text beside calls; empty if there is none."""
    if (found := _OF_CALLS.search(one.text)) is not None:
        return found[0]
    for call in one.calls[:_FIRST]:
        arguments = call.arguments.strip()
        if len(arguments) < _LEAST or arguments not in one.text:
            continue
        rest = one.text.replace(arguments, " ").replace(call.name, " ")
        # A model may well say in its own words what it is about to call.
        if set(re.findall(r"[^\W_]+", rest.lower())) <= _AROUND:
            return arguments
    return ""


def _beside_calls(x: Reading) -> Problems:
    for one in said(x):
        if one.calls and (markup := _written(one)):
            yield Problem(
                one.at if x.asked.streams else f"{one.at}/message/content",
                expected="no trace of the call's markup in the text",
                actual=f"{quoted(markup)} in {quoted(one.text)}",
            )


@check(
    "chat.response.no-markup",
    level=SHOULD,
    on=with_tools(completions),
    given=(tool_calls_came, unspoken_of),
    probes=("tools.required",),
)
def calls_leave_no_markup(x: Reading, profile: Profile) -> Problems:
    """A message with tool calls has none of their markup in its text."""
    yield from _beside_calls(x)


@check(
    "chunk.no-markup",
    level=SHOULD,
    on=with_tools(streams),
    given=(calls_came, unspoken_of),
    probes=("tools.stream.required",),
)
def streamed_calls_leave_no_markup(x: Reading, profile: Profile) -> Problems:
    """A stream with tool calls has none of their markup in its text."""
    yield from _beside_calls(x)


# Ends


def fixed_prompts(x: Reading) -> bool:
    """Requests of this run whose prompts are always the same, and whose tokens are not made unlikely."""
    body = x.asked.body
    plain = not body.get("logit_bias") and body.get("temperature") in (None, 0, 0.5, 1)
    made_up = (x.exchange.probe or "").startswith(("generated.", "text."))
    return own(x) and ordinary_chat(x) and plain and not made_up


def text_came(x: Reading, profile: Profile) -> Unjudged | None:
    """An answer came with text."""
    if (reason := read_in_its_form(x, profile) or unspoken_of(x, profile)) is not None:
        return reason
    return None if any(one.text for one in said(x)) else Unjudged("no text", Hindrance.MODEL)


@check(
    "text.no-special-tokens",
    level=SHOULD,
    on=fixed_prompts,
    given=text_came,
    probes=("chat.basic", "chat.stream.basic"),
)
def texts_end_without_special_tokens(x: Reading, profile: Profile) -> Problems:
    """A text does not end with the token that ends a turn."""
    for one in said(x):
        if (found := _OF_ENDS.search(one.text)) is not None:
            yield Problem(
                one.at if x.asked.streams else f"{one.at}/message/content",
                expected="the text without the token that ended it",
                actual=f"{quoted(found[0].strip())} at the end of {quoted(one.text[-60:])}",
            )
