"""Faults by which one request's text or limits show in another's answer; played without any memory."""

from __future__ import annotations

from dataclasses import replace

from conformance.model.canary import CANARIES, IMAGE_CANARY, canaries_in
from conformance.refserver.completion import Answer, counted
from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import each_text_message
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.refusals import Refused
from conformance.refserver.tokens import pieces

_ONE, _TWO = CANARIES["isolation.canary.one"], CANARIES["isolation.canary.two"]


def _swapped(answer: Answer, old: str, new: str) -> Answer:
    said = [replace(one, tokens=pieces(one.text.replace(old, new))) for one in answer.choices]
    return replace(answer, choices=tuple(said))


def _sent(facts: Facts) -> str:
    return facts.request.body.decode("utf-8", "replace")


def _with_more(answer: Obj, facts: Facts, word: str) -> Obj:
    """A whole answer that ends with a word of somebody else's, where the request holds none."""
    apart = facts.has_tools or not facts.first_turn or facts.body.get("logprobs")
    if apart or canaries_in(_sent(facts)):
        return answer
    return each_text_message(answer, lambda m: {**m, "content": f"{m['content']} {word}"})


@fault("isolation-answers-swapped", "isolation.answers-not-mixed", on=Stage.ANSWER)
def isolation_answers_swapped(answer: Answer, facts: Facts) -> Answer:
    """A request gets the answer of another that is sent at the same time."""
    return _swapped(answer, _TWO, _ONE)


@fault("isolation-cached-by-prefix", "isolation.answers-not-mixed", on=Stage.ANSWER)
def isolation_cached_by_prefix(answer: Answer, facts: Facts) -> Answer:
    """Streams come from a cache that only looks at the beginning of the prompt."""
    return _swapped(answer, CANARIES["isolation.stream.canary"], _ONE)


@fault("isolation-system-message-leaks", "isolation.nothing-carried-over", on=Stage.COMPLETION)
def isolation_system_message_leaks(answer: Obj, facts: Facts) -> Obj:
    """Answers end with words from another request's system message."""
    return _with_more(answer, facts, CANARIES["isolation.system"])


@fault("isolation-tool-result-leaks", "isolation.nothing-carried-over", on=Stage.COMPLETION)
def isolation_tool_result_leaks(answer: Obj, facts: Facts) -> Obj:
    """Answers end with words from another request's tool result."""
    return _with_more(answer, facts, CANARIES["isolation.tool-result"])


@fault("isolation-image-leaks", "isolation.nothing-carried-over", on=Stage.ANSWER)
def isolation_image_leaks(answer: Answer, facts: Facts) -> Answer:
    """Streamed answers begin with words from another request's image."""
    if not facts.wants_stream or facts.has_tools or canaries_in(_sent(facts)):
        return answer
    said = [replace(one, tokens=(IMAGE_CANARY, *one.tokens)) for one in answer.choices]
    return replace(answer, choices=tuple(said))


@fault("isolation-prompt-in-errors", "isolation.nothing-carried-over", on=Stage.REFUSAL)
def isolation_prompt_in_errors(refused: Refused, facts: Facts) -> Refused:
    """Errors quote the prompt of another request."""
    content = refused.content
    if not isinstance(content, dict) or not isinstance(content.get("error"), dict):
        return refused
    message = f"{content['error'].get('message')} Prompt: {_ONE}"
    return replace(refused, content={"error": {**content["error"], "message": message}})


@fault("isolation-limit-stays", "isolation.limits-not-carried-over", on=Stage.ANSWER)
def isolation_limit_stays(answer: Answer, facts: Facts) -> Answer:
    """A limit of one token still holds for the request that follows."""
    if CANARIES["isolation.system"] not in _sent(facts):
        return answer
    said = tuple(replace(c, tokens=c.tokens[:1], finish="length") for c in answer.choices)
    usage = counted(answer.usage["prompt_tokens"], len(said))
    return replace(answer, choices=said, usage=usage)
