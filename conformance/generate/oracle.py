"""What the checks say of one exchange, and what about its request could be to blame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from conformance.checks.givens import arrival_kept
from conformance.checks.registry import Check, Kind, Scope
from conformance.judge import Judge
from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.profile import Profile
from conformance.probes.generated import MALFORMED
from conformance.spec.claims import standing
from conformance.spec.names import LIMITS, top_of
from conformance.tally import Known as Conditions
from conformance.wire.reading import Reading

FAILING = (Outcome.FAIL, Outcome.WARN)


class Oracle:
    """Judges exchanges one by one, by every check that needs no other exchange; for many threads."""

    def __init__(self, checks: Iterable[Check], profile: Profile) -> None:
        self._profile = profile
        self._by_kind: dict[Kind, list[Check]] = defaultdict(list)
        for check in checks:
            # What depends on the clock may differ the next time.
            lasting = check.scope is Scope.EACH and arrival_kept not in check.given
            if lasting and not (check.claimed and check.claimed(profile)):
                self._by_kind[check.on].append(check)

    def failing(self, exchange: Exchange) -> tuple[str, ...]:
        """The ids of the checks that it fails or that warn, sorted."""
        x = Reading(exchange)
        known = Conditions(self._profile)
        meant = (c for kind, those in self._by_kind.items() if kind(x) for c in those)
        # Most checks hold; only of the others is a verdict made.
        suspect = [check for check in meant if self._complains(check, x, known)]
        found = Judge([exchange], self._profile).findings(suspect) if suspect else []
        return tuple(finding.check for finding in found if finding.outcome in FAILING)

    def _complains(self, check: Check, x: Reading, known: Conditions) -> bool:
        """Whether a check would have something to say."""
        try:
            if any(known.hindrance(given, x) is not None for given in check.given):
                return False
            return next(iter(check.problems(x, self._profile)), None) is not None
        except Exception:  # noqa: BLE001 - our own bug, of which the judge makes a finding
            return True

    def marks(self, exchange: Exchange) -> frozenset[str]:
        """What is special about a request: its parameters, and the ways in which it departs."""
        x = Reading(exchange)
        if not x.asked.parsed.ok or not x.asked.body:
            return frozenset([f"!{MALFORMED}"])
        body, made = x.asked.body, set[str]()
        for name, value in body.items():
            if name not in ("model", "messages", *LIMITS) and not (name == "stream" and not value):
                made.add(name)
        model = body.get("model")
        found = standing(body, self._profile, model if isinstance(model, str) else None)
        made |= {f"{top_of(d.parameter)}!{d.way}" for d in found.departures}
        match body.get("messages"):
            case [{"role": "user", "content": str()}]:
                pass
            case _:
                made.add("messages")
        return frozenset(made)
