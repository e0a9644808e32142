"""Faults by which one request's text or limits show in another's answer; played without any memory."""

from __future__ import annotations

from dataclasses import replace

from conformance.model.canary import CANARIES, IMAGE_CANARY, canaries_in
from conformance.refserver.completion import Answer, counted
from conformance.refserver.exchange import End, Obj, Reply
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
    formed = any(facts.body.get(n) for n in ("logprobs", "response_format", "logit_bias"))
    apart = facts.has_tools or not facts.first_turn or formed
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
    apart = facts.has_tools or facts.body.get("response_format")
    if not facts.wants_stream or apart or canaries_in(_sent(facts)):
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


@fault(
    "isolation-limit-stays",
    "chat.response.finish-length",
    "isolation.limits-not-carried-over",
    on=Stage.ANSWER,
)
def isolation_limit_stays(answer: Answer, facts: Facts) -> Answer:
    """A limit of one token still holds for the request that follows."""
    if CANARIES["isolation.system"] not in _sent(facts):
        return answer
    said = tuple(replace(c, tokens=c.tokens[:1], finish="length") for c in answer.choices)
    usage = counted(answer.usage["prompt_tokens"], len(said))
    return replace(answer, choices=said, usage=usage)


def _counts(facts: Facts) -> bool:
    """Whether a count of ten is asked for with room for it, and no stop word."""
    counting = "from one to ten" in _sent(facts) and not canaries_in(_sent(facts))
    roomy = 16 in (facts.body.get("max_tokens"), facts.body.get("max_completion_tokens"))
    return counting and roomy and facts.body.get("stop") is None


def _cut(answer: Answer, tokens: int, finish: str) -> Answer:
    said = tuple(replace(c, tokens=c.tokens[:tokens], finish=finish) for c in answer.choices)
    usage = counted(answer.usage["prompt_tokens"], tokens * len(said))
    return replace(answer, choices=said, usage=usage)


@fault(
    "isolation-cache-ignores-limit",
    "chat.response.finish-length",
    "isolation.limits-not-carried-over",
    on=Stage.ANSWER,
)
def isolation_cache_ignores_limit(answer: Answer, facts: Facts) -> Answer:
    """The answer to the same messages under a lower limit comes from a cache."""
    return _cut(answer, 1, "length") if _counts(facts) else answer


@fault("isolation-stop-stays", "isolation.stop-not-carried-over", on=Stage.ANSWER)
def isolation_stop_stays(answer: Answer, facts: Facts) -> Answer:
    """A stop word still holds for the request that follows, or a cache does not look at it."""
    if not _counts(facts):
        return answer
    tokens = pieces(answer.choices[0].text.partition("three")[0])
    said = tuple(replace(choice, tokens=tokens) for choice in answer.choices)
    return _cut(replace(answer, choices=said), len(tokens), "stop")


@fault("isolation-form-stays", "isolation.form-not-carried-over", on=Stage.ANSWER)
def isolation_form_stays(answer: Answer, facts: Facts) -> Answer:
    """The response format of one request still holds for a question in plain words that follows."""
    if not _counts(facts):
        return answer
    tokens = pieces('{"count": 10}')
    said = tuple(replace(choice, tokens=tokens) for choice in answer.choices)
    return _cut(replace(answer, choices=said), len(tokens), "stop")


def _remembered(answer: Answer, facts: Facts, key: object) -> Answer:
    """An answer with the id that all answers of this key have; calls have ids of their own."""
    return answer if facts.has_tools else replace(answer, stamp=repr(key))


@fault("isolation-cache-by-first-message", "chat.response.ids-unique", on=Stage.ANSWER)
def isolation_cache_by_first_message(answer: Answer, facts: Facts) -> Answer:
    """Answers come from a cache that looks at the first message alone."""
    return _remembered(answer, facts, facts.body["messages"][0].get("content"))


@fault("isolation-cache-ignores-system", "chat.response.ids-unique", on=Stage.ANSWER)
def isolation_cache_ignores_system(answer: Answer, facts: Facts) -> Answer:
    """Answers come from a cache that leaves out the system message."""
    said = [m.get("content") for m in facts.body["messages"] if m.get("role") != "system"]
    return _remembered(answer, facts, said)


@fault("isolation-cache-ignores-stream", "chat.response.ids-unique", on=Stage.ANSWER)
def isolation_cache_ignores_stream(answer: Answer, facts: Facts) -> Answer:
    """Answers come from a cache that both forms share."""
    apart = {n: v for n, v in facts.body.items() if n not in ("stream", "stream_options")}
    return _remembered(answer, facts, apart)


@fault("isolation-ids-by-hour", "chat.response.ids-unique", on=Stage.ANSWER)
def isolation_ids_by_hour(answer: Answer, facts: Facts) -> Answer:
    """Ids are made from the time, told too coarsely."""
    return _remembered(answer, facts, answer.created // 3600)


@fault("isolation-ids-by-worker", "isolation.ids-unique", on=Stage.ANSWER)
def isolation_ids_by_worker(answer: Answer, facts: Facts) -> Answer:
    """Workers that begin at the same time count from the same number."""
    at_once = canaries_in(_sent(facts))
    return _remembered(answer, facts, "chatcmpl-1") if at_once else answer


@fault("isolation-half-read-blocks", "isolation.after-half-read", on=Stage.REPLY)
def isolation_half_read_blocks(reply: Reply, facts: Facts) -> Reply:
    """The worker of a stream that was left is lost, and the next request with it."""
    return Reply(None, end=End.CUT) if _counts(facts) else reply


@fault("isolation-half-read-crashes", "isolation.after-half-read", on=Stage.REPLY)
def isolation_half_read_crashes(reply: Reply, facts: Facts) -> Reply:
    """The request after a stream that was left is answered with status 500."""
    return replace(reply, status=500) if _counts(facts) else reply


@fault("isolation-half-read-goes-on", "isolation.nothing-carried-over", on=Stage.ANSWER)
def isolation_half_read_goes_on(answer: Answer, facts: Facts) -> Answer:
    """The rest of a stream that was left comes with the answer to the next request."""
    if not _counts(facts):
        return answer
    rest = f" {CANARIES['isolation.half-read']}"
    said = [replace(c, tokens=(*c.tokens[:8], *pieces(rest))) for c in answer.choices]
    return replace(answer, choices=tuple(said))
