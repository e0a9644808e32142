"""Whom a run asks: the endpoint that is named, or the embedded reference server."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from conformance.options import Options

EMBEDDED_KEY = "CONFORMANCE_EMBEDDED_KEY"
EMBEDDED_PROFILE = "openai"
"""What the embedded server plays unless another profile is named: the one that claims most."""


@contextmanager
def endpoint(given: Options) -> Iterator[Options]:
    """The options with an endpoint: the one given, the profile's, or the embedded reference server."""
    if given.base_url is not None:
        yield given
        return
    from conformance.profiles.load import load_profile

    # A profile with an address of its own, or a key, means a real endpoint.
    if given.api_key_env or (given.profile and load_profile(given.profile).endpoint.base_url):
        yield given
        return
    from conformance.refserver.serve import ReferenceServer

    profile = load_profile(given.profile or EMBEDDED_PROFILE)
    key = f"sk-embedded-{secrets.token_hex(12)}"
    model = given.model or profile.models.chat or "reference-1"
    os.environ[EMBEDDED_KEY] = key
    # The pace makes long answers last long enough to see that they are streamed.
    with ReferenceServer(profile, key=key, model=model, pace=0.005) as server:
        print(
            f"no endpoint given: testing the embedded reference server at {server.base_url}",
            file=sys.stderr,
        )
        yield replace(
            given,
            base_url=server.base_url,
            model=model,
            profile=given.profile or EMBEDDED_PROFILE,
            api_key_env=EMBEDDED_KEY,
        )
