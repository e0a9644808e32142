"""The trial of a run: the smallest request goes ahead, to tell how output is limited and whether the model is there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from conformance.model.errors import UsageError
from conformance.model.exchange import Exchange
from conformance.model.plan import Plan, Stage, Step
from conformance.model.request import Request
from conformance.probes.registry import continued, with_limit
from conformance.wire.reading import Reading

from .planning import plan_for
from .setup import Setup

LIMIT_PROBE = "chat.basic"


TRIAL = "chat.basic.trial"


EARLY_TRIAL = "chat.basic.early-trial"
"""The trial, sent before all else where the endpoint does not list the model: it may be misspelt."""


MODEL_LIST = "models.list"


REFUSED_LIMIT = "chat.basic.limit-refused"
"""The id under which an answer is kept that refused our parameter for the output limit."""


class Trial:
    """The steps of a plan behind their trial, and what is recorded of them."""

    def __init__(self, setup: Setup, plan: Plan, exchanges: Mapping[str, Exchange]) -> None:
        self.setup = setup
        """As it was given, until the trial shows that output is limited otherwise."""
        self._plan = plan
        self._exchanges = exchanges
        self._made: Exchange | None = None
        self._planned = {step.id: step for step in plan.steps}
        if REFUSED_LIMIT in exchanges:
            self._replan()

    def steps(self) -> tuple[Step, ...]:
        """The plan with a trial, which goes ahead of what generates."""
        basic = self._planned.get(LIMIT_PROBE)
        if basic is None or LIMIT_PROBE in self._exchanges:
            return tuple(self._planned.values())
        steps = self._planned.values()
        lists = [step for step in steps if step.probe == MODEL_LIST]
        free = [step for step in steps if step.stage < Stage.CHAT and step not in lists]
        rest = [step for step in steps if step.stage >= Stage.CHAT]
        trial = replace(basic, stage=Stage.FREE, request=None)
        # Early enough among the free ones to be back when they are done.
        free.insert(
            max(0, len(free) - self.setup.options.concurrency),
            replace(trial, id=TRIAL),
        )
        early = replace(trial, id=EARLY_TRIAL, after=tuple(step.id for step in lists))
        free = [replace(step, after=(*step.after, EARLY_TRIAL)) for step in free]
        # The longest first, with what waits for it: the last to end are short, and no slot stays empty for long.
        lengths = path_lengths(rest)
        rest.sort(key=lambda step: (step.stage, -lengths[step.id]))
        return (*lists, early, *free, *(_waiting(step) for step in rest))

    def build(self, step: Step, finished: Mapping[str, Exchange]) -> Request | str:
        """The request of a step that waited: for the trial, or for an answer that it follows."""
        if step.id in (EARLY_TRIAL, TRIAL):
            return self._request(early=step.id == EARLY_TRIAL)
        if self._made and (why := self._made.not_sent) is not None:
            return why
        if step.id == LIMIT_PROBE and REFUSED_LIMIT not in self._exchanges:
            return "the trial stands for it"
        planned = self._planned[step.id]
        if planned.request is not None:
            return planned.request
        known = {**finished, **self._exchanges}
        return continued(planned, known, self.setup.target, self.setup.profile)

    def _request(self, *, early: bool) -> Request | str:
        if self._made:
            return "the trial was made already"
        listed = listed_models(self._exchanges.values())
        if early and (not listed or self.setup.target.model in listed):
            return "nothing speaks against the model"
        request = self._planned[LIMIT_PROBE].request
        return request or "it has no request of its own"

    def settled(self, exchange: Exchange) -> Iterator[Exchange]:
        """What is recorded of an exchange: the trial stands for the smallest request unless its limit was refused."""
        if exchange.id in (EARLY_TRIAL, TRIAL):
            yield from self._judged(exchange)
            return
        planned = self._planned.get(exchange.id)
        if exchange.id == LIMIT_PROBE and self._made and REFUSED_LIMIT not in self._exchanges:
            yield replace(self._made, id=LIMIT_PROBE)
        elif exchange.not_sent and planned and planned.request:
            yield replace(exchange, request=planned.request)
        else:
            yield exchange

    def _judged(self, trial: Exchange) -> Iterator[Exchange]:
        """What is recorded of the trial itself; a UsageError where the endpoint has no such model."""
        if self._made or (trial.id == EARLY_TRIAL and trial.not_sent):
            return
        self._made = trial
        if limit_refused(trial, self.setup.target.limit_parameter):
            yield replace(trial, id=REFUSED_LIMIT, probe=REFUSED_LIMIT)
            self.setup = limited_otherwise(self.setup)
            self._replan()
        elif (why := model_unknown(trial, self._exchanges.values())) is not None:
            yield replace(trial, id=LIMIT_PROBE)
            raise UsageError(why)

    def _replan(self) -> None:
        """Write the requests again, for another parameter of the output limit."""
        again = {step.id: step for step in plan_for(self.setup, self._plan.checks).steps}
        self._planned = {step.id: again.get(step.id, step) for step in self._plan.steps}


def _waiting(step: Step) -> Step:
    """A step that waits for the trial, which stands for the smallest request and is paid for already."""
    tokens = 0 if step.id == LIMIT_PROBE else step.max_output_tokens
    return replace(step, request=None, after=(*step.after, TRIAL), max_output_tokens=tokens)


def limited_otherwise(setup: Setup) -> Setup:
    """The setup with the newer parameter for the output limit."""
    return replace(setup, target=with_limit(setup.target, "max_completion_tokens"))


def path_lengths(steps: Sequence[Step]) -> dict[str, int]:
    """Output tokens from the beginning of each step to the end of what follows it, which is of a later stage."""
    lengths: dict[str, int] = {}
    follows: dict[str, int] = {}
    for step in sorted(steps, key=lambda step: -step.stage):
        lengths[step.id] = step.max_output_tokens + follows.get(step.id, 0)
        for earlier in step.after:
            follows[earlier] = max(follows.get(earlier, 0), lengths[step.id])
    return lengths


def limit_refused(exchange: Exchange, parameter: str) -> bool:
    """Whether an answer refused ``max_tokens`` and asked for ``max_completion_tokens``."""
    last = exchange.last
    if (
        parameter != "max_tokens"
        or last is None
        or last.status is None
        or not 400 <= last.status < 500
    ):
        return False
    return b"max_completion_tokens" in last.body


def model_unknown(trial: Exchange, exchanges: Iterable[Exchange]) -> str | None:
    """A sentence if the trial was refused and the endpoint's list shows that it has no such model."""
    reading = Reading(trial)
    model = reading.asked.body.get("model")
    if (
        reading.status is None
        or not 400 <= reading.status < 500
        or reading.status in (401, 402, 429)
    ):
        return None
    ids = listed_models(exchanges)
    if not ids or model in ids:
        return None
    near = difflib.get_close_matches(str(model), sorted(ids), 3, 0.4) or sorted(ids)[:5]
    return (
        f"the endpoint refuses the model {model!r} (status {reading.status}) and does not list it; "
        f"name one that it has with --model, such as {', '.join(near)}"
    )


def listed_models(exchanges: Iterable[Exchange]) -> set[str]:
    """The ids in the endpoint's list of models; empty where it has none."""
    lists = [Reading(x) for x in exchanges if x.probe == MODEL_LIST and x.last is not None]
    data = [(r.object or {}).get("data") for r in lists if r.status == 200]
    return {str(m.get("id")) for d in data if isinstance(d, list) for m in d if isinstance(m, dict)}
