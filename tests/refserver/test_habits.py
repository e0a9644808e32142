"""Members that a profile calls fixed, empty or absent."""

from __future__ import annotations

from dataclasses import replace

from conformance.model.profile import Responses

from .asking import PLAIN, chat, chunks, read

PROFILE = replace(
    PLAIN,
    responses=Responses(
        fixed={"system_fingerprint": "fp_fixed", "x_vendor.name": "acme"},
        always_empty=("choices[].message.annotations", "usage.prompt_tokens_details"),
        absent=("service_tier", "choices[].message.refusal", "choices[].logprobs"),
    ),
)


def test_whole_answers_keep_to_the_profile() -> None:
    """Fixed values stand, absent members are not there."""
    found = read(chat(PROFILE))

    assert "fp_fixed" == found["system_fingerprint"]
    assert ([], {}) == (
        found["choices"][0]["message"]["annotations"],
        found["usage"]["prompt_tokens_details"],
    )
    assert "service_tier" not in found
    assert "refusal" not in found["choices"][0]["message"]
    assert "logprobs" not in found["choices"][0]


def test_streams_keep_to_it_too() -> None:
    """What is said of messages holds for deltas."""
    for chunk in chunks(chat(PROFILE, stream=True)):
        assert "fp_fixed" == chunk["system_fingerprint"]
        assert "service_tier" not in chunk
        assert not any("refusal" in c["delta"] or "logprobs" in c for c in chunk["choices"])
