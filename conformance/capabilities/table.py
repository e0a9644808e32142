"""The whole table: watches exchanges go by, and says at the end what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from conformance.model.capability import Observed, Row
from conformance.model.finding import Finding, Outcome
from conformance.model.profile import Profile
from conformance.probes.parameters import UNKNOWN_ROWS
from conformance.spec.claimed import claimed, claimed_of_request, unknown_fields
from conformance.spec.names import LIMITS, NAMES, family_of, slug, top_of, vendor_names
from conformance.wire.answer import said
from conformance.wire.reading import Reading

from .fact import VENDOR, probes, prompt_of, row_of
from .facts import facts
from .refused import lost, turned_down
from .rows import Refusals, Sum, row_of_sum

ROWS_KEPT = 1_000
PROMPTS_KEPT = 2_000
BASIS = "chat.basic"
_AGAINST = (Outcome.FAIL, Outcome.WARN, Outcome.WAIVED)
ROW_OF_CHECK = {
    "chunk.usage-asked": "stream_options",
    "stream.accepted": "stream",
    "stream.answers-with-events": "stream",
    "errors.unknown-model": "model",
    "errors.missing-model": "model",
    "errors.missing-messages": "messages",
    "errors.empty-messages": "messages",
    "errors.messages-type": "messages",
}
"""Checks of other areas that find a claim about a parameter broken."""


_RESTS_ON = {"top_logprobs": "logprobs"}


class Table:
    """The capability table of one set of exchanges; what it keeps does not grow with their number."""

    def __init__(
        self,
        profile: Profile,
        *,
        model: str | None = None,
        left_out: Mapping[str, str] | None = None,
        foreign: bool = False,
    ) -> None:
        self.profile = profile
        self.model = model
        self.left_out = dict(left_out or {})
        self.foreign = foreign
        self._sums: dict[str, Sum] = {}
        self._prompts: set[bytes] = set()
        self._basis: int | None = None
        self._calls_unasked = ""
        self._error = ""

    def take(self, x: Reading) -> None:
        """Take note of what an exchange shows."""
        try:
            self._take(x)
        except Exception as error:  # noqa: BLE001 - our own bug must not end the run
            self._error = self._error or f"our own mistake: {error!r}"

    def _take(self, x: Reading) -> None:
        if not x.asked.chat:
            return
        if x.exchange.probe == BASIS and self._basis is None and (x.status or 0) >= 400:
            self._basis = x.status
        answered = lost(x) is None and not turned_down(x, self.profile)
        if answered and len(self._prompts) < PROMPTS_KEPT:
            self._prompts.add(prompt_of(x))
        if answered and _called_unasked(x):
            self._calls_unasked = "calls come to requests without tools as well"
        for fact in facts(x, self.profile):
            made = self._sums.get(fact.row)
            if made is None and len(self._sums) < ROWS_KEPT:
                made = self._sums[fact.row] = Sum(fact.row, fact.area)
            if made is not None:
                made.add(fact, x.id)
                if made.area != "param" and (not made.claimed or x.id < made.claimed_in):
                    made.claimed_in = x.id
                    made.claimed = claimed_of_request(
                        x.asked.body, self.profile, self.model, LIMITS
                    )

    def rows(self, findings: Iterable[Finding] = ()) -> tuple[Row, ...]:
        """The rows in their order, with the checks that found a claim broken."""
        refusals = Refusals(self._basis, frozenset(self._prompts), self._calls_unasked)
        against = _against(findings, vendor_names(self.profile))
        made: dict[str, Row] = {}
        for name in self._names():
            known = self._sums.get(name, Sum(name, "param"))
            words = known.claimed or self._claimed(name)
            row = row_of_sum(known, words, refusals, self._why_not(name))
            row = _with_ground(row, made)
            made[name] = replace(row, against=tuple(sorted(against.get(name, ()))))
        return tuple(made.values())

    def _names(self) -> Iterator[str]:
        """OpenAI's parameters, the vendor's, unknown fields, then the rows of other areas; members after their own."""
        tops = ("model", "messages", *NAMES, *vendor_names(self.profile))
        members: dict[str, list[str]] = {}
        others = []
        for name, made in self._sums.items():
            if made.area == "param" and name not in UNKNOWN_ROWS.values():
                members.setdefault(top_of(name), []).append(name)
            elif made.area != "param":
                others.append((made.area, name))
        for top in dict.fromkeys((*tops, *members)):
            yield top
            yield from sorted(name for name in members.get(top, ()) if name != top)
        yield from UNKNOWN_ROWS.values()
        yield from (name for _, name in sorted(others))

    def _claimed(self, name: str) -> str:
        if name in UNKNOWN_ROWS.values():
            return unknown_fields(self.profile)
        return claimed(name, self.profile, self.model)

    def _why_not(self, name: str) -> str:
        """Why nothing is known of a row."""
        if self._error:
            return self._error
        if self.foreign:
            return "not in this traffic"
        of_it = "unknown-field" if name in UNKNOWN_ROWS.values() else family_of(top_of(name))
        reasons = [
            why
            for probe, why in self.left_out.items()
            if probe.startswith("param.") and probe.split(".")[1] == of_it
        ]
        return min(reasons, key=lambda why: not why.startswith("budget"), default="not sent")


def _called_unasked(x: Reading) -> bool:
    """Whether tools are called although the request declares none."""
    return not x.asked.body.get("tools") and any(one.calls for one in said(x))


def _with_ground(row: Row, known: Mapping[str, Row]) -> Row:
    """The row of what does nothing without another parameter: where that is ignored, so is this."""
    ground = known.get(_RESTS_ON.get(row.parameter, ""))
    if row.observed is Observed.UNCLEAR and ground and ground.observed is Observed.IGNORED:
        return replace(row, observed=Observed.IGNORED)
    return row


def _against(findings: Iterable[Finding], vendors: Iterable[str]) -> dict[str, set[str]]:
    """The checks that found something wrong, by row."""
    found: dict[str, set[str]] = {}
    for finding in findings:
        if finding.outcome in _AGAINST:
            for row in _rows_of(finding, tuple(vendors)):
                found.setdefault(row, set()).add(finding.check)
    return found


def _rows_of(finding: Finding, vendors: tuple[str, ...]) -> Iterator[str]:
    """The rows that a finding is about: its own parameter's, or those of the exchanges with a problem."""
    area, _, rest = finding.check.partition(".")
    if (row := ROW_OF_CHECK.get(finding.check)) is not None:
        yield row
    elif area == "param" and (own := _BY_SLUG.get(rest.partition(".")[0])) is not None:
        yield own
    elif area in ("param", "message", "schema") or finding.check.startswith("errors.parameter-"):
        for problem in finding.problems:
            name, _, case = problem.exchange.partition("#")[0].partition(":")
            family = probes().get(name)
            if name.startswith(VENDOR):
                named = [n for n in vendors if case.startswith(f"{slug(n)}-")]
                yield from sorted(named, key=len)[-1:]
            elif family is not None and family.cases is not None and (row := row_of(family, case)):
                yield row


_BY_SLUG = {slug(name): name for name in ("model", *NAMES)}
