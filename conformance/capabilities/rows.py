"""What the facts about one parameter add up to."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from conformance.model.capability import Observed, Row

from .fact import DOWN, Aspect, Fact, Saw
from .refused import Blame

CASES_KEPT = 40
"""Facts of one sort that are kept of one row, of what was seen of one aspect in one form; of more, the first by name."""
IDS_KEPT = 3
"""Exchanges that are kept of each fact; of more, the first by name."""
_NAMED = 3
_CALLED = ("tools", "tool_choice", "parallel_tool_calls")
"""Rows whose effect shows in calls."""
_UNTOLD = {Saw.UNCLEAR, Saw.OVER}
_Sort = tuple[bool, Aspect, Saw, bool]
_ABOUT = (Aspect.RANGE, Aspect.TYPE, Aspect.COMBINATION, Aspect.MISSING)


@dataclass(slots=True)
class Sum:
    """The facts about one row, counted.

    What is kept does not grow with their number, and does not depend on which answer came first.
    """

    parameter: str
    area: str
    kinds: dict[Fact, Counted] = field(default_factory=dict)
    claimed: str = ""
    """The claim in words, where no parameter's claim says it."""
    claimed_in: str = ""
    """The exchange whose request they were read from, the first by name."""
    sorts: dict[_Sort, list[Fact]] = field(default_factory=dict)
    """The facts of each sort, in their order."""

    def add(self, fact: Fact, exchange: str) -> None:
        """Take a fact in."""
        known = self.kinds.get(fact)
        if known is None:
            if not self._room(fact):
                return
            known = self.kinds[fact] = Counted()
        known.times += 1
        insort(known.exchanges, exchange)
        del known.exchanges[IDS_KEPT:]

    def _room(self, fact: Fact) -> bool:
        """Whether there is room for a fact that is not known, if need be instead of one that comes after it."""
        kept = self.sorts.setdefault((fact.own, fact.aspect, fact.saw, fact.streamed), [])
        if len(kept) == CASES_KEPT:
            if _place(fact) >= _place(kept[-1]):
                return False
            del self.kinds[kept.pop()]
        insort(kept, fact, key=_place)
        return True


