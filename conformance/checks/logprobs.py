"""Log probabilities, alike in answers and streams: shape, arithmetic, presence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.json import JSON
from conformance.model.profile import Profile
from conformance.wire.chunks import spoken
from conformance.wire.completion import choices_of, messages_of
from conformance.wire.reading import Reading

from .answers import asking, offered
from .givens import ENDPOINT, RECORDING, completion, read_in_its_form, read_to_the_end
from .kinds import completions, ordinary_chat, streams
from .registry import MAY, SHOULD, Given, Kind, Problems, Scope, check

PROBES = ("chat.logprobs", "chat.stream.logprobs")
_ROUNDING = 1e-6
MOST = 20
"""The alternatives that OpenAI gives at most."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The log probabilities of one choice, and the text that they are of (None where it has none)."""

    at: str
    entries: tuple[dict[str, JSON], ...]
    text: str | None
    malformed: bool = False
    """Whether something else stands in their place, which other checks speak of."""

    @property
    def missing(self) -> bool:
        """Whether a text has none."""
        return bool(self.text) and not self.entries and not self.malformed


def entries_of(choice: JSON) -> tuple[dict[str, JSON], ...]:
    """The entries of ``logprobs.content`` that are objects."""
    logprobs = choice.get("logprobs") if isinstance(choice, dict) else None
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return tuple(e for e in content if isinstance(e, dict)) if isinstance(content, list) else ()


def malformed(choice: JSON) -> bool:
    """Whether ``logprobs`` is there and cannot be read."""
    logprobs = choice.get("logprobs") if isinstance(choice, dict) else None
    if not isinstance(logprobs, dict) or not logprobs:
        return logprobs not in (None, {})
    content = logprobs.get("content", "absent")
    listed = isinstance(content, list) and all(isinstance(entry, dict) for entry in content)
    return content is not None and not listed


def scores_of(x: Reading) -> list[Scores]:
    """The scores of each choice of a plain answer."""
    found = []
    for at, choice, message in messages_of(x):
        content, other = message.get("content"), _beside_text(message)
        text = content if isinstance(content, str) and not other else None
        found.append(Scores(f"{at}/logprobs", entries_of(choice), text, malformed(choice)))
    return found


def _beside_text(message: dict[str, JSON]) -> bool:
    """Whether tokens were spent on something else than the text as well."""
    others = ("tool_calls", "function_call", "refusal", "reasoning", "reasoning_content")
    return any(message.get(name) for name in others)


def none_scored(x: Reading, scores: Iterable[Scores]) -> Unjudged | None:
    """Why there are no scores to judge, None if there are."""
    if any(s.entries for s in scores):
        return None
    asked = x.asked.body.get("logprobs") is True
    return Unjudged("the answer has no log probabilities", ENDPOINT if asked else RECORDING)


def _number(value: JSON) -> float | None:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric else None  # type: ignore[arg-type]


def _alternatives(entry: dict[str, JSON]) -> list[dict[str, JSON]]:
    top = entry.get("top_logprobs")
    return [e for e in top if isinstance(e, dict)] if isinstance(top, list) else []


def value_problems(scores: Iterable[Scores]) -> Problems:
    """A problem for each choice with a log probability above 0."""
    for one in scores:
        for position, entry in enumerate(one.entries):
            values = [_number(e.get("logprob")) for e in (entry, *_alternatives(entry))]
            above = [value for value in values if value is not None and value > _ROUNDING]
            if above:
                yield Problem(
                    f"{one.at}/content/{position}", expected="at most 0", actual=f"{above[0]}"
                )
                break


def byte_problems(scores: Iterable[Scores]) -> Problems:
    """A problem for each choice whose tokens do not join to its text."""
    for one in scores:
        said = _joined_text(one)
        if one.text is not None and said is not None and said != one.text:
            yield Problem(
                f"{one.at}/content",
                expected=f"tokens that join to {one.text[-60:]!r}",
                actual=repr(said[-60:]),
                level=MAY if _misleads_few(one, said) else None,
            )


def _misleads_few(one: Scores, said: str) -> bool:
    """Whether no more is odd than text trimmed, tokens of a template around it, or names for tokens without bytes."""
    text = (one.text or "").strip()
    if text in said:
        return True
    lost = "".join(text.split()) == "".join(said.split())
    return not lost and any(entry.get("bytes") is None for entry in one.entries)


