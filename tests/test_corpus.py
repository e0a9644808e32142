"""What services really sent: never a false alarm, never an error of ours, and the known departures found."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.registry import all_checks
from conformance.judge import Judge
from conformance.model.exchange import Exchange
from conformance.model.finding import Finding, Outcome
from conformance.profiles.load import load_profile
from conformance.recording.traffic import load_traffic

CORPUS = Path(__file__).parents[1] / ".." / "shared" / "corpus"
FILES = sorted(CORPUS.rglob("*.jsonl.gz"))
OPENAI = [file for file in FILES if file.name == "openai.jsonl.gz"]


def each(files: list[Path]) -> list[Any]:
    """Test parameters for these files, or one that says why there are none."""
    if not files:
        reason = "the recorded exchanges are not beside this checkout"
        return [pytest.param(CORPUS, id="none", marks=pytest.mark.skip(reason))]
    return [pytest.param(f, id=f.relative_to(CORPUS).as_posix().split(".jsonl")[0]) for f in files]


@cache
def exchanges(file: Path) -> tuple[Exchange, ...]:
    """The exchanges of a file."""
    return load_traffic(file).exchanges


@cache
def findings(file: Path, profile: str = "base") -> dict[str, Finding]:
    """The verdicts of the whole catalogue on a file."""
    judge = Judge(exchanges(file), load_profile(profile), foreign=True)
    return {f.check: f for f in judge.findings(all_checks().values())}


def shown(found: dict[str, Finding], *outcomes: Outcome) -> dict[str, list[str]]:
    """The findings of these outcomes, with what a person needs to look into them."""
    return {
        i: [f"{p.exchange}: {p.at}: {p.actual}" for p in f.problems[:5]] or [f.reason]
        for i, f in found.items()
        if f.outcome in outcomes
    }


@pytest.mark.parametrize("profile", ["base", "openai"])
@pytest.mark.parametrize("file", each(OPENAI))
def test_openai_sets_off_no_alarm(file: Path, profile: str) -> None:
    """What api.openai.com sent is right by definition: no check fails or warns on it."""
    bad = (Outcome.FAIL, Outcome.WARN, Outcome.ERROR, Outcome.STALE)

    assert {} == shown(findings(file, profile), *bad)


@pytest.mark.parametrize("file", each(OPENAI))
def test_openai_exercises_the_checks(file: Path) -> None:
    """The silence above is worth something: most checks of answers and streams were exercised."""
    found = findings(file)
    judged = {i for i, f in found.items() if f.outcome in (Outcome.PASS, Outcome.NOTE)}

    assert len(exchanges(file)) >= 100
    assert len([i for i in judged if i.startswith(("chat.", "chunk.", "stream."))]) > 60


@pytest.mark.parametrize("file", each(FILES))
def test_no_traffic_breaks_a_check(file: Path) -> None:
    """Whatever services send, no check of ours breaks on it."""
    assert {} == shown(findings(file), Outcome.ERROR)


@pytest.mark.parametrize("file", each(FILES))
def test_no_traffic_makes_a_run_incomplete(file: Path) -> None:
    """Traffic of other people was never ours to send: nothing in it is a reason of the run but its limits."""
    unfinished = [
        (f.check, f.reason)
        for f in findings(file).values()
        if f.outcome is Outcome.INCONCLUSIVE and f.hindrance == "run"
    ]

    assert [] == [(i, r) for i, r in unfinished if "rate-limited" not in r and "quota" not in r]


KNOWN = [
    ("perplexity", "stream.done", Outcome.FAIL),
    ("perplexity", "chunk.object", Outcome.FAIL),
    ("perplexity", "errors.not-html", Outcome.FAIL),
    ("perplexity", "chunk.role-once", Outcome.WARN),
    ("openrouter", "chunk.role-once", Outcome.WARN),
    ("openrouter", "chat.response.not-an-error", Outcome.FAIL),
    ("xai", "chat.response.usage-sum", Outcome.WARN),
    ("huggingface", "stream.not-empty", Outcome.FAIL),
    ("huggingface", "errors.shape", Outcome.FAIL),
    ("together", "chat.response.finish-reason", Outcome.FAIL),
    ("together", "chunk.tool-later-deltas", Outcome.WARN),
    ("snowflake", "chat.response.finish-reason", Outcome.FAIL),
    ("snowflake", "chunk.finish-present", Outcome.FAIL),
    ("ai21", "chat.response.object", Outcome.FAIL),
    ("zai", "chat.response.object", Outcome.FAIL),
    ("avian", "chunk.id-constant", Outcome.FAIL),
    ("groq", "chunk.role-present", Outcome.FAIL),
    ("gemini-openai", "chat.response.tool-call-ids", Outcome.FAIL),
    ("mistral", "chat.response.tool-calls", Outcome.FAIL),
    ("mistral", "models.ids-unique", Outcome.WARN),
    ("baseten", "stream.done", Outcome.FAIL),
    ("cerebras", "errors.shape", Outcome.FAIL),
    ("ollama", "chunk.created-constant", Outcome.NOTE),
    ("pollinations", "chunk.usage-asked", Outcome.WARN),
    ("litellm", "chunk.finish-present", Outcome.FAIL),
]


@pytest.mark.skipif(not FILES, reason="the recorded exchanges are not beside this checkout")
@pytest.mark.parametrize(("vendor", "check", "outcome"), KNOWN, ids=str)
def test_a_known_departure_is_found(vendor: str, check: str, outcome: Outcome) -> None:
    """What a person can see in the recording, the check sees too."""
    assert outcome is findings(CORPUS / f"{vendor}.jsonl.gz")[check].outcome


WITHOUT_EFFECT = {
    ("alibaba", "max-tokens"),
    ("groq", "max-completion-tokens"),
    ("groq", "stop"),
    ("huggingface", "tool-choice"),
    ("llama.cpp", "response-format"),
    ("llama.cpp", "tool-choice"),
    ("ollama", "tool-choice"),
    ("openrouter", "max-tokens"),
    ("openrouter", "response-format"),
    ("openrouter", "stop"),
    ("perplexity", "response-format"),
    ("pollinations", "logprobs"),
    ("scrubbed/llama.cpp", "response-format"),
    ("scrubbed/openrouter", "max-tokens"),
    ("scrubbed/perplexity", "max-tokens"),
}
"""Read in the recorded bytes: a parameter was accepted, and its effect did not come."""


@pytest.mark.parametrize("file", each(FILES))
def test_an_effect_is_missed_only_where_it_is_missing(file: Path) -> None:
    """A parameter is called ignored in no other recording than those in which a person sees it as well."""
    name = file.relative_to(CORPUS).as_posix().removesuffix(".jsonl.gz")
    missed = [i for i in shown(findings(file), Outcome.NOTE) if i.endswith(".effective")]

    assert {f"param.{p}.effective" for vendor, p in WITHOUT_EFFECT if vendor == name} == {*missed}


@pytest.mark.skipif(not FILES, reason="the recorded exchanges are not beside this checkout")
def test_right_services_are_left_in_peace() -> None:
    """Services that follow the reference closely have no failure at all."""
    for vendor in ("alibaba", "bedrock-openai", "crusoe", "gpustack", "vllm"):
        assert {} == shown(findings(CORPUS / f"{vendor}.jsonl.gz"), Outcome.FAIL), vendor
