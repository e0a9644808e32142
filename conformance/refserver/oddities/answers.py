"""Whole and streamed answers that say the usual in unusual members and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.refserver.brain import Call, Said
from conformance.refserver.completion import Answer, unique
from conformance.refserver.exchange import Obj
from conformance.refserver.oddities.registry import Facts, Stage, oddity
from conformance.refserver.tokens import pieces

_OPENAPI = "OpenAPI document of OpenAI: no object is closed to further members"
_RECORDED = "recorded at api.openai.com, 2023 to 2026"
_OPTIONAL = "OpenAPI document of OpenAI: the member is optional"


def _answers(change: Callable[[Obj], Obj]) -> Callable[[Any, Facts], Any]:
    """Changes completions and chunks."""

    def changed(value: Any, facts: Facts) -> Any:
        is_answer = isinstance(value, dict) and "choices" in value
        return change(value) if is_answer else value

    return changed


def _choices(value: Obj, change: Callable[[Obj], Obj]) -> Obj:
    return {**value, "choices": [change(choice) for choice in value["choices"]]}


def _said_in(choice: Obj) -> str:
    return "delta" if "delta" in choice else "message"


def _messages(value: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """Changes each message or delta."""
    return _choices(value, lambda c: {**c, _said_in(c): change(c[_said_in(c)])})


def _usage(value: Obj, **members: Any) -> Obj:
    return {**value, "usage": {**value["usage"], **members}} if value.get("usage") else value


def _less(value: Obj, *names: str) -> Obj:
    return {name: member for name, member in value.items() if name not in names}


@oddity("answer-more-members", on=Stage.VALUE, because=_OPENAPI)
def more_members(value: Any, facts: Facts) -> Any:
    """Completions and chunks have members that no document names."""
    more: Obj = {"provider": "acme", "x_acme": {"queue": 0.25}, "citations": [], "moderation": None}
    return _answers(lambda v: {**v, **more})(value, facts)


@oddity("answer-more-in-choices", on=Stage.VALUE, because=_OPENAPI)
def more_in_choices(value: Any, facts: Facts) -> Any:
    """Choices have members that no document names."""
    more: Obj = {"native_finish_reason": None, "content_filter_results": {}, "seed": 7}
    return _answers(lambda v: _choices(v, lambda c: {**c, **more}))(value, facts)


@oddity("answer-more-in-messages", on=Stage.VALUE, because=_OPENAPI)
def more_in_messages(value: Any, facts: Facts) -> Any:
    """Messages and deltas have members that no document names."""
    more: Obj = {"reasoning": None, "provider_specific_fields": None, "x_depth": 0}
    return _answers(lambda v: _messages(v, lambda m: {**m, **more}))(value, facts)


@oddity("answer-more-in-usage", on=Stage.VALUE, because=_OPENAPI)
def more_in_usage(value: Any, facts: Facts) -> Any:
    """The usage has prices and times."""
    more: Obj = {
        "cost": 0.000125,
        "queue_time": 3.5,
        "is_byok": False,
        "cost_details": {"upstream": 0},
    }
    return _answers(lambda v: _usage(v, **more))(value, facts)


@oddity("answer-prompt-filter-results", on=Stage.VALUE, because="Azure OpenAI's own addition")
def prompt_filter_results(value: Any, facts: Facts) -> Any:
    """Completions and chunks have prompt_filter_results."""
    found = [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}]
    return _answers(lambda v: {**v, "prompt_filter_results": found})(value, facts)


@oddity("answer-reasoning-content", on=Stage.VALUE, because=_OPENAPI)
def reasoning_content(value: Any, facts: Facts) -> Any:
    """Messages, and the deltas that open them, have reasoning_content."""
    return _answers(
        lambda v: _messages(v, lambda m: {**m, "reasoning_content": "Hm."} if m.get("role") else m)
    )(value, facts)


@oddity("answer-tier-absent", on=Stage.VALUE, because=_RECORDED, only_one="service_tier")
def tier_absent(value: Any, facts: Facts) -> Any:
    """No answer has a service_tier."""
    return _answers(lambda v: _less(v, "service_tier"))(value, facts)


@oddity("answer-tier-null", on=Stage.VALUE, because=_OPTIONAL, only_one="service_tier")
def tier_null(value: Any, facts: Facts) -> Any:
    """The service_tier is null."""
    return _answers(lambda v: {**v, "service_tier": None})(value, facts)


@oddity(
    "answer-tier-of-its-own",
    on=Stage.VALUE,
    because="answers of Groq say on_demand; no official client reads it",
    only_one="service_tier",
)
def tier_of_its_own(value: Any, facts: Facts) -> Any:
    """The service_tier is none that OpenAI lists."""
    return _answers(lambda v: {**v, "service_tier": "on_demand"})(value, facts)


@oddity("answer-fingerprint-absent", on=Stage.VALUE, because=_RECORDED, only_one="fingerprint")
def fingerprint_absent(value: Any, facts: Facts) -> Any:
    """No answer has a system_fingerprint."""
    return _answers(lambda v: _less(v, "system_fingerprint"))(value, facts)


@oddity("answer-fingerprint-null", on=Stage.VALUE, because=_RECORDED, only_one="fingerprint")
def fingerprint_null(value: Any, facts: Facts) -> Any:
    """The system_fingerprint is null."""
    return _answers(lambda v: {**v, "system_fingerprint": None})(value, facts)


@oddity("answer-refusal-absent", on=Stage.VALUE, because=_RECORDED)
def refusal_absent(value: Any, facts: Facts) -> Any:
    """No message and no delta has a refusal."""
    return _answers(lambda v: _messages(v, lambda m: _less(m, "refusal")))(value, facts)


@oddity("answer-annotations-absent", on=Stage.VALUE, because=_OPTIONAL, only_one="annotations")
def annotations_absent(value: Any, facts: Facts) -> Any:
    """No message has annotations."""
    return _answers(lambda v: _messages(v, lambda m: _less(m, "annotations")))(value, facts)


@oddity("answer-logprobs-absent", on=Stage.VALUE, because=_RECORDED)
def logprobs_absent(value: Any, facts: Facts) -> Any:
    """Choices without log probabilities lack the member instead of saying null."""
    return _answers(
        lambda v: _choices(v, lambda c: c if c.get("logprobs") else _less(c, "logprobs"))
    )(value, facts)


@oddity("answer-nulls-for-absent", on=Stage.VALUE, because="clients take null for absent")
def nulls_for_absent(value: Any, facts: Facts) -> Any:
    """Messages and deltas without calls say null for tool_calls, function_call and audio."""
    nothing = {"tool_calls": None, "function_call": None, "audio": None}
    return _answers(lambda v: _messages(v, lambda m: {**nothing, **m}))(value, facts)


@oddity(
    "answer-empty-list-for-no-calls",
    on=Stage.COMPLETION,
    because="OpenAPI document of OpenAI: the array has no least length",
)
def empty_list_for_no_calls(answer: Obj, facts: Facts) -> Obj:
    """Messages without calls have an empty list of tool_calls."""
    return _messages(answer, lambda m: {"tool_calls": [], **m})


@oddity("answer-usage-details-absent", on=Stage.VALUE, because=_RECORDED, only_one="details")
def usage_details_absent(value: Any, facts: Facts) -> Any:
    """The usage has no details."""

    def bare(v: Obj) -> Obj:
        details = ("prompt_tokens_details", "completion_tokens_details")
        return {**v, "usage": _less(v["usage"], *details)} if v.get("usage") else v

    return _answers(bare)(value, facts)


@oddity(
    "answer-usage-details-null",
    on=Stage.VALUE,
    because="the official clients' models allow null",
    only_one="details",
)
def usage_details_null(value: Any, facts: Facts) -> Any:
    """The details of the usage are null."""
    nothing = {"prompt_tokens_details": None, "completion_tokens_details": None}
    return _answers(lambda v: _usage(v, **nothing))(value, facts)


@oddity("answer-usage-details-empty", on=Stage.VALUE, because=_OPTIONAL, only_one="details")
def usage_details_empty(value: Any, facts: Facts) -> Any:
    """The details of the usage are empty objects."""
    return _answers(lambda v: _usage(v, prompt_tokens_details={}, completion_tokens_details={}))(
        value, facts
    )


@oddity("answer-usage-details-more", on=Stage.VALUE, because=_RECORDED, only_one="details")
def usage_details_more(value: Any, facts: Facts) -> Any:
    """The details of the usage count what else there is, and part of the prompt came from a cache."""
    prompt = {"cached_tokens": 2, "cache_write_tokens": 0, "text_tokens": 3, "image_tokens": 0}
    spent = {"reasoning_tokens": 0, "text_tokens": 1, "citation_tokens": 0}
    return _answers(
        lambda v: _usage(v, prompt_tokens_details=prompt, completion_tokens_details=spent)
    )(value, facts)


@oddity("answer-usage-all-reasoning", on=Stage.VALUE, because=_RECORDED, only_one="details")
def usage_all_reasoning(value: Any, facts: Facts) -> Any:
    """All completion tokens are said to be reasoning."""

    def reasoned(v: Obj) -> Obj:
        spent = v["usage"]["completion_tokens"] if v.get("usage") else 0
        return _usage(v, completion_tokens_details={"reasoning_tokens": spent})

    return _answers(reasoned)(value, facts)


@oddity("answer-model-dated", on=Stage.VALUE, because=_RECORDED, only_one="model")
def model_dated(value: Any, facts: Facts) -> Any:
    """The model's name in answers is that of a dated version."""
    return _answers(lambda v: {**v, "model": f"{v['model']}-2026-11-20"})(value, facts)


