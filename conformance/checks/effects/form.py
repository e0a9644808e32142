"""Answers that are structured: JSON, and JSON that obeys a schema."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.model.json import JSON
from conformance.spec.phrase import quoted
from conformance.spec.structured import breach, unheeded
from conformance.wire import strict_json
from conformance.wire.answer import Said, said
from conformance.wire.reading import Reading

from .seen import Body, Seen, Visible, effect_seen, missing, unclear

_BEGUN = re.compile(r"\s*(?:\{|\[\s*(?:[\[{\]\"\d-]|true\b|false\b|null\b))")
"""How JSON begins that is an object or a list; prose may begin with a bracket as well."""


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
        return unclear("no answer came to its end")
    for one in complete:
        if (problem := _form_problem(one, x.asked.body, of_shapes=_sends_shapes(x))) is not None:
            return problem
    return effect_seen(f"JSON came: {quoted(complete[0].text)}")


def _sends_shapes(x: Reading) -> bool:
    """Whether a request tries a schema, of which the checks of schemas tell whether it was obeyed."""
    return (x.exchange.probe or "").startswith("schema.")


def _form_problem(one: Said, body: Body, *, of_shapes: bool) -> Seen | None:
    parsed = strict_json.parse(one.text.encode("utf-8", "replace"))
    at = f"{one.at}/message/content" if one.at.startswith("/") else one.at
    if parsed.error is not None and body.get("stop"):
        return unclear("a stop sequence may have ended the text inside the JSON")
    if parsed.error is not None and _BEGUN.match(one.text):
        told = f"the text begins as JSON, with {parsed.error}: {quoted(one.text)}"
        return missing(told, at, how="not kept")
    if parsed.error is not None:
        return missing(f"the text is no JSON: {quoted(one.text)}", at)
    if form_of(body).get("type") == "json_object":
        if isinstance(parsed.value, dict):
            return None
        return missing(f"the text is JSON but no object: {quoted(one.text)}", at)
    broken = breach(schema_of(body), parsed.value)
    if broken is None:
        return None
    of_shapes = of_shapes and not unheeded(schema_of(body), parsed.value)
    if of_shapes or not strict_answer(body):
        kind = "one of many schemas" if of_shapes else "a schema that is not strict"
        return unclear(f"the answer does not obey {kind} ({broken})")
    return missing(f"the answer does not obey the schema ({broken}): {quoted(one.text)}", at)


FORMED: Mapping[str, Visible] = {
    "response_format": Visible(
        lambda b: form_of(b).get("type") == "json_object" or schema_of(b) is not None,
        lambda b: (
            "text that is a JSON object"
            if schema_of(b) is None
            else "JSON text that obeys the schema"
        ),
        _response_format,
    ),
}
"""The parameter that gives an answer its form."""