def _joined_text(one: Scores) -> str | None:
    """What the bytes of a choice's tokens say; None where they cannot be compared with its text."""
    joined = _joined(one.entries)
    # U+FFFD stands for a character cut by the limit, or for bytes that are not UTF-8.
    if one.text is None or joined is None or not one.entries or "\ufffd" in one.text:
        return None
    return joined.decode("utf-8", "ignore")


def _joined(entries: Iterable[dict[str, JSON]]) -> bytes | None:
    """The bytes of all tokens, and of a token that has none, which is legal, its text; None where neither can be read."""
    joined = b""
    for entry in entries:
        values, token = entry.get("bytes"), entry.get("token")
        if values is None and isinstance(token, str):
            joined += token.encode("utf-8", "replace")
        elif isinstance(values, list) and all(_is_byte(v) for v in values):
            joined += bytes(values)  # type: ignore[arg-type]
        else:
            return None
    return joined


def _is_byte(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 256


def top_problems(x: Reading, scores: Iterable[Scores]) -> Problems:
    """For each choice the first thing wrong with its alternatives: too many, not sorted, at odds with the token."""
    asked = x.asked.body.get("top_logprobs")
    most = asked if isinstance(asked, int) and not isinstance(asked, bool) else 0
    if most < 0 or most > MOST:
        return  # what comes of such a wish is another rule's business
    for one in scores:
        for position, entry in enumerate(one.entries):
            found = _top_problem(entry, f"{one.at}/content/{position}/top_logprobs", most)
            if found is not None:
                yield found
                break


def _is_chosen(entry: dict[str, JSON], other: dict[str, JSON]) -> bool:
    return other.get("token") == entry.get("token") and other.get("bytes") == entry.get("bytes")


def _chosen_added(entry: dict[str, JSON], top: list[dict[str, JSON]], most: int) -> bool:
    """Whether one alternative too many is the chosen token, which is none of the likeliest."""
    own = _number(entry.get("logprob"))
    others = [_number(one.get("logprob")) for one in top if not _is_chosen(entry, one)]
    return (
        len(top) == most + 1
        and len(others) == most
        and own is not None
        and all(value is not None and value >= own for value in others)
    )


def _top_problem(entry: dict[str, JSON], at: str, most: int) -> Problem | None:
    top = _alternatives(entry)
    values = [v for v in (_number(e.get("logprob")) for e in top) if v is not None]
    if len(top) > most:
        level = MAY if most == 0 or _chosen_added(entry, top, most) else None
        return Problem(at, expected=f"at most {most}", actual=f"{len(top)}", level=level)
    if values != sorted(values, reverse=True):
        # Some servers list the chosen token before all others.
        chosen_first = _is_chosen(entry, top[0]) and values[1:] == sorted(values[1:], reverse=True)
        level = MAY if chosen_first else None
        return Problem(at, expected="the likeliest first", actual=f"{values}", level=level)
    own = _number(entry.get("logprob"))
    for other in top:
        value = _number(other.get("logprob"))
        if (
            _is_chosen(entry, other)
            and own is not None
            and value is not None
            and abs(own - value) > 0.01
        ):
            return Problem(at, expected=f"{own}, as for the token", actual=f"{value}", level=MAY)
    return None


def stream_scores(x: Reading) -> list[Scores]:
    """The scores of each choice of a stream, joined over its chunks."""
    found, all_pieces = [], _pieces(x)
    for parts in spoken(x):
        pieces = all_pieces[parts.index]
        entries = tuple(entry for piece in pieces for entry in entries_of(piece))
        at, text = f"choice {parts.index}: logprobs", parts.text if _all_text(pieces) else None
        found.append(Scores(at, entries, text, any(map(malformed, pieces))))
    return found


def _pieces(x: Reading) -> dict[float, list[dict[str, JSON]]]:
    """What the chunks hold of each choice; gathered in one pass, because a stream may have thousands of both."""
    found: dict[float, list[dict[str, JSON]]] = defaultdict(list)
    for choice in (choice for _, value in x.chunks for choice in choices_of(value)):
        index = choice.get("index")
        if isinstance(index, int | float) and not isinstance(index, bool):
            found[index].append(choice)
    return found


def _all_text(pieces: list[dict[str, JSON]]) -> bool:
    """Whether the deltas of a choice are well formed and carry nothing beside text."""
    for delta in (piece.get("delta", {}) for piece in pieces):
        if not isinstance(delta, dict) or _beside_text(delta):
            return False
        if not isinstance(delta.get("content"), str | None):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Form:
    """One of the two forms of an answer, and how its log probabilities are read."""

    area: str
    kind: Kind
    given: Given
    scores: Callable[[Reading], list[Scores]]
    probe: str
    plain: str
    """The probe that does not ask for them."""
    words: str


FORMS = (
    Form("chat.response", completions, completion, scores_of, PROBES[0], "chat.basic", "an answer"),
    Form(
        "chunk",
        streams,
        read_to_the_end,
        stream_scores,
        PROBES[1],
        "chat.stream.basic",
        "a stream",
    ),
)


def scored(form: Form) -> Given:
    """An answer of a form came, with log probabilities."""

    def given(x: Reading, profile: Profile) -> Unjudged | None:
        return form.given(x, profile) or none_scored(x, form.scores(x))

    return given


def _declare_presence(form: Form) -> None:
    @check(
        f"{form.area}.logprobs-unasked",
        level=MAY,
        on=asking(form.kind, "logprobs", None, False),
        given=form.given,
        probes=(form.plain,),
        title=f"Log probabilities come with {form.words} only if they were asked for.",
    )
    def others_wait_to_be_asked(x: Reading, profile: Profile) -> Problems:
        for one in form.scores(x):
            if one.entries:
                yield Problem(one.at, expected="null", actual=f"{len(one.entries)} entries")


def _declare(
    form: Form,
    rule: str,
    title: str,
    found: Callable[[Reading, list[Scores]], Problems],
    needs: tuple[str, ...] = (),
    more: tuple[Given, ...] = (),
) -> None:
    """One SHOULD rule about the entries themselves."""

    @check(
        f"{form.area}.logprobs-{rule}",
        level=SHOULD,
        on=form.kind,
        given=(scored(form), *more),
        claimed=offered("logprobs", *needs),
        probes=(form.probe,),
        title=title.format(form.words),
    )
    def entries_are_right(x: Reading, profile: Profile) -> Problems:
        yield from found(x, form.scores(x))


def joinable(form: Form) -> Given:
    """The tokens of an answer can be read, and a text of which nothing was held back or cut in a character."""

    def given(x: Reading, profile: Profile) -> Unjudged | None:
        if x.asked.body.get("stop"):  # what was held back at a stop text is counted differently
            return Unjudged("the request has a stop text", RECORDING)
        if any(_joined_text(one) is not None for one in form.scores(x)):
            return None
        return Unjudged("the tokens cannot be read, or have no text of their own", RECORDING)

    return given


for _form in FORMS:
    _declare_presence(_form)
    _declare(
        _form,
        "values",
        "No log probability of {} is above 0.",
        lambda _, scores: value_problems(scores),
    )
    _declare(
        _form,
        "bytes",
        "The tokens of {} join to its text: their bytes, or themselves where bytes are null.",
        lambda _, scores: byte_problems(scores),
        more=(joinable(_form),),
    )
    _declare(
        _form,
        "top",
        "Each token of {} has at most as many alternatives as asked for, the likeliest first.",
        top_problems,
        needs=("top_logprobs",),
    )


def text_came(x: Reading, profile: Profile) -> Unjudged | None:
    """It was answered in its form, with text."""
    if (reason := read_in_its_form(x, profile)) is not None:
        return reason
    scores = stream_scores(x) if x.asked.streams else scores_of(x)
    if any(s.text for s in scores):
        return None
    return Unjudged("the answer has no text", Hindrance.MODEL)


@check(
    "parity.logprobs",
    level=SHOULD,
    on=asking(ordinary_chat, "logprobs", True),
    given=text_came,
    claimed=offered("logprobs"),
    scope=Scope.PAIR,
    probes=PROBES,
)
def log_probabilities_in_both(plain: Reading, stream: Reading, profile: Profile) -> Problems:
    """Log probabilities that were asked for come in both forms or in neither."""
    texts = [[s for s in found if s.text] for found in (scores_of(plain), stream_scores(stream))]
    ours, theirs = (not all(s.missing for s in found) for found in texts)
    if ours != theirs:
        words = {True: "log probabilities", False: "none"}
        yield Problem(
            "logprobs", expected=f"{words[ours]}, as without stream", actual=words[theirs]
        )
