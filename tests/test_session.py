"""One run, without a door: what is prepared, what is sent in which order, what is judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.checks.registry import all_checks
from conformance.judging import suite_digest, usage_of
from conformance.model.errors import ConformanceError, RecordingError, Unreachable, UsageError
from conformance.model.exchange import Attempt, Ended, Exchange
from conformance.model.finding import Outcome
from conformance.model.plan import Stage
from conformance.model.profile import Profile
from conformance.options import Options
from conformance.probes.registry import all_probes
from conformance.profiles.load import load_profile
from conformance.recording.jsonl import End, Header, Recording, read
from conformance.refserver.exchange import Frame, IncomingRequest, Reply
from conformance.refserver.serve import ReferenceServer
from conformance.session.planning import plan_for
from conformance.session.recorded import judge_recording, require_reachable
from conformance.session.recorder import Recorder
from conformance.session.setup import limit_parameter, prepare, selected_checks
from conformance.session.trial import REFUSED_LIMIT
from tests.builders import a_completion, a_stream, an_exchange, text_chunks, usage_chunk
from tests.doors import CLOSED, KEY, MODEL, playing

HERE = Options(base_url=CLOSED, model="m", environment={})


class TestOptions:
    """What a run is told."""

    def test_key_is_taken_from_the_variable_named_by_the_user_first(self) -> None:
        """--api-key-env wins over the profile; white space around a key is not part of it."""
        options = replace(
            HERE, api_key_env="MINE", environment={"MINE": " sk-1 \n", "THEIRS": "sk-2"}
        )
        assert ("sk-1", "MINE") == options.key("THEIRS", required=True)

    def test_key_of_the_profile(self) -> None:
        """Without --api-key-env the profile names the variable."""
        options = replace(HERE, environment={"THEIRS": "sk-2"})
        assert ("sk-2", "THEIRS") == options.key("THEIRS", required=False)

    @pytest.mark.parametrize("named", [None, "THEIRS"])
    def test_no_key(self, named: str | None) -> None:
        """Where no key is required, none is needed."""
        assert (None, None) == HERE.key(named, required=False)

    def test_environment_is_not_shown(self) -> None:
        """The options' text form does not hold the environment, which holds the key."""
        assert KEY not in repr(replace(HERE, environment={"K": KEY}))


class TestPrepare:
    """Options to profile, target and key."""

    def test_profile_gives_what_the_user_does_not(self, tmp_path: Path) -> None:
        """Base URL, model and key's variable may come from the profile."""
        file = tmp_path / "acme.yaml"
        file.write_text(
            'format: "1"\nname: acme\ntitle: Acme\nextends: base\n'
            "endpoint: {base_url: 'http://127.0.0.1:9/acme/v1', auth: {env: ACME}}\n"
            "models: {chat: acme-1}\n"
        )
        setup = prepare(Options(profile=str(file), environment={"ACME": KEY}))
        assert ("http://127.0.0.1:9/acme/v1", "acme-1") == (
            setup.target.base_url,
            setup.target.model,
        )
        assert setup.secret is not None
        assert KEY not in repr(setup)

    def test_variable_is_remembered_for_curl_lines(self) -> None:
        """The profile of the run names the variable that the user named."""
        setup = prepare(replace(HERE, api_key_env="MINE", environment={"MINE": KEY}))
        assert "MINE" == setup.profile.endpoint.auth.env

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            pytest.param(Options(environment={}), "no endpoint", id="no-endpoint"),
            pytest.param(Options(base_url=CLOSED, environment={}), "no model", id="no-model"),
        ],
    )
    def test_what_is_missing(self, options: Options, says: str) -> None:
        """A UsageError names the option."""
        with pytest.raises(UsageError, match=says):
            prepare(options)

    @pytest.mark.parametrize(
        ("lines", "parameter"),
        [
            pytest.param("", "max_tokens", id="nothing-stated"),
            pytest.param(
                "parameters: {max_tokens: {support: none}}",
                "max_completion_tokens",
                id="older-refused",
            ),
            pytest.param(
                "parameters: {max_tokens: {support: none}, max_completion_tokens: {support: none}}",
                "max_tokens",
                id="neither",
            ),
            pytest.param(
                "parameters: {max_tokens: {support: none}, max_completion_tokens: {support: full}}",
                "max_completion_tokens",
                id="only-the-newer",
            ),
        ],
    )
    def test_parameter_that_limits_the_output(
        self, tmp_path: Path, lines: str, parameter: str
    ) -> None:
        """max_tokens, unless the profile says that only its successor can work."""
        file = tmp_path / "mine.yaml"
        file.write_text(f'format: "1"\nname: mine\ntitle: Mine\nextends: base\n{lines}\n')
        profile = load_profile(str(file))
        assert parameter == limit_parameter(profile, "m")