@oddity("answer-model-of-a-vendor", on=Stage.VALUE, because=_RECORDED, only_one="model")
def model_of_a_vendor(value: Any, facts: Facts) -> Any:
    """The model's name in answers is another one, with a slash and a colon."""
    return _answers(lambda v: {**v, "model": "acme/tiny-3.1:free"})(value, facts)


@oddity("answer-created-earlier", on=Stage.ANSWER, only_one="created")
def created_earlier(answer: Answer, facts: Facts) -> Answer:
    """The server's clock is five seconds slow."""
    return replace(answer, created=answer.created - 5)


@oddity("answer-created-later", on=Stage.ANSWER, only_one="created")
def created_later(answer: Answer, facts: Facts) -> Answer:
    """The server's clock is five seconds fast."""
    return replace(answer, created=answer.created + 5)


@oddity("answer-ids-of-a-vendor", on=Stage.VALUE, because="ids have no stated form")
def ids_of_a_vendor(value: Any, facts: Facts) -> Any:
    """The ids of answers begin otherwise and hold slashes and colons."""
    return _answers(lambda v: {**v, "id": f"gen-1780000000:{v['id'][9:]}/0"})(value, facts)


@oddity("answer-call-ids-short", on=Stage.VALUE, because="ids of calls have no stated form")
def call_ids_short(value: Any, facts: Facts) -> Any:
    """The ids of tool calls are nine letters and digits."""

    def renamed(message: Obj) -> Obj:
        calls = message.get("tool_calls") or []
        short = [{**c, "id": c["id"][5:14]} if c.get("id") else c for c in calls]
        return {**message, "tool_calls": short} if calls else message

    return _answers(lambda v: _messages(v, renamed))(value, facts)


