"""What a profile must be able to say: each of these exists at a real endpoint, and each has one document here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.model.profile import (
    Cause,
    Confidence,
    Policy,
    Profile,
    Reaction,
    Sends,
    Shape,
    Support,
    UsagePlace,
    Waiver,
)
from conformance.model.request import Operation
from conformance.profiles.load import load_profile, profile_from_json, profile_to_json

Load = Callable[[str], Profile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A function from the text below a profile's head to the profile; it comes back unchanged from JSON."""

    def loaded(text: str) -> Profile:
        path = tmp_path / "acme.yaml"
        path.write_text(f'format: "1"\nname: acme\ntitle: Acme\n{text}', encoding="utf-8")
        profile = load_profile(str(path))
        assert profile == profile_from_json(profile_to_json(profile))
        return profile

    return loaded


def test_a_policy_for_the_endpoint_and_exceptions_by_parameter(load: Load) -> None:
    """Ignore everything, but reject tools."""
    profile = load("""
policies: {unsupported: ignore}
parameters:
  seed: {support: none}
  tools: {support: none, unsupported: {outcome: reject, status: 400}}
""")

    assert (Reaction.IGNORE,) == profile.unsupported.reactions
    assert profile.parameter("seed").unsupported is None
    assert Policy((Reaction.REJECT,), (400,)) == profile.parameter("tools").unsupported


def test_each_kind_of_trouble_has_its_own_policy(load: Load) -> None:
    """Unknown fields, unsupported parameters, bad ranges, wrong types, wrong company."""
    profile = load("""
policies:
  unsupported: strip
  unknown_field: {outcome: reject, status: 422, code: extra_forbidden, names_parameter: true}
  out_of_range: clamp
  wrong_type: {outcome: reject, status: [400, 422], type: invalid_request_error}
  combination: {outcome: reject, code_or_type: [bad_pair, invalid_request_error]}
""")

    assert (Reaction.STRIP,) == profile.unsupported.reactions
    assert ((422,), "extra_forbidden", True) == (
        profile.unknown_field.statuses,
        profile.unknown_field.code,
        profile.unknown_field.names_parameter,
    )
    assert (Reaction.CLAMP,) == profile.out_of_range.reactions
    assert ((400, 422), "invalid_request_error") == (
        profile.wrong_type.statuses,
        profile.wrong_type.type,
    )
    assert ("bad_pair", "invalid_request_error") == profile.combination.code_or_type


def test_several_outcomes_may_be_allowed(load: Load) -> None:
    """As a list of words, with any 4xx for the refusals among them."""
    profile = load("policies: {unsupported: {outcome: [ignore, strip, reject], status: []}}")

    assert (Reaction.IGNORE, Reaction.STRIP, Reaction.REJECT) == profile.unsupported.reactions
    assert () == profile.unsupported.statuses
    assert not profile.unsupported.rejects


def test_a_policy_can_be_known_while_the_list_is_not(load: Load) -> None:
    """Support unknown, reaction known."""
    profile = load("policies: {unsupported: reject}\nparameters: {top_p: {support: unknown}}")

    assert Support.UNKNOWN == profile.parameter("top_p").support
    assert profile.unsupported.rejects


def test_a_parameter_can_be_unknown_under_a_known_policy(load: Load) -> None:
    """The word unknown claims nothing, where leaving it out would take the profile's."""
    profile = load(
        "policies: {out_of_range: reject}\nparameters: {seed: {out_of_range: unknown}, n: {}}"
    )

    assert Policy() == profile.parameter("seed").out_of_range
    assert profile.parameter("n").out_of_range is None


def test_support_may_depend_on_the_model(load: Load) -> None:
    """By globs; the first that fits and speaks of the parameter counts."""
    profile = load("""
parameters: {tools: {support: full}}
models:
  variants:
    - {models: "*-mini", parameters: {tools: {support: none}}}
    - {models: acme-*, parameters: {tools: {support: partial}}, roles: [user]}
""")

    assert [Support.NONE, Support.PARTIAL, Support.FULL] == [
        profile.parameter("tools", model).support for model in ("acme-mini", "acme-l", "other")
    ]
    assert ("user",) == profile.models.variants[1].roles


