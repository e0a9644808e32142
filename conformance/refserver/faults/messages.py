"""Faults of what is taken as messages: what is claimed is refused, what is not is passed over, and some of it is fatal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.refserver.exchange import Obj
from conformance.refserver.faults.registry import Facts, Stage, fault
from conformance.refserver.mistakes import Decision, Mistake
from conformance.refserver.refusals import Refused

_FATAL = Mistake("The server had an error.", status=500)


def _messages(facts: Facts) -> list[Obj]:
    found = facts.body.get("messages")
    listed = found if isinstance(found, list) else []
    return [message for message in listed if isinstance(message, dict)]


def _parts(facts: Facts) -> list[Any]:
    contents = [message.get("content") for message in _messages(facts)]
    return [part for content in contents if isinstance(content, list) for part in content]


def _has_part(facts: Facts, kind: str) -> bool:
    return any(isinstance(part, dict) and part.get("type") == kind for part in _parts(facts))


def _refused(decision: Decision, wanted: bool, text: str, param: str = "messages") -> Decision:
    """A refusal of what is in order otherwise, where it is wanted."""
    return Mistake(text, param=param) if wanted and decision is None else decision


def _written_by_hand(facts: Facts) -> bool:
    """Whether tools were called in this conversation by a message that is not this server's own."""
    calls = [m for m in _messages(facts) if m.get("tool_calls")]
    return bool(calls) and all(str(m["tool_calls"]).count("call_conformance") for m in calls)


def _about(decision: Decision, ending: str) -> bool:
    return decision is not None and (decision.param or "").endswith(ending)


# Refused although it is claimed


@fault("messages-developer-refused", "message.role.accepted", on=Stage.DECISION)
def messages_developer_refused(decision: Decision, facts: Facts) -> Decision:
    """Messages of the role developer are refused."""
    return _refused(decision, "developer" in facts.roles, "Unknown role: developer.")


@fault(
    "messages-function-refused",
    "message.role.accepted",
    on=Stage.DECISION,
    deep=("message.role.accepted",),
)
def messages_function_refused(decision: Decision, facts: Facts) -> Decision:
    """Messages of the role function are refused."""
    return _refused(decision, "function" in facts.roles, "Unknown role: function.")


