"""``serve``: the reference server, any profile, any fault, any oddities."""

from __future__ import annotations

import os
import sys

import typer

from conformance.model.errors import UsageError


def serve(
    profile: str = typer.Option(
        "openai", "--profile", metavar="NAME|FILE", help="The profile to play."
    ),
    port: int = typer.Option(9000, "--port", help="The port on 127.0.0.1; 0 takes a free one."),
    host: str = typer.Option("127.0.0.1", "--host", help="The address to listen on."),
    model: str | None = typer.Option(None, "--model", help="The model to offer; any name."),
    api_key_env: str | None = typer.Option(
        None,
        "--api-key-env",
        metavar="NAME",
        help="The variable that holds the key to ask for; none: open to all.",
    ),
    fault: str | None = typer.Option(
        None, "--fault", help="A fault to have; see `conformance list faults`."
    ),
    oddity: list[str] = typer.Option(
        [],
        "--oddity",
        metavar="NAME",
        help="Something legal and unusual to do; may be repeated. See `conformance list oddities`.",
    ),
    latency: float = typer.Option(
        0.0, "--latency", metavar="SECONDS", help="Wait before each answer."
    ),
    pace: float = typer.Option(
        0.0, "--pace", metavar="SECONDS", help="Wait between the events of a stream."
    ),
) -> None:
    """Serve the reference server until Ctrl-C. It answers as the profile says, or breaks it as a fault says."""
    from conformance.profiles.load import load_profile
    from conformance.refserver.faults import fault_named
    from conformance.refserver.oddities import chosen_by_name
    from conformance.refserver.serve import ReferenceServer

    chosen = fault_named(fault) if fault else None
    oddities = chosen_by_name(oddity)
    key = None
    if api_key_env is not None:
        key = os.environ.get(api_key_env)
        if not key:
            raise UsageError(
                f"the environment variable {api_key_env}, which --api-key-env names, is not set"
            )
    server = ReferenceServer(
        load_profile(profile),
        host=host,
        port=port,
        model=model,
        key=key,
        latency=latency,
        pace=pace,
        fault=chosen,
        oddities=oddities,
    )
    print(f"serving {profile} at {server.base_url}; Ctrl-C ends it", file=sys.stderr, flush=True)
    server.run()