@oddity("answer-calls-numbered", on=Stage.COMPLETION, because=_OPENAPI)
def calls_numbered(answer: Obj, facts: Facts) -> Obj:
    """The tool calls of a whole answer have an index, as in streams."""

    def numbered(message: Obj) -> Obj:
        calls = [{"index": n, **call} for n, call in enumerate(message.get("tool_calls", []))]
        return {**message, "tool_calls": calls} if calls else message

    return _messages(answer, numbered)


@oddity(
    "answer-empty-content-beside-calls",
    on=Stage.VALUE,
    because="OpenAPI document of OpenAI: content is a string or null",
    only_one="content beside calls",
)
def empty_content_beside_calls(value: Any, facts: Facts) -> Any:
    """Beside tool calls the content is an empty string."""
    return _answers(lambda v: _messages(v, lambda m: _instead_of_null(m, "")))(value, facts)


def _instead_of_null(message: Obj, text: str) -> Obj:
    """A message, or the delta that opens one, with a text where its content is null."""
    null = message.get("role") and message.get("content", text) is None
    return {**message, "content": text} if null else message


@oddity("answer-text-before-calls", on=Stage.VALUE, only_one="content beside calls")
def text_before_calls(value: Any, facts: Facts) -> Any:
    """Beside tool calls there is text."""
    return _answers(lambda v: _messages(v, lambda m: _instead_of_null(m, "Let me see.")))(
        value, facts
    )


def _each_said(answer: Answer, change: Callable[[Said], Said]) -> Answer:
    return replace(answer, choices=tuple(change(said) for said in answer.choices))


def _each_text(answer: Answer, **members: Any) -> Answer:
    return _each_said(answer, lambda said: said if said.calls else replace(said, **members))