@fault("messages-text-part-refused", "message.content.accepted", on=Stage.DECISION)
def messages_text_part_refused(decision: Decision, facts: Facts) -> Decision:
    """Content in two text parts is refused."""
    parts = _parts(facts)
    texts = [part for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return _refused(
        decision, 2 == len(texts) == len(parts), "content must be a string.", "messages[0].content"
    )


@fault(
    "messages-empty-text-refused",
    "message.content.accepted",
    on=Stage.DECISION,
    deep=("message.content.accepted",),
)
def messages_empty_text_refused(decision: Decision, facts: Facts) -> Decision:
    """A user's empty text is refused."""
    empty = any(m.get("role") == "user" and m.get("content") == "" for m in _messages(facts))
    return _refused(decision, empty, "text content must be non-empty.")


@fault("messages-image-refused", "message.part.accepted", on=Stage.DECISION)
def messages_image_refused(decision: Decision, facts: Facts) -> Decision:
    """Images are refused as a part that does not exist."""
    return _refused(decision, _has_part(facts, "image_url"), "unknown variant `image_url`")


@fault("messages-image-unseen", "message.part.accepted", on=Stage.DECISION)
def messages_image_unseen(decision: Decision, facts: Facts) -> Decision:
    """Images are refused because the model sees none."""
    return _refused(decision, _has_part(facts, "image_url"), "This model does not take images.")


@fault(
    "messages-refusal-part-refused",
    "message.part.accepted",
    on=Stage.DECISION,
    deep=("message.part.accepted",),
)
def messages_refusal_part_refused(decision: Decision, facts: Facts) -> Decision:
    """The assistant's own refusal is refused in the next turn."""
    return _refused(decision, _has_part(facts, "refusal"), "unknown variant `refusal`")


@fault("messages-name-refused", "message.name.accepted", on=Stage.DECISION)
def messages_name_refused(decision: Decision, facts: Facts) -> Decision:
    """Messages with a name are refused."""
    named = any("name" in m and m.get("role") != "function" for m in _messages(facts))
    return _refused(decision, named, "Extra inputs are not permitted: name.")


@fault("messages-calls-refused", "message.calls.accepted", on=Stage.DECISION)
def messages_calls_refused(decision: Decision, facts: Facts) -> Decision:
    """Calls of an assistant's turn are refused where the client wrote their ids."""
    return _refused(decision, _written_by_hand(facts), "Tool call id was not found.")


@fault(
    "messages-results-in-order-only",
    "message.calls.accepted",
    on=Stage.DECISION,
    deep=("message.calls.accepted",),
)
def messages_results_in_order_only(decision: Decision, facts: Facts) -> Decision:
    """Results in another order than their calls are refused."""
    ids = [m.get("tool_call_id") for m in _messages(facts) if m.get("role") == "tool"]
    mixed = _written_by_hand(facts) and ids != sorted(ids, key=str)
    return _refused(decision, mixed, "Unexpected tool_call_id.")


@fault(
    "messages-content-wanted",
    "message.calls.accepted",
    on=Stage.DECISION,
    deep=("message.calls.accepted",),
)
def messages_content_wanted(decision: Decision, facts: Facts) -> Decision:
    """An assistant's turn without content is refused although it calls a tool."""
    absent = any("content" not in m and m.get("tool_calls") for m in _messages(facts))
    wanted = absent and _written_by_hand(facts)
    return _refused(decision, wanted, "Field required: content.", "messages[1].content")


@fault("messages-one-system-only", "message.order.accepted", on=Stage.DECISION)
def messages_one_system_only(decision: Decision, facts: Facts) -> Decision:
    """A second system message is refused."""
    several = facts.roles.count("system") > 1
    return _refused(decision, several, "System message must be at the beginning.")


@fault(
    "messages-must-alternate",
    "message.order.accepted",
    on=Stage.DECISION,
    deep=("message.order.accepted",),
)
def messages_must_alternate(decision: Decision, facts: Facts) -> Decision:
    """Two messages of a user in a row are refused."""
    row = any(pair == ("user", "user") for pair in zip(facts.roles, facts.roles[1:], strict=False))
    return _refused(decision, row, "Conversation roles must alternate.")


@fault(
    "messages-assistant-not-last",
    "message.order.accepted",
    on=Stage.DECISION,
    deep=("message.order.accepted",),
)
def messages_assistant_not_last(decision: Decision, facts: Facts) -> Decision:
    """A conversation that ends with the assistant's words is refused."""
    last = facts.roles[-1:] == ("assistant",) and not _messages(facts)[-1].get("tool_calls")
    return _refused(decision, last, "The last message must not be the assistant's.")


@fault(
    "messages-history-refused",
    "message.history.accepted",
    on=Stage.DECISION,
    deep=("message.history.accepted",),
)
def messages_history_refused(decision: Decision, facts: Facts) -> Decision:
    """More than fifty messages are refused."""
    return _refused(decision, len(_messages(facts)) > 50, "Too many messages.")


# Passed over although it is ruled out


@fault("messages-other-role-taken", "message.role.unsupported", on=Stage.DECISION)
def messages_other_role_taken(decision: Decision, facts: Facts) -> Decision:
    """Any role is taken."""
    return None if _about(decision, "].role") and not _written_by_hand(facts) else decision


@fault("messages-other-role-status", "message.role.unsupported", on=Stage.DECISION)
def messages_other_role_status(decision: Decision, facts: Facts) -> Decision:
    """Roles that do not exist are refused with status 422."""
    of_a_role = _about(decision, "].role") and not _written_by_hand(facts)
    return _with_422(decision) if of_a_role else decision


@fault("messages-other-part-taken", "message.part.range", on=Stage.DECISION)
def messages_other_part_taken(decision: Decision, facts: Facts) -> Decision:
    """Content parts of any type are taken."""
    return None if _about(decision, "].type") and _parts(facts) else decision


@fault(
    "messages-no-parts-taken", "message.part.range", on=Stage.DECISION, deep=("message.part.range",)
)
def messages_no_parts_taken(decision: Decision, facts: Facts) -> Decision:
    """Content without any part is taken."""
    empty = any(m.get("content") == [] for m in _messages(facts))
    return None if empty else decision


@fault(
    "messages-number-taken",
    "message.content.type",
    on=Stage.DECISION,
    deep=("message.content.type",),
)
def messages_number_taken(decision: Decision, facts: Facts) -> Decision:
    """Content that is a number is taken as text."""
    numeric = any(isinstance(m.get("content"), int) for m in _messages(facts))
    return None if numeric and _about(decision, "].content") else decision


@fault("messages-name-of-any-type", "message.member.type", on=Stage.DECISION)
def messages_name_of_any_type(decision: Decision, facts: Facts) -> Decision:
    """Names of any type are taken."""
    return None if _about(decision, "].name") and not facts.has_tools else decision


@fault("messages-missing-result-taken", "message.calls.combination", on=Stage.DECISION)
def messages_missing_result_taken(decision: Decision, facts: Facts) -> Decision:
    """A tool call without its result is taken."""
    return None if decision is not None and _written_by_hand(facts) else decision


@fault("messages-missing-result-status", "message.calls.combination", on=Stage.DECISION)
def messages_missing_result_status(decision: Decision, facts: Facts) -> Decision:
    """A tool call without its result is refused with status 422."""
    of_a_call = _about(decision, "].role") and _written_by_hand(facts)
    return _with_422(decision) if of_a_call else decision


def _with_422(decision: Decision) -> Decision:
    if decision is None or decision.policy is None:
        return decision
    return replace(decision, policy=replace(decision.policy, statuses=(422,)))


# Fatal


@fault("messages-image-fatal", "http.no-server-error", on=Stage.DECISION)
def messages_image_fatal(decision: Decision, facts: Facts) -> Decision:
    """Images are a server error."""
    return _FATAL if _has_part(facts, "image_url") else decision


@fault(
    "messages-audio-fatal",
    "http.no-server-error",
    on=Stage.DECISION,
    deep=("message.part.accepted",),
)
def messages_audio_fatal(decision: Decision, facts: Facts) -> Decision:
    """Audio is a server error."""
    return _FATAL if _has_part(facts, "input_audio") else decision


@fault(
    "messages-history-fatal",
    "http.no-server-error",
    on=Stage.DECISION,
    deep=("message.history.accepted",),
)
def messages_history_fatal(decision: Decision, facts: Facts) -> Decision:
    """More than fifty messages are a server error."""
    return _FATAL if len(_messages(facts)) > 50 else decision


@fault("messages-missing-result-fatal", "errors.no-server-error", on=Stage.DECISION)
def messages_missing_result_fatal(decision: Decision, facts: Facts) -> Decision:
    """A tool call without its result is a server error."""
    return _FATAL if decision is not None and _written_by_hand(facts) else decision


@fault("messages-other-part-fatal", "errors.no-server-error", on=Stage.DECISION)
def messages_other_part_fatal(decision: Decision, facts: Facts) -> Decision:
    """Content parts that do not exist are a server error."""
    return _FATAL if _about(decision, "].type") and _parts(facts) else decision


# What a refusal says


@fault("messages-role-without-code", "errors.parameter-code", on=Stage.REFUSAL)
def messages_role_without_code(refused: Refused, facts: Facts) -> Refused:
    """The refusal of a role has no code."""
    if not _about(facts.mistake, "].role") or not isinstance(refused.content, dict):
        return refused
    content = {**refused.content, "error": {**refused.content["error"], "code": None}}
    return replace(refused, content=content)


@fault("messages-part-not-named", "errors.parameter-named", on=Stage.REFUSAL)
def messages_part_not_named(refused: Refused, facts: Facts) -> Refused:
    """The refusal of a content part does not say where it stands."""
    if not _about(facts.mistake, "].type") or not isinstance(refused.content, dict):
        return refused
    content = {**refused.content, "error": {**refused.content["error"], "param": None}}
    return replace(refused, content=content)


def _first_text(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    listed = content if isinstance(content, list) else []
    texts = [part for part in listed if isinstance(part, dict) and part.get("type") == "text"]
    return {**message, "content": texts[:1]} if len(texts) > 1 else message


@fault("message-first-part-alone", "message.content.whole", on=Stage.SENT)
def first_part_alone(body: Obj, facts: Facts) -> Obj:
    """Of a message in parts only the first text is read."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    return {**body, "messages": [_first_text(message) for message in messages]}
