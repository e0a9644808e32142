"""A server that behaves as one vendor says is told apart by the profile of another, with the statements that differ."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from conformance.judging import Judgement
from conformance.model.finding import Outcome
from conformance.profiles.load import load_profile
from conformance.proof import KEY, PACE, model_for, noticed, run_inside
from conformance.refserver.direct import DirectServer

SEEDS = ("meingpt", "steinkauz", "setapp", "range-checking-gateway", "web-search-gateway")
AGREE = {
    ("setapp", "steinkauz"),
    ("web-search-gateway", "steinkauz"),
    ("web-search-gateway", "setapp"),
    ("web-search-gateway", "range-checking-gateway"),
}
"""(claims, server): the server keeps to everything that is claimed; the two pages contradict each other nowhere."""


def judged(claims: str, server: str) -> Judgement:
    """What the suite finds at a server that plays one vendor, by the claims of another; paths are the claims' own."""
    profile, played = load_profile(claims), load_profile(server)
    # At other paths, under another form of model ids, nothing at all would be found there.
    endpoint = replace(played.endpoint, paths=profile.endpoint.paths)
    direct = DirectServer(
        replace(played, endpoint=endpoint), key=KEY, model=model_for(profile), pace=PACE
    )
    return run_inside(direct, profile)


@pytest.mark.parametrize("name", SEEDS)
def test_a_vendor_s_own_server_passes(name: str) -> None:
    """Nothing is found at a server that does what its page says."""
    assert frozenset() == noticed(judged(name, name))


@pytest.mark.parametrize(("claims", "server"), [*permutations(SEEDS, 2)], ids=str)
def test_another_vendor_s_server_is_told_apart(claims: str, server: str) -> None:
    """What differs is found, and the statement of the page that is not kept is named."""
    found = [
        finding
        for finding in judged(claims, server).findings
        if finding.outcome in (Outcome.FAIL, Outcome.WARN)
    ]
    named = {claim.partition(":")[0] for f in found for p in f.problems for claim in p.claims}

    if (claims, server) in AGREE:
        assert [] == found
    else:
        assert named & load_profile(claims).statements.keys(), [f.check for f in found]
