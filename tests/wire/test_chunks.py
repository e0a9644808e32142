"""The chunks of a stream, and what they say."""

from __future__ import annotations

import pytest

from conformance.wire.chunks import (
    called_again,
    content_chunks,
    is_prelude,
    last_finish,
    spoken,
    streamed_calls,
    usage_chunks,
)
from conformance.wire.reading import Reading
from tests.builders import (
    Value,
    a_fragment,
    an_exchange,
    finish_chunk,
    text_chunks,
    tool_chunks,
    usage_chunk,
)


def streamed(*chunks: Value) -> Reading:
    """The answer to a request for a stream, in these chunks."""
    return Reading(an_exchange("chat.stream.basic", stream=chunks))


def test_an_opening_of_filter_results_is_no_content() -> None:
    """It has no choices and names nothing; usage alone is something else."""
    opening = {"id": "", "object": "", "model": "", "choices": [], "prompt_filter_results": []}
    x = streamed(opening, *text_chunks())

    assert is_prelude(opening)
    assert not is_prelude(usage_chunk())
    assert 2 == content_chunks(x)[0][0]


def test_finishes_and_usage_have_their_events() -> None:
    """Choices come by index; usage is found where it is an object."""
    texts = text_chunks()
    x = streamed(*texts, usage_chunk())

    assert [0] == [choice.index for choice in spoken(x)]
    assert len(texts) == last_finish(x)
    assert [len(texts) + 1] == [number for number, _ in usage_chunks(x)]
    assert 0 == last_finish(streamed(finish_chunk(None)))


@pytest.mark.parametrize(
    ("later", "again"),
    [(a_fragment(), None), (a_fragment(id="other"), (3, "other"))],
    ids=["more of it", "another call"],
)
def test_another_id_is_another_call(later: Value, again: tuple[int, str] | None) -> None:
    """A second id under an index is told with its event."""
    x = streamed(*tool_chunks(a_fragment(opens=True), later))
    [(choice, call)] = streamed_calls(x)

    assert (0, 0) == (choice.index, call.index)
    assert again == called_again(call)