@oddity(
    "answer-named-call-finishes-tool-calls",
    on=Stage.ANSWER,
    because="recorded at api.openai.com twice in 30 answers, 2026",
)
def named_call_finishes_tool_calls(answer: Answer, facts: Facts) -> Answer:
    """A call that the request names ends with tool_calls and not with stop."""

    def ends(said: Said) -> Said:
        # A call of the old kind has a reason of its own.
        tools = [call for call in said.calls if call.tool.kind != "legacy"]
        return replace(said, finish="tool_calls") if tools and said.finish == "stop" else said

    return _each_said(answer, ends)


@oddity("answer-calls-in-parallel", on=Stage.ANSWER, only_one="number of calls")
def calls_in_parallel(answer: Answer, facts: Facts) -> Answer:
    """Where the model calls a tool, it calls it twice, unless one call alone is allowed."""
    if facts.body.get("parallel_tool_calls") is False:
        return answer
    return _each_said(answer, lambda said: replace(said, calls=said.calls * 2))


@oddity(
    "answer-arguments-pretty-printed",
    on=Stage.ANSWER,
    because="the arguments are a string of JSON, and JSON allows white space",
)
def arguments_pretty_printed(answer: Answer, facts: Facts) -> Answer:
    """The arguments of tool calls hold line ends and spaces."""

    def spaced(call: Call) -> Call:
        text = call.arguments
        wide = f"{{\n  {text[1:-1]}\n}}\n" if text.endswith("}") else text
        return replace(call, fragments=pieces(wide))

    return _each_said(answer, lambda s: replace(s, calls=tuple(map(spaced, s.calls))))


@oddity("answer-choices-permuted", on=Stage.COMPLETION, because="clients order by index")
def choices_permuted(answer: Obj, facts: Facts) -> Obj:
    """The choices of a whole answer come in reversed order."""
    return {**answer, "choices": answer["choices"][::-1]}


@oddity("answer-refused", on=Stage.VALUE, because=_RECORDED, only_one="what is said")
def refused(value: Any, facts: Facts) -> Any:
    """The model refuses everything it is asked to write: the text is a refusal and content null."""

    def refusing(message: Obj) -> Obj:
        if not message.get("content"):
            return message
        text = message["content"]
        return {**message, "content": None, "refusal": text}

    return _answers(lambda v: _messages(v, refusing))(value, facts)


@oddity("answer-all-spent-on-reasoning", on=Stage.ANSWER, only_one="what is said")
def all_spent_on_reasoning(answer: Answer, facts: Facts) -> Answer:
    """A reasoning model reaches the limit before the first word of its answer."""
    return _each_text(answer, tokens=(), finish="length")


@oddity("answer-stopped-by-a-filter", on=Stage.ANSWER, only_one="what is said")
def stopped_by_a_filter(answer: Answer, facts: Facts) -> Answer:
    """A filter cuts every text after three tokens."""
    return _each_said(
        answer,
        lambda s: s if s.calls else replace(s, tokens=s.tokens[:3], finish="content_filter"),
    )


_LEAST = 16
"""Tokens that what is said instead may take."""


@oddity("answer-says-something-else", on=Stage.ANSWER, only_one="what is said")
def says_something_else(answer: Answer, facts: Facts) -> Answer:
    """The model says something else each time, whatever it is asked, within the form and length that are set."""
    limit = answer.request.limit
    short = limit is not None and limit < _LEAST
    if short or facts.body.get("response_format") or facts.body.get("logit_bias"):
        return answer
    word = unique("", answer.stamp)
    return _each_text(answer, tokens=pieces(f"Well, {word[:6]} and {word[6:12]}."), finish="stop")


@oddity("answer-begins-with-white-space", on=Stage.ANSWER)
def begins_with_white_space(answer: Answer, facts: Facts) -> Answer:
    """Texts begin with two line ends and end with a space."""
    return _each_said(
        answer,
        lambda s: s if s.calls else replace(s, tokens=("\n\n", *s.tokens, " ")),
    )


@oddity("answer-costs-a-hidden-prompt", on=Stage.ANSWER)
def costs_a_hidden_prompt(answer: Answer, facts: Facts) -> Answer:
    """Each prompt costs a hundred tokens more than was sent."""
    usage = answer.usage
    more = {name: usage[name] + 100 for name in ("prompt_tokens", "total_tokens")}
    return replace(answer, usage={**usage, **more})
