"""Faults of whole completions."""

from __future__ import annotations

from dataclasses import replace

from conformance.refserver.completion import Answer, counted
from conformance.refserver.exchange import Obj, Reply
from conformance.refserver.faults.altering import (
    each_choice,
    each_message,
    each_text_choice,
    each_text_message,
    usage_with,
    with_header,
    without,
)
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake


@fault("chat-refused", "chat.basic.accepted", on=Stage.DECISION)
def chat_refused(decision: Decision, facts: Facts) -> Decision:
    """Every chat request is refused with 400."""
    if decision is None and facts.operation.value == "chat":
        return Mistake("Chat is not available.", code="not_available")
    return decision


@fault(
    "chat-only-streams",
    "chat.basic.accepted",
    "parity.status",
    "turn.stream-message",
    on=Stage.DECISION,
)
def chat_only_streams(decision: Decision, facts: Facts) -> Decision:
    """Chat requests are refused unless they ask for a stream."""
    if decision is None and facts.operation.value == "chat" and not facts.wants_stream:
        return Mistake("Set stream to true.", param="stream", code="unsupported_value")
    return decision


@fault("chat-answers-201", "chat.basic.accepted", on=Stage.REPLY)
def chat_answers_201(reply: Reply, facts: Facts) -> Reply:
    """The first answer of a conversation has status 201 instead of 200."""
    plain = facts.whole and facts.first_turn and not facts.has_tools
    return replace(reply, status=201) if plain else reply


@fault("chat-as-text", "chat.response.content-type", on=Stage.REPLY)
def chat_as_text(reply: Reply, facts: Facts) -> Reply:
    """Completions are labelled text/plain."""
    return with_header(reply, "Content-Type", "text/plain") if facts.whole else reply


@fault("chat-without-content-type", "chat.response.content-type", on=Stage.REPLY)
def chat_without_content_type(reply: Reply, facts: Facts) -> Reply:
    """Completions have no Content-Type."""
    return with_header(reply, "Content-Type", None) if facts.whole else reply


@fault("chat-error-with-200", "chat.response.not-an-error", on=Stage.COMPLETION)
def chat_error_with_200(answer: Obj, facts: Facts) -> Obj:
    """Completions are answered with status 200 and an error."""
    return {
        "error": {"message": "Overloaded.", "type": "server_error", "param": None, "code": None}
    }


@fault("chat-id-missing", "chat.response.id", on=Stage.COMPLETION)
def chat_id_missing(answer: Obj, facts: Facts) -> Obj:
    """Completions have no id."""
    return without(answer, "id")


@fault("chat-id-null", "chat.response.id", on=Stage.COMPLETION)
def chat_id_null(answer: Obj, facts: Facts) -> Obj:
    """The id of completions is null."""
    return {**answer, "id": None}


@fault("chat-id-number", "chat.response.id", on=Stage.COMPLETION)
def chat_id_number(answer: Obj, facts: Facts) -> Obj:
    """The id of completions is a number."""
    return {**answer, "id": 1234}


@fault("chat-object-missing", "chat.response.object", on=Stage.COMPLETION)
def chat_object_missing(answer: Obj, facts: Facts) -> Obj:
    """Completions have no object member."""
    return without(answer, "object")


@fault("chat-object-of-old-api", "chat.response.object", on=Stage.COMPLETION)
def chat_object_of_old_api(answer: Obj, facts: Facts) -> Obj:
    """Completions call themselves text_completion."""
    return {**answer, "object": "text_completion"}


@fault("chat-object-of-chunk", "chat.response.object", on=Stage.COMPLETION)
def chat_object_of_chunk(answer: Obj, facts: Facts) -> Obj:
    """Completions call themselves chat.completion.chunk."""
    return {**answer, "object": "chat.completion.chunk"}


@fault("chat-created-missing", "chat.response.created", on=Stage.COMPLETION)
def chat_created_missing(answer: Obj, facts: Facts) -> Obj:
    """Completions have no created time."""
    return without(answer, "created")


@fault("chat-created-float", "chat.response.created", on=Stage.COMPLETION)
def chat_created_float(answer: Obj, facts: Facts) -> Obj:
    """The created time of completions has a fraction."""
    return {**answer, "created": answer["created"] + 0.25}


@fault("chat-created-text", "chat.response.created", on=Stage.COMPLETION)
def chat_created_text(answer: Obj, facts: Facts) -> Obj:
    """The created time of completions is a date as text."""
    return {**answer, "created": "2026-01-02T03:04:05Z"}


