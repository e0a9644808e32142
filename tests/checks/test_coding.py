"""The checks of content codings."""

from __future__ import annotations

import gzip
import zlib

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from tests.builders import (
    INCONCLUSIVE,
    WARN,
    Case,
    a_completion,
    an_exchange,
    breaks,
    finding,
    holds,
    verify,
    written,
)

ANSWER = written(a_completion()).encode()
GZIP, UNASKED = "http.gzip", "http.coding-unasked"


def packed(body: bytes, coding: str = "gzip", probe: str = "chat.sdk-headers") -> Exchange:
    """An answer with a content coding."""
    return an_exchange(probe, body=body, content_type="application/json", headers=(("Content-Encoding", coding),))  # fmt: skip


CASES = [
    holds(GZIP, "gzip", packed(gzip.compress(ANSWER))),
    holds(GZIP, "gzip by its old name", packed(gzip.compress(ANSWER), "x-gzip")),
    holds(GZIP, "deflate for an official client", packed(zlib.compress(ANSWER), "Deflate")),
    breaks(GZIP, "in name only", packed(ANSWER), at="body"),
    breaks(GZIP, "cut", packed(gzip.compress(ANSWER)[:-9]), at="body", actual="gzip that breaks off"),
    breaks(GZIP, "not offered", packed(ANSWER, "br"), at="Content-Encoding", actual="br"),
    breaks(GZIP, "in name only where none was asked for", packed(ANSWER, probe="chat.basic"), at="body", also=(UNASKED,)),
    holds(UNASKED, "as it is", an_exchange("chat.basic")),
    holds(UNASKED, "offered", packed(gzip.compress(ANSWER), probe="chat.sdk-headers")),
    holds(UNASKED, "nothing to decode", an_exchange("errors.empty-body", status=400, body=b"", headers=(("Content-Encoding", "gzip"),)), also=("errors.shape",)),
    breaks(UNASKED, "gzip", packed(gzip.compress(ANSWER), probe="chat.basic"), at="Content-Encoding", actual="gzip", outcome=WARN),
    breaks(UNASKED, "what we cannot undo", packed(b"?", "br", "chat.basic"), at="Content-Encoding", actual="br", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_coding(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


def test_compression_is_not_missed() -> None:
    """Where nothing is compressed, there is nothing to judge and nothing to complain of."""
    assert Outcome.SKIP is finding(GZIP, an_exchange("chat.sdk-headers")).outcome


def test_what_is_compressed_is_judged_as_clients_read_it() -> None:
    """Decoded, it is held to all rules; what cannot be decoded is held to none of them."""
    wrong = gzip.compress(written(a_completion(object="text")).encode())

    assert (
        Outcome.FAIL is finding("chat.response.object", packed(wrong, probe="chat.basic")).outcome
    )
    assert (
        INCONCLUSIVE is finding("chat.response.object", packed(ANSWER, probe="chat.basic")).outcome
    )
