"""Which exchanges a rule speaks about, told from the request alone."""

from __future__ import annotations

from conformance.model.request import Credentials, Operation
from conformance.wire.reading import Reading

from .registry import Kind


def anything(x: Reading) -> bool:
    """Every exchange."""
    return True


def ordinary_chat(x: Reading) -> bool:
    """A chat request without a deliberate mistake (traffic recorded elsewhere counts as such)."""
    probe = x.exchange.probe
    return x.asked.chat and not (probe or "").startswith(("errors.", "auth."))


def completions(x: Reading) -> bool:
    """Ordinary chat requests that want one JSON answer."""
    return ordinary_chat(x) and not x.asked.streams


def streams(x: Reading) -> bool:
    """Ordinary chat requests that want a stream."""
    return ordinary_chat(x) and x.asked.streams


def with_tools(kind: Kind) -> Kind:
    """Those of a kind that declare tools."""

    def tooled(x: Reading) -> bool:
        return kind(x) and bool(x.asked.body.get("tools"))

    return tooled


def probe(*ids: str) -> Kind:
    """The exchanges of these probes."""

    def sent_by(x: Reading) -> bool:
        return x.exchange.probe in ids

    return sent_by


def mistakes(x: Reading) -> bool:
    """Requests that are wrong on purpose: a client's mistake."""
    return (x.exchange.probe or "").startswith(("errors.", "auth.", "models.retrieve.unknown"))


def model_lists(x: Reading) -> bool:
    """``GET /models`` with the user's key."""
    return (
        x.asked.operation is Operation.MODELS
        and x.asked.method == "GET"
        and x.asked.request.credentials in (Credentials.KEY, Credentials.UNKNOWN)
    )


def single_models(x: Reading) -> bool:
    """``GET /models/{model}`` for a model that should exist."""
    return (
        x.asked.operation is Operation.MODEL
        and x.asked.method == "GET"
        and not (x.exchange.probe or "").endswith(".unknown")
    )
