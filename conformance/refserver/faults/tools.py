"""Faults of tool calls in whole completions, and of the turn after them."""

from __future__ import annotations

from conformance.refserver.exchange import Obj
from conformance.refserver.faults.altering import each_call, each_choice, each_message, without
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.writing import json_text


def _with_arguments(call: Obj, arguments: object) -> Obj:
    return {**call, "function": {**call["function"], "arguments": arguments}}


@fault("tool-calls-object", "chat.response.tool-calls", on=Stage.COMPLETION)
def tool_calls_object(answer: Obj, facts: Facts) -> Obj:
    """The tool calls of messages are one object instead of an array."""
    return each_message(
        answer, lambda m: {**m, "tool_calls": m["tool_calls"][0]} if "tool_calls" in m else m
    )


@fault("tool-call-id-missing", "chat.response.tool-calls", on=Stage.COMPLETION)
def tool_call_id_missing(answer: Obj, facts: Facts) -> Obj:
    """Tool calls have no id."""
    return each_call(answer, lambda call: without(call, "id"))


@fault("tool-call-type-missing", "chat.response.tool-calls", on=Stage.COMPLETION)
def tool_call_type_missing(answer: Obj, facts: Facts) -> Obj:
    """Tool calls have no type."""
    return each_call(answer, lambda call: without(call, "type"))


@fault("tool-call-name-null", "chat.response.tool-calls", on=Stage.COMPLETION)
def tool_call_name_null(answer: Obj, facts: Facts) -> Obj:
    """The name of called functions is null."""
    return each_call(answer, lambda c: {**c, "function": {**c["function"], "name": None}})


@fault("tool-call-arguments-object", "chat.response.tool-calls", on=Stage.COMPLETION)
def tool_call_arguments_object(answer: Obj, facts: Facts) -> Obj:
    """The arguments of calls are an object instead of JSON text."""
    return each_call(answer, lambda call: _with_arguments(call, {"city": "text"}))


@fault("tool-call-id-empty", "chat.response.tool-call-ids", on=Stage.COMPLETION)
def tool_call_id_empty(answer: Obj, facts: Facts) -> Obj:
    """The id of tool calls is an empty string."""
    return each_call(answer, lambda call: {**call, "id": ""})


@fault("tool-call-id-twice", "chat.response.tool-call-ids", on=Stage.COMPLETION)
def tool_call_id_twice(answer: Obj, facts: Facts) -> Obj:
    """Two tool calls of a message have the same id."""
    if facts.body.get("parallel_tool_calls") is False:
        return answer
    return each_message(
        answer, lambda m: {**m, "tool_calls": m["tool_calls"] * 2} if "tool_calls" in m else m
    )


@fault("tool-call-arguments-not-json", "chat.response.tool-call-arguments", on=Stage.COMPLETION)
def tool_call_arguments_not_json(answer: Obj, facts: Facts) -> Obj:
    """The arguments of calls are not JSON."""
    return each_call(answer, lambda call: _with_arguments(call, "city=text"))


@fault("tool-call-arguments-array", "chat.response.tool-call-arguments", on=Stage.COMPLETION)
def tool_call_arguments_array(answer: Obj, facts: Facts) -> Obj:
    """The arguments of calls are a JSON array instead of an object."""
    return each_call(answer, lambda call: _with_arguments(call, '["text"]'))


@fault(
    "tool-call-arguments-twice-encoded", "chat.response.tool-call-arguments", on=Stage.COMPLETION
)
def tool_call_arguments_twice_encoded(answer: Obj, facts: Facts) -> Obj:
    """The arguments of calls are JSON within a JSON string."""
    return each_call(
        answer, lambda call: _with_arguments(call, json_text(call["function"]["arguments"]))
    )


@fault("tool-call-name-undeclared", "chat.response.tool-call-names", on=Stage.COMPLETION)
def tool_call_name_undeclared(answer: Obj, facts: Facts) -> Obj:
    """Functions are called that were not declared."""
    return each_call(
        answer, lambda c: {**c, "function": {**c["function"], "name": "no_such_function"}}
    )


@fault("tool-calls-finish-stop", "chat.response.tool-calls-finish", on=Stage.COMPLETION)
def tool_calls_finish_stop(answer: Obj, facts: Facts) -> Obj:
    """Answers that call tools end with stop, whether or not the call was named."""
    return each_choice(
        answer,
        lambda c: {**c, "finish_reason": "stop"} if "tool_calls" in c["message"] else c,
    )


@fault("turn-own-message-refused", "turn.own-message", on=Stage.DECISION)
def turn_own_message_refused(decision: Decision, facts: Facts) -> Decision:
    """The server refuses its own text when it is sent back."""
    if decision is None and "assistant" in facts.roles and "tool" not in facts.roles:
        text = "Unknown parameter: 'messages[1].annotations'."
        return Mistake(text, param="messages[1].annotations", code="unknown_parameter")
    return decision


@fault("turn-tool-result-refused", "turn.tool-result", on=Stage.DECISION)
def turn_tool_result_refused(decision: Decision, facts: Facts) -> Decision:
    """The server refuses the result of the tool it called, after its own message as it came."""
    own = "annotations" in str(facts.body.get("messages"))
    if decision is None and "tool" in facts.roles and own:
        return Mistake("Invalid value: 'tool'.", param="messages[2].role", code="invalid_value")
    return decision
