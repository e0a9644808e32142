"""Which exchanges a rule speaks about, told from the request alone."""

from __future__ import annotations

from conformance.model.request import Credentials, Operation
from conformance.wire.reading import Reading

from .registry import Kind


def anything(x: Reading) -> bool:
    """Every exchange."""
    return True


def own(x: Reading) -> bool:
    """Exchanges of this run."""
    return x.exchange.probe is not None


MISTAKEN = ("errors.", "auth.", "generated.malformed")
"""How the ids of probes begin whose requests are wrong on purpose."""
DEPARTURES = (".range", ".type", ".combination", ".missing", ".unsupported")
"""How the families end whose requests depart from what the profile claims, in one thing each."""


def departing(x: Reading) -> bool:
    """Chat requests with one thing in which they depart from what the profile claims."""
    probe = x.exchange.probe or ""
    families = probe.startswith(("param.", "message.")) and probe.endswith(DEPARTURES)
    return families or probe == "generated.defect"


def ordinary_chat(x: Reading) -> bool:
    """A chat request without a deliberate mistake (traffic recorded elsewhere counts as such)."""
    return _answerable(x) and not departing(x)


def _answerable(x: Reading) -> bool:
    """Chat requests that may well be answered; some of what departs is taken, or passed over."""
    return x.asked.chat and not (x.exchange.probe or "").startswith(MISTAKEN)


def completions(x: Reading) -> bool:
    """Chat requests that want one JSON answer, and may get it."""
    return _answerable(x) and not x.asked.streams


def streams(x: Reading) -> bool:
    """Chat requests that want a stream, and all of it, and may get it."""
    return _answerable(x) and x.asked.streams and not x.asked.request.leaves


def with_tools(kind: Kind) -> Kind:
    """Those of a kind that declare tools."""

    def tooled(x: Reading) -> bool:
        return kind(x) and bool(x.asked.body.get("tools"))

    return tooled


def unnamed_tools(kind: Kind) -> Kind:
    """Those of a kind that declare tools, name none of them to be called, and ask for no audio."""
    tooled = with_tools(kind)
    return lambda x: tooled(x) and not x.asked.named_tool and not x.asked.audio


def single_choice(kind: Kind) -> Kind:
    """Those of a kind that ask for one choice."""
    return lambda x: kind(x) and x.asked.body.get("n") in (None, 1)


def probe(*ids: str) -> Kind:
    """The exchanges of these probes."""

    def sent_by(x: Reading) -> bool:
        return x.exchange.probe in ids

    return sent_by


def mistakes(x: Reading) -> bool:
    """Requests that are wrong on purpose: a client's mistake."""
    wrong = (x.exchange.probe or "").startswith((*MISTAKEN, "models.retrieve.unknown"))
    return wrong or departing(x)


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