@fault("chat-created-milliseconds", "chat.response.created-in-seconds", on=Stage.COMPLETION)
def chat_created_milliseconds(answer: Obj, facts: Facts) -> Obj:
    """The created time of completions is in milliseconds."""
    return {**answer, "created": answer["created"] * 1000}


@fault("chat-model-missing", "chat.response.model", on=Stage.COMPLETION)
def chat_model_missing(answer: Obj, facts: Facts) -> Obj:
    """Completions do not say which model answered."""
    return without(answer, "model")


@fault("chat-model-null", "chat.response.model", on=Stage.COMPLETION)
def chat_model_null(answer: Obj, facts: Facts) -> Obj:
    """The model of completions is null."""
    return {**answer, "model": None}


@fault("chat-model-object", "chat.response.model", on=Stage.COMPLETION)
def chat_model_object(answer: Obj, facts: Facts) -> Obj:
    """The model of completions is an object."""
    return {**answer, "model": {"id": answer["model"]}}


@fault("chat-choices-missing", "chat.response.choices", on=Stage.COMPLETION)
def chat_choices_missing(answer: Obj, facts: Facts) -> Obj:
    """Completions have no choices."""
    return without(answer, "choices")


@fault("chat-choices-null", "chat.response.choices", on=Stage.COMPLETION)
def chat_choices_null(answer: Obj, facts: Facts) -> Obj:
    """The choices of completions are null."""
    return {**answer, "choices": None}


@fault("chat-choices-object", "chat.response.choices", on=Stage.COMPLETION)
def chat_choices_object(answer: Obj, facts: Facts) -> Obj:
    """The choices of completions are one object instead of an array."""
    return {**answer, "choices": answer["choices"][0]}


@fault("chat-choice-index-missing", "chat.response.choice-index", on=Stage.COMPLETION)
def chat_choice_index_missing(answer: Obj, facts: Facts) -> Obj:
    """Choices have no index."""
    return each_choice(answer, lambda choice: without(choice, "index"))


@fault("chat-choice-index-text", "chat.response.choice-index", on=Stage.COMPLETION)
def chat_choice_index_text(answer: Obj, facts: Facts) -> Obj:
    """The index of choices is a string."""
    return each_choice(answer, lambda choice: {**choice, "index": str(choice["index"])})


@fault("chat-choice-index-from-one", "chat.response.choice-index", on=Stage.COMPLETION)
def chat_choice_index_from_one(answer: Obj, facts: Facts) -> Obj:
    """Choices are counted from one."""
    return each_choice(answer, lambda choice: {**choice, "index": choice["index"] + 1})


@fault("chat-finish-missing", "chat.response.finish-reason", on=Stage.COMPLETION)
def chat_finish_missing(answer: Obj, facts: Facts) -> Obj:
    """Texts have no finish reason."""
    return each_text_choice(answer, lambda choice: without(choice, "finish_reason"))


@fault("chat-finish-null", "chat.response.finish-reason", on=Stage.COMPLETION)
def chat_finish_null(answer: Obj, facts: Facts) -> Obj:
    """The finish reason of texts is null."""
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": None})


@fault("chat-finish-eos", "chat.response.finish-reason", on=Stage.COMPLETION)
def chat_finish_eos(answer: Obj, facts: Facts) -> Obj:
    """The finish reason of texts is one of the server's own."""
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": "eos"})


@fault("chat-finish-empty", "chat.response.finish-reason", on=Stage.COMPLETION)
def chat_finish_empty(answer: Obj, facts: Facts) -> Obj:
    """The finish reason of texts is an empty string."""
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": ""})


@fault(
    "chat-finish-tool-calls-on-text", "chat.response.finish-without-tool-calls", on=Stage.COMPLETION
)
def chat_finish_tool_calls_on_text(answer: Obj, facts: Facts) -> Obj:
    """Texts end with tool_calls although nothing is called."""
    return each_text_choice(answer, lambda choice: {**choice, "finish_reason": "tool_calls"})


@fault("chat-message-missing", "chat.response.message", on=Stage.COMPLETION)
def chat_message_missing(answer: Obj, facts: Facts) -> Obj:
    """Choices have no message."""
    return each_choice(answer, lambda choice: without(choice, "message"))


@fault("chat-message-is-text", "chat.response.message", on=Stage.COMPLETION)
def chat_message_is_text(answer: Obj, facts: Facts) -> Obj:
    """The message of choices is a string instead of an object."""
    return each_choice(answer, lambda choice: {**choice, "message": "Hello."})


