"""Content codings: what a client that takes gzip, or takes none, is sent."""

from __future__ import annotations

from conformance.model.finding import Hindrance, Problem, Unjudged
from conformance.model.profile import Profile
from conformance.wire import coding
from conformance.wire.reading import Reading

from .givens import answered, whole
from .kinds import anything
from .registry import MUST, SHOULD, Problems, check

GZIP = ("chat.sdk-headers", "chat.stream.sdk-headers")


def accepted(x: Reading) -> frozenset[str]:
    """The content codings that the request takes, in lower case (RFC 9110 §12.5.3)."""
    taken = [v for n, v in x.asked.request.headers if n.lower() == "accept-encoding"]
    names = {one.partition(";")[0].strip().lower() for v in taken for one in v.split(",")}
    return frozenset(names - {"", "identity"})


def of_its_own_accord(x: Reading) -> bool:
    """Whether an answer has a content coding although the request takes none."""
    return bool(x.coding and x.sent) and not accepted(x)


def unstreamed(x: Reading) -> bool:
    """Requests for a whole answer; streams have a rule of their own."""
    return not x.asked.streams


def coded(x: Reading, profile: Profile) -> Unjudged | None:
    """A whole body came with a content coding."""
    for given in (answered, whole):
        if (reason := given(x, profile)) is not None:
            return reason
    if not (x.coding and x.sent):
        return Unjudged("the answer has no content coding", Hindrance.RECORDING)
    return None


@check("http.gzip", level=MUST, on=anything, given=coded, probes=GZIP)
def compressed_bodies_can_be_read(x: Reading, profile: Profile) -> Problems:
    """A body with a content coding can be decoded, and a client that takes gzip is sent no other."""
    taken = accepted(x)
    if taken and not taken & {x.coding, x.coding.removeprefix("x-"), "*"}:
        expected = f"{' or '.join(sorted(taken))}, or none"
        yield Problem("Content-Encoding", expected=expected, actual=x.coding[:60])
    elif coding.known(x.coding) and x.undecodable is not None:
        yield Problem("body", expected="bytes as Content-Encoding says", actual=x.undecodable)


@check("http.coding-unasked", level=SHOULD, on=unstreamed, given=answered, probes=("chat.basic",))
def nothing_is_compressed_unasked(x: Reading, profile: Profile) -> Problems:
    """An answer has no content coding where the request accepts none."""
    if of_its_own_accord(x):
        yield Problem("Content-Encoding", expected="none: identity was asked for", actual=x.coding)
