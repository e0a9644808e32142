"""Answers that tell of their tokens: log probabilities, and one token that a bias forces."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.checks.logprobs import Scores, scores_of, stream_scores
from conformance.model.finding import Level
from conformance.spec.phrase import quoted
from conformance.wire.answer import said
from conformance.wire.reading import Reading

from .form import form_of, schema_of
from .seen import Body, Seen, Visible, effect_seen, missing, unclear, whole


def _scores(x: Reading) -> list[Scores]:
    return stream_scores(x) if x.asked.streams else scores_of(x)


def _logprobs(x: Reading) -> Seen:
    scores = _scores(x)
    bare = next((score for score in scores if score.missing), None)
    if bare is not None:
        return missing("text without log probabilities", bare.at)
    if any(score.entries for score in scores):
        return effect_seen("log probabilities came")
    return unclear("the answer has no text that could have any")


def _top_logprobs(x: Reading) -> Seen:
    entries = [entry for score in _scores(x) for entry in score.entries]
    if not entries:
        return unclear("no log probabilities came at all")
    if any(entry.get("top_logprobs") for entry in entries):
        return effect_seen("alternatives came")
    return missing("no token has alternatives", "/choices/0/logprobs/content/0/top_logprobs")


_ENOUGH = 4
"""Tokens from which on one that comes again and again is told from an ordinary word."""


def _logit_bias(x: Reading) -> Seen:
    texts = [one.text for one in said(x)]
    limits = [x.asked.body.get(name) for name in ("max_tokens", "max_completion_tokens")]
    few = any(isinstance(limit, int) and limit < _ENOUGH for limit in limits)
    cut = few or bool(x.asked.body.get("stop"))
    if cut or not texts or not all(len(text.strip()) > 3 for text in texts):
        return unclear("the answer is too short to tell")
    if all(_one_unit(text) for text in texts):
        return effect_seen(f"one token again and again: {quoted(texts[0])}")
    return missing(f"an ordinary answer: {quoted(texts[0])}")


def _one_unit(text: str) -> bool:
    """Whether a text is one piece again and again."""
    text = text.strip()
    spaced = text.split()
    if len(spaced) > 1 and len(set(spaced)) == 1:
        return True
    return any(
        len(text) >= 2 * size and text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in range(1, len(text) // 2 + 1)
    )


def _forces_one(body: Body) -> bool:
    bias = body.get("logit_bias")
    # A format or a forced call decides which tokens are left as well.
    formed = schema_of(body) is not None or form_of(body).get("type") == "json_object"
    free = not formed and body.get("tool_choice", "auto") in ("auto", "none")
    return free and isinstance(bias, dict) and list(bias.values()) == [100]


OF_TOKENS: Mapping[str, Visible] = {
    "logprobs": Visible(
        lambda b: b.get("logprobs") is True, lambda b: "log probabilities", _logprobs
    ),
    "top_logprobs": Visible(
        lambda b: (whole(b.get("top_logprobs")) or 0) > 0,
        lambda b: f"up to {b.get('top_logprobs')} alternatives for each token",
        _top_logprobs,
    ),
    "logit_bias": Visible(
        _forces_one,
        lambda b: "one token, the only one that is left",
        _logit_bias,
        level=Level.SHOULD,
    ),
}
"""Parameters that show in single tokens."""


def fewer_alternatives(x: Reading) -> str | None:
    """Of more alternatives than are allowed, some."""
    asked = whole(x.asked.body.get("top_logprobs")) or 0
    listed = [e.get("top_logprobs") for score in _scores(x) for e in score.entries]
    most = max((len(found) for found in listed if isinstance(found, list)), default=0)
    return f"{most} alternatives for {asked}" if 0 < most < asked else None