def test_limits_values_and_types(load: Load) -> None:
    """Exclusive bounds, a single value, a part of an enum, types that OpenAI has not."""
    profile = load("""
parameters:
  temperature: {minimum: 0, exclusive_minimum: true, maximum: 1, exclusive_maximum: true}
  n: {values: [1]}
  tool_choice: {values: [none, auto]}
  stop: {types: array, min_items: 1, max_items: 16}
  user: {types: [string, integer, "null"], min_length: 6, max_length: 128, pattern: "^[a-z]+$"}
  metadata: {max_properties: 16}
""")
    temperature, user = profile.parameter("temperature"), profile.parameter("user")

    assert (True, True) == (temperature.exclusive_minimum, temperature.exclusive_maximum)
    assert (1,) == profile.parameter("n").values
    assert ("none", "auto") == profile.parameter("tool_choice").values
    assert (("array",), 16) == (
        profile.parameter("stop").types,
        profile.parameter("stop").max_items,
    )
    assert (("string", "integer", "null"), 6, 128, "^[a-z]+$") == (
        user.types,
        user.min_length,
        user.max_length,
        user.pattern,
    )
    assert 16 == profile.parameter("metadata").max_properties


def test_values_may_be_moved_instead_of_refused(load: Load) -> None:
    """Clamp a number, truncate a list; codes by side where they are refused."""
    profile = load("""
parameters:
  temperature: {maximum: 1, out_of_range: clamp}
  stop: {max_items: 4, out_of_range: truncate}
  n: {maximum: 8, out_of_range: {outcome: reject, code_above: too_big, code_below: too_small}}
""")

    assert Policy((Reaction.CLAMP,)) == profile.parameter("temperature").out_of_range
    assert Policy((Reaction.TRUNCATE,)) == profile.parameter("stop").out_of_range
    assert Policy((Reaction.REJECT,), code_above="too_big", code_below="too_small") == (
        profile.parameter("n").out_of_range
    )


def test_parameters_may_depend_on_each_other(load: Load) -> None:
    """Requires, excludes, overridden by, ignored when, only with stream."""
    profile = load("""
parameters:
  top_logprobs: {requires: {logprobs: true}}
  tool_choice: {requires: [tools]}
  max_tokens: {excludes: max_completion_tokens, combination: {outcome: reject, code: pair}}
  top_p: {overridden_by: [temperature]}
  temperature: {ignored_when: {reasoning_effort: high}}
  stream_options: {only_with_stream: true}
""")

    assert {"logprobs": True} == profile.parameter("top_logprobs").requires
    assert {"tools": None} == profile.parameter("tool_choice").requires
    assert ("max_completion_tokens",) == profile.parameter("max_tokens").excludes
    assert Policy((Reaction.REJECT,), code="pair") == profile.parameter("max_tokens").combination
    assert ("temperature",) == profile.parameter("top_p").overridden_by
    assert {"reasoning_effort": "high"} == profile.parameter("temperature").ignored_when
    assert profile.parameter("stream_options").only_with_stream


def test_parameters_may_have_other_names(load: Load) -> None:
    """An alias of the vendor's own, and a name that gave way to another."""
    profile = load("""
parameters:
  max_output: {vendor_only: true, alias_of: max_tokens}
  max_tokens: {renamed_to: max_completion_tokens}
""")

    assert profile.parameter("max_output").vendor_only
    assert "max_tokens" == profile.parameter("max_output").alias_of
    assert "max_completion_tokens" == profile.parameter("max_tokens").renamed_to


