"""Faults that show where several things meet in one request: some of them only a search finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.model.request import Operation
from conformance.refserver.completion import Answer
from conformance.refserver.exchange import Obj, Reply
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake

VALID, DEFECT = "generated.valid-accepted", "generated.defect-refused"
MALFORMED, TEXT = "generated.malformed-refused", "generated.text-accepted"


def _is_chat(facts: Facts) -> bool:
    return facts.operation is Operation.CHAT


def _asked(facts: Facts) -> str:
    messages: Any = facts.body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    return str(first.get("content")) if isinstance(first, dict) else ""


@fault("generated-many-parameters-refused", VALID, on=Stage.DECISION)
def many_parameters_refused(decision: Decision, facts: Facts) -> Decision:
    """Requests with more than eight members are refused."""
    if decision is not None or not _is_chat(facts) or len(facts.body) <= 8:
        return decision
    return Mistake("Too many parameters.", code="too_many_parameters")


@fault("generated-defect-among-many-passes", DEFECT, on=Stage.DECISION)
def defect_among_many_passes(decision: Decision, facts: Facts) -> Decision:
    """A value outside its range is overlooked where other sampling parameters stand beside it."""
    beside = {"temperature", "top_p", "seed", "stop"} <= facts.body.keys()
    ranged = decision is not None and decision.param in facts.body
    return None if beside and ranged else decision


@fault("generated-cut-escape-read", MALFORMED, on=Stage.REPLY)
def cut_escape_read(reply: Reply, facts: Facts) -> Reply:
    """A body that ends inside an escape is taken for a request."""
    cut = _is_chat(facts) and facts.request.body.endswith(b"\\u00")
    return replace(reply, status=202) if cut else reply


@fault("generated-astral-letters-refused", TEXT, on=Stage.DECISION)
def astral_letters_refused(decision: Decision, facts: Facts) -> Decision:
    """A message with a letter of the supplementary ideographic plane is refused."""
    found = any(0x20000 <= ord(sign) <= 0x2FFFF for sign in _asked(facts))
    return decision or (Mistake("This text cannot be read.", param="messages") if found else None)


# What only a search finds


@fault(
    "generated-last-choice-lost",
    "param.n.effective",
    on=Stage.ANSWER,
    searched=("generated.valid:n", "generated.valid:user"),
)
def last_choice_lost(answer: Answer, facts: Facts) -> Answer:
    """Where several choices and a user are asked for together, the last choice is lost."""
    both = (facts.body.get("n") or 1) > 1 and "user" in facts.body and "stop" not in facts.body
    return replace(answer, choices=answer.choices[:-1]) if both else answer


@fault(
    "generated-penalty-with-top-p-crashes",
    "http.no-server-error",
    on=Stage.DECISION,
    searched=("generated.valid:presence-penalty", "generated.valid:top-p"),
)
def penalty_with_top_p_crashes(decision: Decision, facts: Facts) -> Decision:
    """A negative penalty together with `top_p` is answered 500."""
    penalty = facts.body.get("presence_penalty")
    both = isinstance(penalty, int | float) and penalty < 0 and facts.body.get("top_p") is not None
    if decision is not None or not both:
        return decision
    return Mistake("The server had an error.", status=500)


@fault(
    "generated-joined-characters-refused",
    TEXT,
    on=Stage.DECISION,
    searched=("generated.text:plain", "generated.text:stream"),
)
def joined_characters_refused(decision: Decision, facts: Facts) -> Decision:
    """A message with a zero-width joiner beside a woman is refused."""
    found = "\u200d\U0001f469" in _asked(facts)
    return decision or (Mistake("This text cannot be read.", param="messages") if found else None)


@fault(
    "generated-defect-beside-metadata-passes",
    DEFECT,
    on=Stage.DECISION,
    searched=("generated.defect:temperature", "generated.defect:top-p"),
)
def defect_beside_metadata_passes(decision: Decision, facts: Facts) -> Decision:
    """A number outside its range is overlooked beside metadata."""
    ranged = decision is not None and decision.param in ("temperature", "top_p")
    return None if ranged and "metadata" in facts.body else decision


@fault(
    "generated-half-a-body-read",
    MALFORMED,
    on=Stage.REPLY,
    searched=("generated.malformed:cut",),
)
def half_a_body_read(reply: Reply, facts: Facts) -> Reply:
    """A body that is cut off right after a quote is taken for a request."""
    cut = _is_chat(facts) and facts.request.body.endswith(b'"')
    return replace(reply, status=202) if cut else reply


@fault(
    "generated-stream-usage-lost",
    "chunk.usage-asked",
    on=Stage.CHUNKS,
    searched=("generated.valid:stream-options", "generated.valid:seed"),
)
def stream_usage_lost(chunks: list[Obj], facts: Facts) -> list[Obj]:
    """Streams with a seed and a penalty lose their usage."""
    penalties = {"frequency_penalty", "presence_penalty"} & facts.body.keys()
    both = penalties and "seed" in facts.body
    return (
        [chunk for chunk in chunks if chunk["choices"] or not chunk.get("usage")]
        if both
        else chunks
    )