class TestSelection:
    """Suite and globs to checks."""

    def test_core_has_all(self) -> None:
        """Without a glob, all checks of the suite."""
        assert list(all_checks()) == selected_checks(HERE)

    def test_smoke_has_fewer(self) -> None:
        """The smoke suite has those that its few requests exercise."""
        smoke = selected_checks(replace(HERE, suite="smoke"))
        assert set(smoke) < set(all_checks())
        plan = plan_for(prepare(replace(HERE, suite="smoke")), smoke)
        assert 1 <= len(plan.steps) <= 12
        assert all(all_probes()[step.probe].smoke for step in plan.steps)

    def test_glob_that_matches_nothing(self) -> None:
        """Each glob must match something: a slip of the pen must not pass as green."""
        with pytest.raises(UsageError, match=r"'nope\.\*' matches no check"):
            selected_checks(replace(HERE, check=("models.*", "nope.*")))


def recorded(server: ReferenceServer, file: Path, *checks: str, **more: object) -> Recorder:
    """A finished recorder for some checks (all, if none is named)."""
    environment = {"K": server.key} if server.key else {}
    options = Options(
        base_url=server.base_url,
        model=MODEL,
        api_key_env="K" if server.key else None,
        check=checks,
        environment=environment,
        **more,  # type: ignore[arg-type]
    )
    setup = prepare(options)
    recorder = Recorder(setup, plan_for(setup, selected_checks(options)), file)
    recorder.run()
    return recorder


