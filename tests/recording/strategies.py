"""Any exchange that a recording can hold."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.model.exchange import Attempt, Chunk, Ended, Exchange, Kept
from conformance.model.request import Credentials, Operation, Request
from conformance.recording.jsonl import End, Footer, Header, Recording

times = st.integers(0, 10**7).map(lambda n: round(n / 10**4, 4))
headers = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3).map(tuple)
bodies = st.one_of(st.binary(max_size=20), st.text(max_size=20).map(str.encode))
words = st.text(st.characters(), max_size=12)
values = st.dictionaries(
    st.text(max_size=5), st.one_of(st.none(), st.integers(), words), max_size=3
)

requests = st.builds(
    Request,
    method=words,
    path=words,
    operation=st.sampled_from(Operation),
    headers=headers,
    body=st.none() | bodies,
    credentials=st.sampled_from(Credentials),
    leaves=st.booleans(),
)
attempts = st.builds(
    Attempt,
    status=st.none() | st.integers(100, 999),
    headers=headers,
    chunks=st.lists(st.builds(Chunk, times, bodies), max_size=3).map(tuple),
    ended=st.sampled_from(Ended),
    detail=words,
    http_version=words,
    started=times,
    head_at=st.none() | times,
    seconds=times,
    redactions=st.integers(0, 9),
    connection=st.integers(0, 9),
    earlier=st.integers(0, 9),
    excess=bodies,
    leftover=bodies,
)
exchanges = st.builds(
    Exchange,
    id=words,
    request=requests,
    attempts=st.lists(attempts, max_size=3).map(tuple),
    probe=st.none() | words,
    not_sent=st.none() | words,
    kept=st.builds(
        Kept,
        bytes=st.booleans(),
        values=st.booleans(),
        headers=st.booleans(),
        arrival=st.booleans(),
        date=st.none() | words,
    ),
)
heads = st.builds(
    Header,
    created=words,
    suite=values,
    target=values,
    profile=values,
    plan=values,
    seed=st.none() | st.integers(),
    limits=values,
)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """A whole recording, as it is read from an undamaged file."""
    held = draw(st.lists(exchanges, max_size=4, unique_by=lambda x: x.id))
    footer = Footer(draw(st.sampled_from(End)), draw(times), len(held))
    return Recording(draw(heads), tuple(held), footer)
