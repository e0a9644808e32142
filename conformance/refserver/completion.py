"""An answer as one ``chat.completion`` object."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from conformance.refserver.brain import Call, Said, Thought
from conformance.refserver.chat_request import ChatRequest
from conformance.refserver.exchange import Obj
from conformance.refserver.tokens import logprob_entries

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Answer:
    """What both forms of an answer, whole and streamed, are made of."""

    request: ChatRequest
    choices: tuple[Said, ...]
    usage: Obj
    stamp: str
    """Differs from answer to answer; all ids grow from it."""
    created: int
    service_tier: str | None = "default"
    system_fingerprint: str | None = "fp_0123456789"

    @property
    def id(self) -> str:
        """The answer's id."""
        return unique("chatcmpl-", self.stamp)


def unique(prefix: str, *grown_from: object) -> str:
    """An id with 24 letters and digits that follow from what it grows from."""
    digest = hashlib.sha256(repr(grown_from).encode()).digest()
    return prefix + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:24])


def drafted(request: ChatRequest, thought: Thought, stamp: str, created: int) -> Answer:
    """The answer that a thought makes."""
    spent = sum(said.cost for said in thought.choices)
    usage = counted(thought.prompt_tokens, spent)
    tier = request.service_tier
    return Answer(request, thought.choices, usage, stamp, created, service_tier=tier)


def counted(prompt: int, completion: int) -> Obj:
    """A usage object as OpenAI writes it."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def completion(answer: Answer) -> Obj:
    """The whole answer as one object."""
    return {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.request.model,
        "choices": [_choice(answer, index) for index in range(len(answer.choices))],
        "usage": answer.usage,
        "service_tier": answer.service_tier,
        "system_fingerprint": answer.system_fingerprint,
    }


def _choice(answer: Answer, index: int) -> Obj:
    said = answer.choices[index]
    message: Obj = {"role": "assistant", "content": None if said.calls else said.text}
    message["refusal"] = None
    if said.calls and said.calls[0].tool.kind == "legacy":
        message["function_call"] = _given(said.calls[0])
    elif said.calls:
        calls = enumerate(said.calls)
        message["tool_calls"] = [tool_call(answer, index, at, call) for at, call in calls]
    message["annotations"] = []
    return {
        "index": index,
        "message": message,
        "logprobs": logprobs(answer, said.tokens),
        "finish_reason": said.finish,
    }


def tool_call(answer: Answer, index: int, at: int, call: Call) -> Obj:
    """One entry of ``tool_calls``."""
    kind = call.tool.kind
    return {"id": unique("call_", answer.stamp, index, at), "type": kind, kind: _given(call)}


def _given(call: Call) -> Obj:
    text = "input" if call.tool.kind == "custom" else "arguments"
    return {"name": call.tool.name, text: call.arguments}


def logprobs(answer: Answer, tokens: tuple[str, ...]) -> Obj | None:
    """The log probabilities of these tokens, where they were asked for."""
    if not answer.request.logprobs:
        return None
    return {"content": logprob_entries(tokens, answer.request.top_logprobs), "refusal": None}