class TestRecorder:
    """From a plan to a file."""

    def test_file_is_what_is_returned(self, tmp_path: Path) -> None:
        """Reading the recording gives the exchanges and the footer of the run."""
        with playing() as server:
            recorder = recorded(
                server, tmp_path / "deep" / "r.jsonl", "models.*", "chat.response.*"
            )
        made = read(tmp_path / "deep" / "r.jsonl")
        assert tuple(recorder.exchanges) == tuple(x.id for x in made.exchanges)
        assert made.footer is not None
        assert (End.COMPLETE, len(made.exchanges)) == (made.footer.end, made.footer.exchanges)
        assert MODEL == made.header.target["model"]

    def test_free_requests_go_first(self, tmp_path: Path) -> None:
        """The first ordinary request leaves with the last of those that cost no tokens; all others wait for it."""
        with playing() as server:
            recorder = recorded(server, tmp_path / "r.jsonl")
        starts = {
            x.id: (x.attempts[0].started, x.attempts[0].started + x.attempts[0].seconds)
            for x in read(tmp_path / "r.jsonl").exchanges
        }
        stage = {step.id: step.stage for step in recorder.plan.steps}
        first, ended = starts["chat.basic"]
        free = [i for i in starts if stage[i] < stage["chat.basic"]]
        assert free
        assert sum(starts[i][0] > first for i in free) <= recorder.setup.options.concurrency
        assert all(
            start >= ended for i, (start, _) in starts.items() if i not in (*free, "chat.basic")
        )

    def test_the_longest_go_first(self, tmp_path: Path) -> None:
        """Of what generates: the last to end are short. What waits for something counts with it."""
        with playing() as server:
            recorder = recorded(server, tmp_path / "r.jsonl", concurrency=1)
        most = {step.id: step.max_output_tokens for step in recorder.plan.steps}
        stage = {step.id: step.stage for step in recorder.plan.steps}
        sent = [x for x in read(tmp_path / "r.jsonl").exchanges if stage[x.id] is Stage.CHAT]
        sent.sort(key=lambda x: x.attempts[0].started)
        awaited = {earlier for step in recorder.plan.steps for earlier in step.after}
        alone = [most[x.id] for x in sent if x.id not in awaited]
        assert sorted(alone, reverse=True) == alone
        assert {"tools.required", "tools.stream.required"} <= {x.id for x in sent[1:4]}

    def test_answers_are_not_kept(self, tmp_path: Path) -> None:
        """But for those that something is built from: the others are in the file."""
        with playing() as server:
            recorder = recorded(server, tmp_path / "r.jsonl")
        kept = {i for i, x in recorder.exchanges.items() if x.attempts}
        assert {"models.list", "chat.basic", "tools.required"} <= kept
        assert kept < recorder.exchanges.keys()
        assert not kept & {"chat.system", "errors.missing-model"}

    def test_budget_that_leaves_requests_out(self, tmp_path: Path) -> None:
        """A recording of less than was wanted does not say that it is complete."""
        with playing() as server:
            recorded(server, tmp_path / "r.jsonl", max_requests=3)
        footer = read(tmp_path / "r.jsonl").footer
        assert footer is not None
        assert (End.BUDGET, 3) == (footer.end, footer.exchanges)

    def test_model_that_is_not_listed_is_tried_first(self, tmp_path: Path) -> None:
        """An alias works and costs no second request; all else is sent as ever."""
        with Listless(load_profile("openai"), model=MODEL, key=KEY) as server:
            recorder = recorded(server, tmp_path / "r.jsonl")
        sent = [x for x in read(tmp_path / "r.jsonl").exchanges if x.attempts]
        sent.sort(key=lambda x: x.attempts[0].started)
        assert ["models.list", "chat.basic"] == [x.id for x in sent[:2]]
        assert len(recorder.plan.steps) == len(sent)

    def test_unwritable_file(self, tmp_path: Path) -> None:
        """A RecordingError comes before the first request."""
        (tmp_path / "file").touch()
        with playing() as server, pytest.raises(RecordingError, match="cannot write the recording"):
            recorded(server, tmp_path / "file" / "r.jsonl")

    def test_unknown_model_ends_it(self, tmp_path: Path) -> None:
        """A model that is refused and not listed costs one ordinary request, and what was sent is kept."""
        with playing() as server:
            options = Options(base_url=server.base_url, model="tiny-7", environment={})
            setup = prepare(options)
            recorder = Recorder(
                setup, plan_for(setup, selected_checks(options)), tmp_path / "r.jsonl"
            )
            with pytest.raises(UsageError, match="such as tiny-1"):
                recorder.run()
        sent = [x.id for x in read(tmp_path / "r.jsonl").exchanges]
        assert ["models.list", "chat.basic"] == sent

    def test_nobody_there(self, tmp_path: Path) -> None:
        """A closed port ends the run at once; the sentence says who could not be reached."""
        setup = prepare(HERE)
        recorder = Recorder(setup, plan_for(setup, selected_checks(HERE)), tmp_path / "r.jsonl")
        made = recorder.run()
        assert made.footer is not None
        assert End.ENDPOINT_GONE is made.footer.end
        with pytest.raises(Unreachable, match=f"{CLOSED} cannot be reached"):
            require_reachable(made, CLOSED)


class Listless(ReferenceServer):
    """Lists another model than the one that it serves."""

    def reply(self, request: IncomingRequest) -> Reply:
        """The answer, with other names in the list."""
        reply = super().reply(request)
        if request.path.endswith("/models"):
            frames = tuple(
                replace(f, data=f.data.replace(MODEL.encode(), b"x" * len(MODEL)))
                for f in reply.frames
            )
            return replace(reply, frames=frames)
        return reply