def test_nested_and_per_message_fields_roles_and_parts(load: Load) -> None:
    """Dotted names; what a message may be."""
    profile = load("""
parameters:
  "messages[].name": {support: none, unsupported: ignore}
  stream_options.include_usage: {support: full}
  "logit_bias.*": {minimum: -100, maximum: 100}
messages:
  roles: [system, user, critic]
  content: [string, parts, "null"]
  parts: [text, video_url]
  other_roles: {outcome: reject, status: 422}
  unmatched_calls: ignore
""")

    assert Support.NONE == profile.parameter("messages[].name").support
    assert Support.FULL == profile.parameter("stream_options.include_usage").support
    assert -100 == profile.parameter("logit_bias.*").minimum
    assert ("system", "user", "critic") == profile.messages.roles
    assert ("string", "parts", "null") == profile.messages.content
    assert ("text", "video_url") == profile.messages.parts
    assert (422,) == profile.messages.other_roles.statuses
    assert (Reaction.IGNORE,) == profile.messages.unmatched_calls.reactions


def test_the_error_shape_depends_on_the_status(load: Load) -> None:
    """All shapes, numeric codes, another shape inside a stream, and errors that come with 200."""
    profile = load("""
errors:
  shape: openai
  by_status: {401: status_message, 403: [string, empty], 404: flat, 422: detail, 429: error_string}
  in_stream: [error_string, unknown]
  code_types: [string, integer]
  members: [message, code]
  with_status_200: true
  causes: {unknown_path: {status: 404, shape: empty}}
""")

    assert [
        (Shape.OPENAI,),
        (Shape.STATUS_MESSAGE,),
        (Shape.STRING, Shape.EMPTY),
        (Shape.FLAT,),
        (Shape.DETAIL,),
        (Shape.ERROR_STRING,),
    ] == [profile.shapes(status) for status in (400, 401, 403, 404, 422, 429)]
    assert (Shape.EMPTY,) == profile.shapes(404, cause=Cause.UNKNOWN_PATH)
    assert (Shape.ERROR_STRING, Shape.UNKNOWN) == profile.errors.in_stream
    assert ("string", "integer") == profile.errors.code_types
    assert profile.errors.with_status_200


def test_statuses_are_documented_for_what(load: Load) -> None:
    """402 and 404 included, with the codes listed for them, and causes with alternatives."""
    profile = load("""
errors:
  documented:
    402: {for: the budget is spent, codes: [insufficient_quota]}
    404: no such model
  causes:
    missing_model: 400
    no_key: [401, 403]
    unknown_model: {status: [400, 404], code: model_not_found, type: [a, b], level: should}
    malformed_json: {status: 400, code_or_type: invalid_request_error}
""")
    unknown = profile.refusal(Cause.UNKNOWN_MODEL)

    assert {402: "the budget is spent", 404: "no such model"} == profile.errors.documented
    assert {402: ("insufficient_quota",)} == profile.errors.documented_codes
    assert [(400,), (401, 403), (400, 404)] == [
        profile.refusal(c).statuses
        for c in (Cause.MISSING_MODEL, Cause.NO_KEY, Cause.UNKNOWN_MODEL)
    ]
    assert (("model_not_found",), ("a", "b"), "should") == (
        unknown.codes,
        unknown.types,
        unknown.level,
    )
    assert ("invalid_request_error",) == profile.refusal(Cause.MALFORMED_JSON).code_or_type


@pytest.mark.parametrize("word", ["opt-in", "always", "never", "unknown"])
def test_usage_in_streams_comes_when_the_profile_says(word: str, load: Load) -> None:
    """Asked for, always, never, unknown."""
    assert Sends(word) == load(f"streaming: {{usage: {word}}}").streaming.usage


def test_usage_in_streams_has_a_place(load: Load) -> None:
    """One or several of them."""
    one = load("streaming: {usage_place: finish-chunk}")
    two = load("streaming: {usage_place: [own-chunk-with-choices, every-chunk]}")

    assert (UsagePlace.FINISH_CHUNK,) == one.streaming.usage_places
    assert (UsagePlace.OWN_CHUNK_WITH_CHOICES, UsagePlace.EVERY_CHUNK) == two.streaming.usage_places


