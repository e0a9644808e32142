"""Which model an answer says it comes from."""

from __future__ import annotations

import re

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire.answer import member_of
from conformance.wire.reading import Reading

from .givens import read_in_its_form, values_kept
from .kinds import ordinary_chat, own
from .registry import MAY, Problems, check

_SAYS_LITTLE = {"latest", "preview", "instruct", "chat", "it", "exp", "beta", "free", "default"}
"""Words that a name may have more or less of without meaning another model."""


def words_of(name: str) -> list[str]:
    """What a model's name is made of, without its provider and without what says little."""
    own_name = name.lower().rpartition("/")[2].partition(":")[0]
    return [word for word in re.split(r"[^a-z0-9]+", own_name) if word and word not in _SAYS_LITTLE]


def alike(asked: str, named: str) -> bool:
    """Whether two names may well mean one model: equal, or one of them is more exact by numbers alone."""
    short, long = sorted((words_of(asked), words_of(named)), key=len)
    more = long[len(short) :]
    return long[: len(short)] == short and all(word[0].isdigit() for word in more)


def own_answers(x: Reading) -> bool:
    """Chat requests of this run that may be answered."""
    return own(x) and ordinary_chat(x)


def names_one(x: Reading, profile: Profile) -> Unjudged | None:
    """The answer names a model, and the request did."""
    if (reason := read_in_its_form(x, profile) or values_kept(x, profile)) is not None:
        return reason
    both = (x.asked.body.get("model"), member_of(x, "model"))
    if not all(isinstance(name, str) and words_of(name) for name in both):
        return Unjudged("the answer names no model", Hindrance.ENDPOINT)
    return None


@check(
    "chat.response.model-asked", level=MAY, on=own_answers, given=names_one, probes=("chat.basic",)
)
def the_model_that_was_asked_answers(x: Reading, profile: Profile) -> Problems:
    """An answer names the model that was asked for, or a more exact name of it."""
    asked, named = str(x.asked.body.get("model")), str(member_of(x, "model"))
    if not alike(asked, named):
        at = "event 1: /model" if x.asked.streams else "/model"
        yield Problem(at, expected=f"{asked!r}, or a dated name of it", actual=repr(named[:160]))