class OnlyTheNewer(ReferenceServer):
    """Refuses max_tokens as the newer models of OpenAI do: a request that is right otherwise."""

    def reply(self, request: IncomingRequest) -> Reply:
        """The answer, or the refusal."""
        reply = super().reply(request)
        if reply.status == 200 and b'"max_tokens"' in request.body:
            said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            error = {"message": said, "type": "invalid_request_error", "param": "max_tokens"}
            body = json.dumps({"error": {**error, "code": "unsupported_parameter"}}).encode()
            kind = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
            return Reply(400, kind, (Frame(body),))
        return reply


class TestLimitRefused:
    """An endpoint that knows only max_completion_tokens."""

    def test_is_judged_all_the_same(self, tmp_path: Path) -> None:
        """One request is lost; the others limit their output in the other way, and nothing fails."""
        with OnlyTheNewer(load_profile("openai"), model=MODEL, key=KEY) as server:
            recorder = recorded(server, tmp_path / "r.jsonl")
        made = read(tmp_path / "r.jsonl")
        by_id = {x.id: x for x in made.exchanges}
        aside = ("errors.", "auth.", "param.max-tokens.")
        ordinary = [x for x in made.exchanges if not x.id.startswith(aside)]
        assert [REFUSED_LIMIT] == [
            x.id for x in ordinary if b'"max_tokens"' in (x.request.body or b"")
        ]
        assert [400, 200] == [
            x.last.status for x in (by_id[REFUSED_LIMIT], by_id["chat.basic"]) if x.last is not None
        ]
        assert b"max_completion_tokens" in (by_id["chat.long"].request.body or b"")
        assert "max_completion_tokens" == recorder.setup.target.limit_parameter
        judged = judge_recording(made)
        assert [] == [f.check for f in judged.findings if f.outcome in (Outcome.FAIL, Outcome.WARN)]
        assert 0 == judged.exit_code


class TestJudging:
    """From a recording to results."""

    def test_recording_without_checks(self) -> None:
        """Nothing to judge is no green result."""
        header = Header("2026-11-20T12:00:00+00:00", plan={"checks": ["of.another.time"]})
        with pytest.raises(RecordingError, match="none of the checks"):
            judge_recording(Recording(header), profile=Profile("base", "Base"))

    def test_profile_that_cannot_be_read(self) -> None:
        """The sentence names the way out."""
        plan = {"checks": ["models.list"]}
        header = Header("2026-11-20T12:00:00+00:00", profile={"colour": "red"}, plan=plan)
        with pytest.raises(ConformanceError, match="--profile"):
            judge_recording(Recording(header))

    @pytest.mark.parametrize(
        ("exchange", "used"),
        [
            pytest.param(an_exchange("chat.basic", json=a_completion()), (9, 3), id="plain"),
            pytest.param(
                an_exchange("chat.stream.usage", body=a_stream([*text_chunks(), usage_chunk()])),
                (9, 3),
                id="stream",
            ),
            pytest.param(an_exchange("chat.stream.basic"), (0, 0), id="not-said"),
            pytest.param(
                an_exchange("chat.basic", json=a_completion(usage={"prompt_tokens": "9"})),
                (0, 0),
                id="nonsense",
            ),
            pytest.param(
                an_exchange("chat.basic", json=a_completion(usage={"prompt_tokens": -1})),
                (0, 0),
                id="negative",
            ),
        ],
    )
    def test_tokens_used(self, exchange: Exchange, used: tuple[int, int]) -> None:
        """What an answer says it used, zeros where it says nothing usable."""
        assert used == usage_of(exchange)

    def test_nothing_was_sent(self) -> None:
        """An exchange that was never sent used nothing."""
        sent = an_exchange("chat.basic", json=a_completion())
        gone = Attempt(None, ended=Ended.REFUSED, detail="nothing listens")
        assert (0, 0) == usage_of(replace(sent, attempts=(gone,)))

    def test_digest_of_the_suite(self) -> None:
        """Sixteen hex digits, the same each time."""
        assert 16 == len(suite_digest())
        assert suite_digest() == suite_digest()
        int(suite_digest(), 16)