@fault("chat-role-missing", "chat.response.message", on=Stage.COMPLETION)
def chat_role_missing(answer: Obj, facts: Facts) -> Obj:
    """Messages have no role."""
    return each_message(answer, lambda message: without(message, "role"))


@fault("chat-role-bot", "chat.response.message", on=Stage.COMPLETION)
def chat_role_bot(answer: Obj, facts: Facts) -> Obj:
    """The role of messages is bot."""
    return each_message(answer, lambda message: {**message, "role": "bot"})


@fault("chat-content-missing", "chat.response.content", on=Stage.COMPLETION)
def chat_content_missing(answer: Obj, facts: Facts) -> Obj:
    """Texts come in a member of another name than content."""
    return each_text_message(answer, lambda m: {**without(m, "content"), "text": m["content"]})


@fault("chat-content-parts", "chat.response.content", on=Stage.COMPLETION)
def chat_content_parts(answer: Obj, facts: Facts) -> Obj:
    """Texts come as an array of parts."""
    return each_text_message(
        answer, lambda m: {**m, "content": [{"type": "text", "text": m["content"]}]}
    )


@fault("chat-content-number", "chat.response.content", on=Stage.COMPLETION)
def chat_content_number(answer: Obj, facts: Facts) -> Obj:
    """The content of texts is a number."""
    return each_text_message(answer, lambda message: {**message, "content": 42})


@fault("chat-refusal-false", "chat.response.refusal", on=Stage.COMPLETION)
def chat_refusal_false(answer: Obj, facts: Facts) -> Obj:
    """The refusal of messages is false instead of null."""
    return each_message(answer, lambda message: {**message, "refusal": False})


@fault("chat-annotations-object", "chat.response.annotations", on=Stage.COMPLETION)
def chat_annotations_object(answer: Obj, facts: Facts) -> Obj:
    """The annotations of messages are an object."""
    return each_message(answer, lambda message: {**message, "annotations": {}})


@fault("chat-annotations-of-text", "chat.response.annotations", on=Stage.COMPLETION)
def chat_annotations_of_text(answer: Obj, facts: Facts) -> Obj:
    """The annotations of messages are strings."""
    return each_message(answer, lambda m: {**m, "annotations": ["https://example.com/"]})


@fault("chat-audio-text", "chat.response.audio", on=Stage.COMPLETION)
def chat_audio_text(answer: Obj, facts: Facts) -> Obj:
    """The audio of messages is a string."""
    return each_message(answer, lambda message: {**message, "audio": "none"})


@fault("chat-audio-incomplete", "chat.response.audio", on=Stage.COMPLETION)
def chat_audio_incomplete(answer: Obj, facts: Facts) -> Obj:
    """The audio of messages has data but no id."""
    return each_message(answer, lambda message: {**message, "audio": {"data": "AAAA"}})


@fault("chat-function-call-text", "chat.response.function-call", on=Stage.COMPLETION)
def chat_function_call_text(answer: Obj, facts: Facts) -> Obj:
    """The function_call of messages is a string."""
    return each_message(answer, lambda message: {**message, "function_call": "none"})


@fault("chat-function-call-incomplete", "chat.response.function-call", on=Stage.COMPLETION)
def chat_function_call_incomplete(answer: Obj, facts: Facts) -> Obj:
    """The function_call of messages has no arguments."""
    return each_message(answer, lambda m: {**m, "function_call": {"name": "get_weather"}})


@fault("chat-logprobs-text", "chat.response.logprobs", on=Stage.COMPLETION)
def chat_logprobs_text(answer: Obj, facts: Facts) -> Obj:
    """The logprobs of choices are a string."""
    return each_choice(answer, lambda choice: {**choice, "logprobs": "none"})


@fault("chat-logprobs-of-old-api", "chat.response.logprobs", on=Stage.COMPLETION)
def chat_logprobs_of_old_api(answer: Obj, facts: Facts) -> Obj:
    """The logprobs of choices hold bare tokens."""
    return each_choice(
        answer, lambda choice: {**choice, "logprobs": {"content": ["The"], "refusal": None}}
    )


@fault("chat-usage-missing", "chat.response.usage", on=Stage.COMPLETION)
def chat_usage_missing(answer: Obj, facts: Facts) -> Obj:
    """Completions have no usage."""
    return without(answer, "usage")


@fault("chat-usage-incomplete", "chat.response.usage", on=Stage.COMPLETION)
def chat_usage_incomplete(answer: Obj, facts: Facts) -> Obj:
    """The usage of completions lacks the total."""
    return {**answer, "usage": without(answer["usage"], "total_tokens")}