@dataclass(slots=True)
class Counted:
    """How often a fact was met, and where."""

    times: int = 0
    exchanges: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is known of a whole run that tells whether a refusal, or a call, is about the parameter."""

    basis: int | None = None
    """The status of the smallest request, where it was refused."""
    prompts: frozenset[bytes] = frozenset()
    """Digests of the prompts that were answered in any request."""
    calls_unasked: str = ""
    """That calls come to requests without tools as well, in words; then a call shows nothing."""

    def weighed(self, fact: Fact) -> Fact:
        """The fact, less where its refusal may have another reason."""
        if fact.saw is Saw.EFFECT and fact.row in _CALLED and self.calls_unasked:
            return replace(fact, saw=Saw.UNCLEAR, said=f"{fact.said}; {self.calls_unasked}")
        if fact.saw not in DOWN:
            return fact
        if self.basis is not None and fact.status == self.basis:
            why = f"chat.basic is answered {self.basis} as well"
            return replace(fact, saw=Saw.LOST, said=why)
        if fact.blame is Blame.OTHER:
            return replace(fact, saw=Saw.LOST, said=f"refused because of another: {fact.said}")
        if fact.blame is Blame.OPEN and fact.prompt not in self.prompts:
            said = f"{fact.said}; no request with this prompt is answered"
            return replace(fact, saw=Saw.UNCLEAR, said=said)
        return fact


def row_of_sum(made: Sum, claimed: str, refusals: Refusals, why_not: str) -> Row:
    """The row that facts come to; ``why_not`` says why there are none, where there are none."""
    # In an order that does not depend on which answer came first.
    kinds = sorted(made.kinds.items(), key=lambda kind: _place(kind[0]))
    facts = [(refusals.weighed(fact), counted) for fact, counted in kinds]
    values = [(f, c) for f, c in facts if f.aspect is Aspect.VALUE]
    seen = [(f, c) for f, c in values if f.saw is not Saw.LOST]
    observed = _observed({f.saw for f, _ in seen})
    cuts = [(f, c) for f, c in facts if f.saw is Saw.CUT]
    how, shown = _how(observed, seen)
    if observed is Observed.NOT_SEEN:
        lost = Counter({f.said: c.times for f, c in values})
        how = lost.most_common(1)[0][0] if lost else why_not
    elif cuts and observed in (Observed.SUPPORTED, Observed.ACCEPTED, Observed.UNCLEAR):
        observed, shown = Observed.CLAMPED, [*cuts, *shown]
        how = "; ".join(filter(None, (cuts[0][0].said, how)))
    outright = observed in (Observed.REJECTED, Observed.BREAKS)
    said = () if outright else _details(facts, observed)
    detail = "; ".join(said)
    ids = dict.fromkeys(name for _, c in (shown or facts) for name in c.exchanges)
    return Row(
        made.parameter, made.area, claimed, observed, how, detail, tuple(ids)[: 2 * IDS_KEPT]
    )


def _place(fact: Fact) -> tuple[object, ...]:
    """Where a fact stands among those of its row; no two stand in one place."""
    first = (not fact.own, fact.streamed, fact.case, fact.saw.value, fact.said)
    rest = (fact.area, fact.aspect.value, fact.status or 0, fact.blame.value, fact.prompt)
    return (*first, *rest)


def _observed(seen: set[Saw]) -> Observed:
    if not seen:
        return Observed.NOT_SEEN
    if seen & DOWN:
        alone = Observed.REJECTED if Saw.REFUSED in seen else Observed.BREAKS
        return alone if len(seen) == 1 else Observed.VARIES
    if Saw.MISSING in seen:
        return Observed.VARIES if Saw.EFFECT in seen else Observed.IGNORED
    if Saw.EFFECT in seen:
        return Observed.SUPPORTED
    return Observed.UNCLEAR if seen & _UNTOLD else Observed.ACCEPTED


Met = Sequence[tuple[Fact, Counted]]


def _how(observed: Observed, seen: Met) -> tuple[str, Met]:
    """What was seen, in words, and the facts that show it."""
    wanted = {
        Observed.SUPPORTED: {Saw.EFFECT},
        Observed.IGNORED: {Saw.MISSING},
        Observed.REJECTED: {Saw.REFUSED},
        Observed.BREAKS: {Saw.BROKEN},
        Observed.UNCLEAR: _UNTOLD,
        Observed.ACCEPTED: {Saw.TAKEN},
    }.get(observed)
    if wanted is None:
        return _varying(seen) if observed is Observed.VARIES else ("", [])
    shown = _of(seen, wanted)
    if observed is Observed.ACCEPTED:
        told = next((f.said for f, _ in shown if f.said), "")
        return told or "its effect cannot be seen from outside", shown
    if observed in (Observed.REJECTED, Observed.BREAKS):
        return _several(f.said for f, _ in shown), shown
    told = shown[0][0].said
    forms = {f.streamed for f, _ in shown}
    if forms == {True, False}:
        told += "; in streams too"
    elif forms == {True}:
        told += ", in streams"
    elif observed is Observed.SUPPORTED and any(
        f.streamed and f.saw is Saw.UNCLEAR for f, _ in seen
    ):
        told += "; not shown by the model in streams"
    return told, shown


def _several(texts: Iterable[str], most: int = 2) -> str:
    different = list(dict.fromkeys(text for text in texts if text))
    more = f" and {len(different) - most} other answers" if len(different) > most else ""
    return " or ".join(different[:most]) + more


def _varying(seen: Met) -> tuple[str, Met]:
    """Which requests came out how: by form where that tells them apart, else by case."""
    tried = (Saw.EFFECT, Saw.MISSING, Saw.REFUSED, Saw.BROKEN)
    kinds = [saw for saw in tried if _of(seen, {saw})]
    groups = [(kind.value, _of(seen, {kind})) for kind in kinds]
    if len(groups) == 1:  # refused, or taken without an effect that would show
        groups.insert(0, ("accepted", _of(seen, {Saw.TAKEN, *_UNTOLD})))
    shown = [one for _, group in groups for one in group[:2]]
    forms = [{f.streamed for f, _ in group} for _, group in groups]
    apart = len(groups) == 2 and forms[0] != forms[1] and all(len(form) == 1 for form in forms)
    said: list[str] = []
    for (word, group), form in zip(groups, forms, strict=True):
        where = ("in streams" if True in form else "plain") if apart else _cases(group)
        told = group[0][0].said
        said.append(f"{where}: {word}" + (f" ({told})" if told else ""))
    return "; ".join(said), shown


def _of(seen: Met, kinds: set[Saw]) -> Met:
    return [(f, c) for f, c in seen if f.saw in kinds]


def _cases(group: Met) -> str:
    """The names of some cases: those that are about the row, where any are."""
    named = [f for f, _ in group if f.case]
    if not named:
        count = sum(counted.times for _, counted in group)
        return f"{count} request{'' if count == 1 else 's'}"
    return _listed(f.case for f in [f for f in named if f.own] or named)


def _listed(names: Iterable[str]) -> str:
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - _NAMED} more" if len(different) > _NAMED else ""
    return ", ".join(different[:_NAMED]) + more


def _details(facts: Met, observed: Observed) -> Iterator[str]:
    """What was done with values outside the usual, aspect by aspect."""
    ignored = observed is Observed.IGNORED
    over = [] if observed in (Observed.IGNORED, Observed.UNCLEAR) else _of(facts, {Saw.OVER})
    if over:
        yield f"{_listed(f.case for f, _ in over)}: {over[0][0].said}"
    for aspect in _ABOUT:
        about = [(f, c) for f, c in facts if f.aspect is aspect]
        taken = {Saw.TAKEN, Saw.UNCLEAR, Saw.CUT} if ignored else {Saw.TAKEN, Saw.UNCLEAR}
        said = []
        for kind in (Saw.REFUSED, Saw.BROKEN):
            if down := _of(about, {kind}):
                statuses = " or ".join(sorted({str(f.status) for f, _ in down}))
                said.append(f"{_listed(f.case for f, _ in down)} {kind.value} ({statuses})")
        if cut := [] if ignored else _of(about, {Saw.CUT}):
            told = "" if observed is Observed.CLAMPED else f" ({cut[0][0].said})"
            said.append(f"{_listed(f.case for f, _ in cut)} cut{told}")
        if passed := _of(about, taken):
            said.append(f"{_listed(f.case for f, _ in passed)} accepted")
        if said:
            yield f"{aspect.value}: {', '.join(said)}"
