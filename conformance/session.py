"""One run: options to a plan, the plan to a recording, the recording to findings and results.

The command line and the pytest plugin both drive this; neither has logic of its own.
"""

from __future__ import annotations

import difflib
import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from conformance.checks.registry import all_checks, matching
from conformance.engine.budget import Budget
from conformance.engine.execute import execute
from conformance.engine.lanes import Lanes
from conformance.engine.pace import Gate, Ramp
from conformance.engine.secret import Secret
from conformance.engine.terms import Terms
from conformance.engine.transport import Transport
from conformance.judging import Judgement, judge_exchanges, suite_facts, usage_of
from conformance.model.errors import ProfileError, RecordingError, Unreachable, UsageError
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.json import JSON
from conformance.model.plan import Plan, Stage, Step
from conformance.model.profile import Profile, Support
from conformance.model.request import Operation, Request
from conformance.model.target import Target, parse_base_url
from conformance.options import Options
from conformance.plan import checks_of_suite, make_plan
from conformance.probes.registry import continued, with_limit
from conformance.profiles.load import load_profile, profile_from_json, profile_to_json
from conformance.recording import jsonl
from conformance.recording.jsonl import End, Header, Reader, Recording, Writer
from conformance.wire.reading import Reading

if TYPE_CHECKING:
    from conformance.generate.past import Past

LIMIT_PROBE = "chat.basic"
TRIAL = "chat.basic.trial"
EARLY_TRIAL = "chat.basic.early-trial"
"""The trial, sent before all else where the endpoint does not list the model: it may be misspelt."""
MODEL_LIST = "models.list"
REFUSED_LIMIT = "chat.basic.limit-refused"
"""The id under which an answer is kept that refused our parameter for the output limit."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run needs to know before it can plan."""

    options: Options
    profile: Profile
    target: Target
    secret: Secret | None


def prepare(options: Options) -> Setup:
    """Profile, target and key of a run; a ConformanceError says what is missing or wrong."""
    profile = load_profile(options.profile or "base")
    url = options.base_url or profile.endpoint.base_url
    if url is None:
        raise UsageError(
            "no endpoint: give its base URL with --base-url, such as http://127.0.0.1:8000/v1"
        )
    origin, prefix = parse_base_url(url)
    model = options.model or profile.models.chat
    if not model:
        raise UsageError("no model: name one that the endpoint serves with --model")
    key, variable = options.key(
        profile.endpoint.auth.env, required=profile.endpoint.auth.required is True
    )
    auth = replace(profile.endpoint.auth, env=variable or profile.endpoint.auth.env)
    profile = replace(profile, endpoint=replace(profile.endpoint, auth=auth))
    target = Target(origin, prefix, model, limit_parameter(profile, model))
    return Setup(options, profile, target, Secret(key) if key else None)


def limit_parameter(profile: Profile, model: str) -> str:
    """The parameter with which the profile lets a request limit its output."""
    older = profile.parameter("max_tokens", model).support
    newer = profile.parameter("max_completion_tokens", model).support
    only_newer = older is Support.NONE and newer in (Support.FULL, Support.PARTIAL, Support.UNKNOWN)
    return "max_completion_tokens" if only_newer else "max_tokens"


def selected_checks(options: Options) -> list[str]:
    """The checks of the suite that match the globs; a UsageError where a glob matches nothing."""
    ids = checks_of_suite(options.suite)
    if not options.check:
        return ids
    for glob in options.check:
        if not matching([glob]):
            raise UsageError(
                f"--check {glob!r} matches no check; `conformance list checks` shows all"
            )
    chosen = [i for i in matching(options.check) if i in ids]
    if not chosen:
        raise UsageError(f"none of the checks that --check names is in the suite {options.suite}")
    return chosen


def plan_for(setup: Setup, selected: Iterable[str], *, whole: Collection[str] = ()) -> Plan:
    """What would be sent for these checks; of the families in ``whole`` every case."""
    return make_plan(
        selected,
        setup.profile,
        setup.target,
        suite=setup.options.suite,
        max_requests=setup.options.max_requests,
        max_output_tokens=setup.options.max_output_tokens,
        repeat=setup.options.repeat,
        whole=whole,
        examples=setup.options.max_examples,
    )


class Sender(Protocol):
    """What sends a request once and tells what came of it."""

    def send(self, request: Request) -> Attempt:
        """Raises nothing for what a peer does."""