@fault("chat-usage-text", "chat.response.usage", on=Stage.COMPLETION)
def chat_usage_text(answer: Obj, facts: Facts) -> Obj:
    """The prompt tokens of completions are a string."""
    return usage_with(answer, prompt_tokens=str(answer["usage"]["prompt_tokens"]))


@fault("chat-usage-negative", "chat.response.usage", on=Stage.COMPLETION)
def chat_usage_negative(answer: Obj, facts: Facts) -> Obj:
    """The completion tokens of completions are negative."""
    prompt = answer["usage"]["prompt_tokens"]
    return usage_with(answer, completion_tokens=-1, total_tokens=prompt - 1)


@fault("chat-usage-details-list", "chat.response.usage-details", on=Stage.COMPLETION)
def chat_usage_details_list(answer: Obj, facts: Facts) -> Obj:
    """The details of the prompt tokens are an array."""
    return usage_with(answer, prompt_tokens_details=[])


@fault("chat-usage-details-text", "chat.response.usage-details", on=Stage.COMPLETION)
def chat_usage_details_text(answer: Obj, facts: Facts) -> Obj:
    """The reasoning tokens are a string."""
    return usage_with(answer, completion_tokens_details={"reasoning_tokens": "0"})


@fault("chat-usage-sum", "chat.response.usage-sum", on=Stage.COMPLETION)
def chat_usage_sum(answer: Obj, facts: Facts) -> Obj:
    """The total tokens of completions are not the sum of the others."""
    return usage_with(answer, total_tokens=answer["usage"]["total_tokens"] + 1)


@fault("chat-usage-cached-too-many", "chat.response.usage-bounds", on=Stage.COMPLETION)
def chat_usage_cached_too_many(answer: Obj, facts: Facts) -> Obj:
    """More prompt tokens were cached than there are."""
    many = answer["usage"]["prompt_tokens"] + 1
    return usage_with(answer, prompt_tokens_details={"cached_tokens": many, "audio_tokens": 0})


@fault("chat-usage-reasoning-too-many", "chat.response.usage-bounds", on=Stage.COMPLETION)
def chat_usage_reasoning_too_many(answer: Obj, facts: Facts) -> Obj:
    """More tokens were used for reasoning than for the whole answer."""
    many = answer["usage"]["completion_tokens"] + 1
    return usage_with(answer, completion_tokens_details={"reasoning_tokens": many})


@fault("chat-usage-free-text", "chat.response.usage-counts", on=Stage.COMPLETION)
def chat_usage_free_text(answer: Obj, facts: Facts) -> Obj:
    """Texts cost no completion tokens."""
    return {**answer, "usage": counted(answer["usage"]["prompt_tokens"], 0)}


@fault("chat-usage-free-prompt", "chat.response.usage-counts", on=Stage.ANSWER)
def chat_usage_free_prompt(answer: Answer, facts: Facts) -> Answer:
    """Prompts cost no tokens."""
    return replace(answer, usage=counted(0, answer.usage["completion_tokens"]))


@fault("chat-service-tier-number", "chat.response.service-tier", on=Stage.COMPLETION)
def chat_service_tier_number(answer: Obj, facts: Facts) -> Obj:
    """The service tier of completions is a number."""
    return {**answer, "service_tier": 1}


@fault("chat-fingerprint-number", "chat.response.system-fingerprint", on=Stage.COMPLETION)
def chat_fingerprint_number(answer: Obj, facts: Facts) -> Obj:
    """The system fingerprint of completions is a number."""
    return {**answer, "system_fingerprint": 7}


@fault("chat-two-choices", "chat.response.choice-count", on=Stage.COMPLETION)
def chat_two_choices(answer: Obj, facts: Facts) -> Obj:
    """Completions have two choices although one was asked for."""
    if facts.body.get("n"):
        return answer
    return {**answer, "choices": [*answer["choices"], {**answer["choices"][0], "index": 1}]}


@fault("chat-no-choices", "chat.response.choice-count", on=Stage.COMPLETION)
def chat_no_choices(answer: Obj, facts: Facts) -> Obj:
    """Completions have an empty array of choices."""
    return {**answer, "choices": []}


@fault("chat-choices-doubled", "chat.response.choice-count", "chunk.choice-count", on=Stage.ANSWER)
def chat_choices_doubled(answer: Answer, facts: Facts) -> Answer:
    """Whole and streamed answers have two choices although one was asked for."""
    return answer if facts.body.get("n") else replace(answer, choices=answer.choices * 2)
