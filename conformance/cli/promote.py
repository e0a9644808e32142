"""``promote``: a recorded request as a probe with a name, ready to be pasted."""

from __future__ import annotations

import json
import pprint
import re
from pathlib import Path

import typer

from conformance.model.errors import UsageError
from conformance.model.exchange import Exchange
from conformance.model.json import JSON
from conformance.model.request import Operation

_WIDTH = 88


def promote(
    file: Path = typer.Argument(..., help="A recording."),
    exchange: str = typer.Argument(
        ..., metavar="EXCHANGE", help="The id of an exchange in it, such as a smallest failing one."
    ),
) -> None:
    """Print a recorded request as a probe with a name. Sends nothing.

    A request that a search has found is sent again in every run once it is a probe:
    paste what is printed into a module of conformance/probes, and give it a title.
    """
    from conformance.recording import jsonl

    recorded = jsonl.read(file)
    model = recorded.header.target.get("model")
    limit = recorded.header.target.get("limit_parameter")
    known = {one.id: one for one in recorded.exchanges}
    if exchange not in known:
        smallest = [id for id in known if ":minimal" in id and "#" not in id]
        hint = f"; its smallest failing ones are {', '.join(smallest)}" if smallest else ""
        raise UsageError(f"{file} has no exchange {exchange!r}{hint}")
    print(probe_of(known[exchange], str(model), str(limit)))


def probe_of(exchange: Exchange, model: str, limit: str) -> str:
    """The declaration of a probe that sends what an exchange has sent."""
    request = exchange.request
    if request.operation is not Operation.CHAT or request.method != "POST":
        raise UsageError(f"{exchange.id} is no POST to chat completions")
    name = _named(exchange.id)
    title = f"As generated in {exchange.id}."
    body = _object(request.body or b"")
    if body is None:
        return _of_bytes(name, title, request.body or b"", model)
    fields = "\n".join(f"        {_key(key, limit)}: {_value(body[key], model)}," for key in body)
    return f'chat(\n    "{name}",\n    "{title}",\n    {{\n{fields}\n    }},\n)'


def _named(id: str) -> str:
    """An id for the probe: letters, digits, dots and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", id.lower().removeprefix("generated.")).strip("-")
    return f"found.{words}"


def _of_bytes(name: str, title: str, body: bytes, model: str) -> str:
    written = body.replace(json.dumps(model)[1:-1].encode(), b"{model}") if model else body
    return (
        f'probe(\n    Probe(\n        "{name}",\n        "{title}",\n        "POST",\n'
        f"        Operation.CHAT,\n        {written!r},\n        stage=Stage.FREE,\n    )\n)"
    )


def _object(body: bytes) -> dict[str, JSON] | None:
    """The JSON object of a body; None where it is none, or is written in a way of its own."""
    from conformance.wire import strict_json

    parsed = strict_json.parse(body)
    plain = parsed.ok and not parsed.duplicates and not parsed.bom
    return parsed.value if plain and isinstance(parsed.value, dict) else None


def _key(key: str, limit: str) -> str:
    return "LIMIT" if key == limit else repr(key).replace("'", '"')


def _value(value: JSON, model: str) -> str:
    if value == model:
        return "MODEL"
    return pprint.pformat(value, width=_WIDTH, sort_dicts=False).replace("\n", "\n        ")