def test_role_chunk_finish_chunk_and_comments(load: Load) -> None:
    """How a stream begins, ends, and is kept alive."""
    streaming = load("""
streaming:
  {supported: partial, done: never, role: every, finish_reason_key: "null", finish: last-delta, comments: always, accept: true}
""").streaming

    assert (Support.PARTIAL, Sends.NEVER, "every") == (
        streaming.supported,
        streaming.done,
        streaming.role,
    )
    assert ("null", "last-delta", Sends.ALWAYS, True) == (
        streaming.finish_reason_key,
        streaming.finish,
        streaming.comments,
        streaming.accept,
    )


def test_paths_by_operation_and_model_ids_with_slashes(load: Load) -> None:
    """Chat and models under different prefixes, two lists, no single model; extra headers."""
    profile = load("""
endpoint:
  base_url: https://api.acme.example/v1
  paths: {chat: /api/v1/chat/completions, models: [/v1/models, models], model: []}
  headers: {X-Acme-Tenant: "7", X-Title: tests}
  auth: {scheme: bearer, env: ACME_API_KEY, required: unknown, key_prefix: ac-}
models: {chat: acme/x/large, pattern: "^acme/[^/]+/[^/]+$", listed: true}
""")

    assert {
        Operation.CHAT: ("/api/v1/chat/completions",),
        Operation.MODELS: ("/v1/models", "models"),
        Operation.MODEL: (),
    } == profile.endpoint.paths
    assert (("X-Acme-Tenant", "7"), ("X-Title", "tests")) == profile.endpoint.headers
    assert ("ACME_API_KEY", None, "ac-") == (
        profile.endpoint.auth.env,
        profile.endpoint.auth.required,
        profile.endpoint.auth.key_prefix,
    )
    assert profile.model_id_ok("acme/y/small")
    assert profile.models.listed is True


def test_extras_fixed_and_empty_fields_of_answers(load: Load) -> None:
    """What answers have beyond OpenAI's, always, never; tools of the gateway's own leave no calls."""
    responses = load("""
responses:
  extras: [usage.cost, "choices[].message.reasoning"]
  fixed: {system_fingerprint: null, service_tier: default}
  always_empty: ["choices[].message.annotations"]
  absent: ["choices[].logprobs"]
  tool_calls: never
""").responses

    assert ("usage.cost", "choices[].message.reasoning") == responses.extras
    assert {"system_fingerprint": None, "service_tier": "default"} == responses.fixed
    assert ("choices[].message.annotations",) == responses.always_empty
    assert ("choices[].logprobs",) == responses.absent
    assert Sends.NEVER == responses.tool_calls


def test_claims_have_sources_dates_and_confidence(load: Load) -> None:
    """A parameter is as well founded as the weakest statement it cites, unless it says otherwise."""
    profile = load("""
extends: base
sources:
  docs: {title: The documentation, url: "https://acme.example/docs", read: "2026-11-20"}
statements:
  S1: {says: It has seeds., source: docs}
  S2: {says: They are whole numbers., source: docs, confidence: inferred}
  S3: {says: It is fast., source: docs, untestable: Speed is not judged.}
parameters:
  seed: {source: [S1, S2]}
  n: {source: docs}
  top_p: {source: S1, confidence: observed}
""")

    assert ("base",) == profile.extends
    assert "2026-11-20" == profile.sources["docs"].read
    assert "Speed is not judged." == profile.statements["S3"].untestable
    assert [
        Confidence.INFERRED,
        Confidence.STATED,
        Confidence.OBSERVED,
        Confidence.UNKNOWN,
    ] == [profile.parameter(name).confidence for name in ("seed", "n", "top_p", "stop")]


def test_waivers_have_a_reason_and_a_date(load: Load) -> None:
    """And cover a check on an exchange."""
    waivers = load("""
waivers:
  - check: chunk.role-*
    exchange: chat.stream.*
    because: The role is repeated in each delta.
    since: "2026-05-01"
    until: "2027-05-01"
    reference: https://acme.example/streaming
""").waivers

    assert (
        Waiver(
            check="chunk.role-*",
            exchange="chat.stream.*",
            because="The role is repeated in each delta.",
            since="2026-05-01",
            until="2027-05-01",
            reference="https://acme.example/streaming",
        ),
    ) == waivers