@dataclass(slots=True)
class Recorder:
    """Carries out a plan and writes the recording as it goes."""

    setup: Setup
    plan: Plan
    path: Path
    on_exchange: Callable[[Exchange], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    sender: Sender | None = None
    """What sends, in place of a transport to the target."""
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    """What was recorded; the answers are kept only of those that others are built from."""

    def run(self) -> Reader:
        """Send everything; the recording is on disk when it returns, however it ended."""
        began = time.perf_counter()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            writer = self._writer()
        except OSError as error:
            raise RecordingError(
                f"cannot write the recording {self.path}: {error.strerror or error}"
            ) from None
        with writer:
            end = self._send(writer)
            if end is End.COMPLETE and over_budget(self.plan):
                end = End.BUDGET
            seconds = self._earlier + time.perf_counter() - began
            footer = writer.finish(end, round(seconds, 4))
        made = Reader(self.path)
        made.footer = footer
        return made

    def _writer(self) -> Writer:
        """A new file, or that of an earlier run with what was answered then."""
        if not self.setup.options.resume or not _has_content(self.path):
            return Writer(self.path, self._header())
        recorded = jsonl.read(self.path)
        if (other := made_for(recorded.header, self._header())) is not None:
            raise RecordingError(
                f"{self.path} cannot be resumed: it was recorded {other}; "
                "leave out --resume, or name another file with --recording"
            )
        self._created = recorded.header.created
        kept = tuple(x for x in recorded.exchanges if answered_for_good(x))
        self.exchanges = {x.id: x for x in kept}
        self._earlier = max((a.started + a.seconds for x in kept for a in x.attempts), default=0.0)
        if REFUSED_LIMIT in self.exchanges:
            self._limit_otherwise()
        for exchange in kept:
            self.on_exchange(exchange)
        return Writer.resumed(self.path, replace(recorded, exchanges=kept))

    def _limit_otherwise(self) -> None:
        """Go on with the newer parameter for the output limit."""
        target = with_limit(self.setup.target, "max_completion_tokens")
        self.setup = replace(self.setup, target=target)

    def _spent(self, budget: Budget) -> None:
        """Take out of the budget what an earlier run has used."""
        most = {step.id: step.max_output_tokens for step in self.plan.steps}
        for exchange in self.exchanges.values():
            budget.requests += len(exchange.attempts)
            last = exchange.last
            if last is not None and last.status is not None and 200 <= last.status < 300:
                budget.output_tokens += usage_of(exchange)[1] or most.get(exchange.id, 0)

    def _send(self, writer: Writer) -> End:
        options = self.setup.options
        budget = Budget(
            max_requests=options.max_requests, max_output_tokens=options.max_output_tokens
        )
        self._spent(budget)
        needed = {earlier for step in self.plan.steps for earlier in step.after}
        needed |= {LIMIT_PROBE, REFUSED_LIMIT}

        def remember(exchange: Exchange) -> None:
            whole = exchange.id in needed or exchange.probe == MODEL_LIST
            self.exchanges[exchange.id] = exchange if whole else replace(exchange, attempts=())

        past = self._past()
        for exchange in tuple(self.exchanges.values()):
            remember(exchange)
        terms = Terms(budget=budget, ramp=Ramp(options.concurrency), gate=Gate(options.rate))

        def write(made: Exchange) -> None:
            remember(made)
            writer.append(made)
            self.on_exchange(made)

        with self._connected() as transport:

            def keep(exchange: Exchange) -> None:
                for made in self._settled(exchange):
                    if past is not None:
                        past.saw(made)
                    write(made)

            end = execute(
                self._gated(),
                transport.send,
                on_exchange=keep,
                build_after=self._build,
                terms=terms,
                tokens_used=_tokens_used,
                known=self.exchanges,
                stop=self.stop,
            )
            if past is None:
                return end
            lanes = Lanes(transport.send, terms, tokens_used=_tokens_used, stop=self.stop)
            return self._search(end, past, lanes, write)

    def _past(self) -> Past | None:
        """What the searches begin with; None where nothing is searched."""
        if not self.plan.searches:
            return None
        from conformance.generate.oracle import Oracle
        from conformance.generate.past import Past

        chosen = (check for check in all_checks().values() if check.id in self.plan.checks)
        past = Past(self.setup.profile, Oracle(chosen, self.setup.profile))
        for exchange in self.exchanges.values():
            past.saw(exchange)
        return past

    def _search(self, end: End, past: Past, lanes: Lanes, write: Callable[[Exchange], None]) -> End:
        """Generate requests, as far as the run has not ended."""
        setup, searches = self.setup, self.plan.searches
        if end not in (End.COMPLETE, End.BUDGET):
            from conformance.generate.past import unsearched

            path = setup.target.paths(Operation.CHAT, setup.profile)[0]
            for exchange in unsearched(searches, path, _WHY_NOT.get(end, "interrupted")):
                write(exchange)
            return end
        from conformance.generate.generation import DEFAULT_SEED, Generation, memory_of

        seed = setup.options.seed
        Generation(
            profile=setup.profile,
            target=setup.target,
            searches=searches,
            past=past,
            send=lanes.send,
            note=lanes.note,
            seed=DEFAULT_SEED if seed is None else seed,
            memory=memory_of(setup.options.environment),
        ).run(lambda works: lanes.run(works, write))
        return end if lanes.end is End.COMPLETE else lanes.end

    def _connected(self) -> AbstractContextManager[Sender]:
        if self.sender is not None:
            return nullcontext(self.sender)
        return Transport(
            self.setup.target.origin,
            secret=self.setup.secret,
            headers=self.setup.profile.endpoint.headers,
            timeout=self.setup.options.timeout,
            stop=self.stop,
            began=time.perf_counter() - self._earlier,
        )

    def _gated(self) -> tuple[Step, ...]:
        """The plan with a trial: the smallest request goes ahead of what generates, to tell how output is limited."""
        if REFUSED_LIMIT in self.exchanges:
            self._replan()
        else:
            self._planned = {step.id: step for step in self.plan.steps}
        basic = self._planned.get(LIMIT_PROBE)
        if basic is None or LIMIT_PROBE in self.exchanges:
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
        return (*lists, early, *free, *(self._waiting(step) for step in rest))

    def _waiting(self, step: Step) -> Step:
        """A step that waits for the trial, which stands for the smallest request and is paid for already."""
        spent = step.id == LIMIT_PROBE
        tokens = 0 if spent else step.max_output_tokens
        return replace(step, request=None, after=(*step.after, TRIAL), max_output_tokens=tokens)

    def _replan(self) -> None:
        """Write the requests again, for another parameter of the output limit."""
        again = {step.id: step for step in plan_for(self.setup, self.plan.checks).steps}
        self._planned = {step.id: again.get(step.id, step) for step in self.plan.steps}

    def _settled(self, exchange: Exchange) -> Iterator[Exchange]:
        """What is recorded of an exchange: the trial stands for the smallest request unless its limit was refused."""
        if exchange.id in (EARLY_TRIAL, TRIAL):
            if self._trial or (exchange.id == EARLY_TRIAL and exchange.not_sent):
                return
            self._trial = exchange
            if limit_refused(exchange, self.setup.target.limit_parameter):
                yield replace(exchange, id=REFUSED_LIMIT, probe=REFUSED_LIMIT)
                self._limit_otherwise()
                self._replan()
            elif (why := model_unknown(exchange, self.exchanges.values())) is not None:
                yield replace(exchange, id=LIMIT_PROBE)
                raise UsageError(why)
            return
        trial, planned = self._trial, self._planned.get(exchange.id)
        if exchange.id == LIMIT_PROBE and trial and REFUSED_LIMIT not in self.exchanges:
            yield replace(trial, id=LIMIT_PROBE)
        elif exchange.not_sent and planned and planned.request:
            yield replace(exchange, request=planned.request)
        else:
            yield exchange

    def _build(self, step: Step, finished: Mapping[str, Exchange]) -> Request | str:
        """The request of a step that waited: for the trial, or for an answer that it follows."""
        if step.id in (EARLY_TRIAL, TRIAL):
            return self._trial_request(early=step.id == EARLY_TRIAL)
        if self._trial and (why := self._trial.not_sent) is not None:
            return why
        if step.id == LIMIT_PROBE and REFUSED_LIMIT not in self.exchanges:
            return "the trial stands for it"
        planned = self._planned[step.id]
        if planned.request is not None:
            return planned.request
        known = {**finished, **self.exchanges}
        return continued(planned, known, self.setup.target, self.setup.profile)

    def _trial_request(self, *, early: bool) -> Request | str:
        if self._trial:
            return "the trial was made already"
        listed = listed_models(self.exchanges.values())
        if early and (not listed or self.setup.target.model in listed):
            return "nothing speaks against the model"
        request = self._planned[LIMIT_PROBE].request
        return request or "it has no request of its own"

    def _header(self) -> Header:
        target, options = self.setup.target, self.setup.options
        return Header(
            created=self._created,
            suite=suite_facts(),
            target={
                "base_url": target.base_url,
                "model": target.model,
                "limit_parameter": target.limit_parameter,
            },
            profile=profile_to_json(self.setup.profile),
            plan=plan_as_json(self.plan),
            seed=options.seed,
            limits={
                "suite": options.suite,
                "concurrency": options.concurrency,
                "rate": options.rate,
                "max_requests": options.max_requests,
                "max_output_tokens": options.max_output_tokens,
                "timeout": options.timeout,
            },
        )

    _trial: Exchange | None = None
    _earlier: float = 0.0
    """Seconds that the runs took which this one goes on with."""
    _planned: dict[str, Step] = field(default_factory=dict)
    _created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def path_lengths(steps: Sequence[Step]) -> dict[str, int]:
    """Output tokens from the beginning of each step to the end of what follows it, which is of a later stage."""
    lengths: dict[str, int] = {}
    follows: dict[str, int] = {}
    for step in sorted(steps, key=lambda step: -step.stage):
        lengths[step.id] = step.max_output_tokens + follows.get(step.id, 0)
        for earlier in step.after:
            follows[earlier] = max(follows.get(earlier, 0), lengths[step.id])
    return lengths


def _tokens_used(exchange: Exchange) -> int | None:
    """Output tokens that an answer took by its own word."""
    return usage_of(exchange)[1] or None


_WHY_NOT = {
    End.ENDPOINT_GONE: "endpoint unreachable",
    End.ENDPOINT_FAILING: "stopped: the endpoint failed too often in a row",
}
"""Why nothing was generated after a plan that ended so."""


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def answered_for_good(exchange: Exchange) -> bool:
    """Whether an earlier run's exchange stands: it was answered, or failed as the endpoint's doing."""
    last = exchange.last
    return last is not None and last.ended not in (Ended.REFUSED, Ended.INTERRUPTED)


def made_for(recorded: Header, planned: Header) -> str | None:
    """In what a recording differs from the run that would go on with it; None if in nothing that counts."""

    def differs(*pair: JSON) -> bool:
        first, second = (json.dumps(value, sort_keys=True) for value in pair)
        return first != second

    if differs(dict(recorded.suite), dict(planned.suite)):
        return "by another version of this suite"
    if differs(dict(recorded.target), dict(planned.target)):
        return "from another endpoint or model"
    if differs(dict(recorded.profile), dict(planned.profile)):
        return "for another profile"
    if differs(dict(recorded.plan), dict(planned.plan)):
        return "for another plan (other checks, suite, repetitions or limits)"
    return None


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


def over_budget(plan: Plan) -> tuple[str, ...]:
    """The requests that the budget leaves out."""
    return tuple(i for i, why in plan.left_out if why.startswith("budget"))


def plan_as_json(plan: Plan) -> dict[str, JSON]:
    """The plan as a recording's header carries it."""
    return {
        "checks": list(plan.checks),
        "deselected": list(plan.deselected),
        "left_out": [[probe, why] for probe, why in plan.left_out],
        **({"searches": [f"{s.id} {s.examples}" for s in plan.searches]} if plan.searches else {}),
        "steps": [
            {
                "id": s.id,
                "probe": s.probe,
                "max_output_tokens": s.max_output_tokens,
                "prompt_tokens": s.prompt_tokens,
            }
            for s in plan.steps
        ],
    }


def judge_recording(
    recording: Recording | Reader,
    *,
    profile: Profile | None = None,
    selected: Iterable[str] | None = None,
    strict: bool = False,
) -> Judgement:
    """Findings and results.json of a recording: the same from a live run and from its file."""
    header = recording.header
    wanted = set(all_checks() if selected is None else selected)
    chosen = [i for i in recorded_checks(recording) if i in wanted]
    if not chosen:
        raise RecordingError("the recording was made for none of the checks that are to be judged")
    return judge_exchanges(
        recording.exchanges,
        profile or _recorded_profile(header),
        chosen,
        plan=header.plan,
        target=header.target,
        suite=header.suite,
        strict=strict,
    )


def recorded_checks(recording: Recording | Reader) -> list[str]:
    """The checks for which a recording was made, and those that came later and nobody deselected."""
    listed, off = (
        [i for i in ids if isinstance(i, str)] if isinstance(ids, list) else []
        for ids in (recording.header.plan.get("checks"), recording.header.plan.get("deselected"))
    )
    known = all_checks()
    if not set(listed) & set(known):
        return []
    return [i for i in known if i in listed or i not in off]


def _recorded_profile(header: Header) -> Profile:
    try:
        return profile_from_json(dict(header.profile))
    except ProfileError as error:
        raise RecordingError(
            f"the profile inside the recording cannot be used ({error}); name one with --profile"
        ) from None


def unreachable(recording: Recording | Reader) -> str | None:
    """Why nothing at all could be sent; None if anything was answered."""
    if any(x.last is not None and x.last.ended is not Ended.REFUSED for x in recording.exchanges):
        return None
    refused = next((x.last for x in recording.exchanges if x.last is not None), None)
    return refused.detail if refused is not None else None


def require_reachable(recording: Recording | Reader, url: str) -> None:
    """Raise Unreachable, with one sentence, if no connection could be made."""
    why = unreachable(recording)
    if why is not None:
        raise Unreachable(f"{url} cannot be reached: {why}")


def read_recording(path: Path) -> Recording:
    """A recording from its file."""
    return jsonl.read(path)
