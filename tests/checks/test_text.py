"""The checks of characters: taken, repeated, and found again however they were damaged."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from conformance.checks.damage import Change, escaped_forms
from conformance.checks.echo import echo_of
from conformance.model.exchange import Exchange
from conformance.model.finding import Hindrance, Outcome
from conformance.probes.text import SEPARATORS, UNICODE
from tests.builders import (
    NOTE,
    WARN,
    Case,
    a_call,
    a_choice,
    a_chunk,
    a_completion,
    a_fragment,
    a_message,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    text_chunks,
    tool_chunks,
    verify,
)
from tests.builders import calling as plain_calls

CITY = "Zürich"

WHOLE, STREAM = "text.unicode", "text.stream.unicode"
LINES = "text.separators"


def saying(text: str, *, finish: str = "stop", probe: str = WHOLE) -> Exchange:
    """A whole answer that says this."""
    choice = a_choice(a_message(text), finish=finish)
    spent = 32 if finish == "length" else 3
    usage = {"prompt_tokens": 9, "completion_tokens": spent, "total_tokens": 9 + spent}
    return an_exchange(probe, json=a_completion(choices=[choice], usage=usage))


def both(plain: str, stream: str, of: str = "unicode") -> tuple[Exchange, Exchange]:
    """Both forms of an answer to a request for a phrase."""
    return saying(plain, probe=f"text.{of}"), streaming(stream, probe=f"text.stream.{of}")


def streaming(*words: str, probe: str = STREAM) -> Exchange:
    """A streamed answer that says this."""
    return an_exchange(probe, stream=text_chunks(*words))


def called(arguments: str) -> Exchange:
    """A plain answer that calls a tool with these arguments."""
    call = a_call(function={"name": "get_weather", "arguments": arguments})
    return an_exchange("tools.auto", json=plain_calls(call))


def calling(arguments: str) -> Exchange:
    """A streamed call with these arguments."""
    fragments = a_fragment(opens=True), a_fragment(arguments)
    return an_exchange("text.stream.tool", stream=tool_chunks(*fragments))


def refused(probe: str, status: int = 400, message: str = "No.") -> Exchange:
    """A request that is refused."""
    return an_exchange(probe, status=status, json=an_error(message=message))


def misread(text: str, codec: str = "latin-1") -> str:
    """The text's UTF-8 read as something else."""
    return text.encode().decode(codec)


TORN = UNICODE.replace("\U0001f469", "\ufffd\ufffd")
ESCAPED = UNICODE.replace("ü", "\\u00fc")
ENTITIES = UNICODE.replace("ש", "&#1513;")
QUESTIONS = UNICODE.encode("ascii", "replace").decode()
LOST = UNICODE.encode("ascii", "ignore").decode()
TURNED = UNICODE.replace("שלום", "םולש")
NORMAL = normalize("NFKC", UNICODE)
JOINED = "".join(UNICODE.split())
HALVES = (r'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1780000000,'
          r'"model":"tiny-2026-01-01","choices":[{"index":0,"delta":{"content":"\ud83d"},'
          r'"logprobs":null,"finish_reason":null}]}')  # fmt: skip

CASES = [
    holds("text.accepted", "taken", an_exchange(WHOLE)),
    holds("text.accepted", "NUL refused", refused("text.control")),
    holds("text.accepted", "half a pair refused", refused("text.lone-surrogate", 422)),
    breaks("text.accepted", "emoji refused", refused(WHOLE), at="status", actual="400"),
    breaks("text.accepted", "separators refused", refused(LINES, 422), at="status", actual="422"),
    breaks("text.accepted", "NUL fatal", refused("text.control", 500), at="status", actual="500"),
    breaks("text.accepted", "half a pair fatal", refused("text.lone-surrogate", 500), at="status", actual="500", outcome=WARN),
    breaks("text.accepted", "a long word fatal", refused("text.long-word", 500), at="status", actual="500"),
    holds("text.no-replacement-characters", "intact", saying(UNICODE)),
    holds("text.no-replacement-characters", "intact in pieces", streaming("tea ü", " e\u0301", UNICODE[8:])),
    holds("text.no-replacement-characters", "composed", saying(UNICODE.replace("e\u0301", "é"))),
    holds("text.no-replacement-characters", "cut by the limit", saying("tea ü e\u0301\ufffd", finish="length")),
    breaks("text.no-replacement-characters", "torn", saying(TORN), at="content", outcome=WARN),
    breaks("text.no-replacement-characters", "torn over two pieces", streaming(TORN[:9], TORN[9:]), at="content", outcome=WARN),
    breaks("text.no-replacement-characters", "a separator", saying(SEPARATORS.replace("\u2028", "\ufffd"), probe=LINES), at="content", outcome=WARN),
    holds("text.no-mojibake", "intact", saying(UNICODE)),
    holds("text.no-mojibake", "separators intact", streaming(SEPARATORS, probe="text.stream.separators")),
    breaks("text.no-mojibake", "read as Latin-1", saying(misread(UNICODE)), at="content"),
    breaks("text.no-mojibake", "one read as Windows-1252", streaming(UNICODE.replace("ü", "Ã¼")), at="content", actual="'Ã¼'"),
    holds("text.escapes-undone", "intact", streaming(UNICODE)),
    breaks("text.escapes-undone", "a JSON escape", saying(ESCAPED), at="content", actual="\\u00fc", outcome=WARN),
    breaks("text.escapes-undone", "an HTML entity", streaming(ENTITIES), at="content", actual="&#1513;", outcome=WARN),
    breaks("text.escapes-undone", "escapes of Python", streaming(UNICODE.encode("ascii", "backslashreplace").decode()), at="content", outcome=WARN),
    breaks("text.escapes-undone", "of a separator", streaming(SEPARATORS.replace("\x85", "\\x85"), probe="text.stream.separators"), at="content", actual="\\x85", outcome=WARN),
    holds("text.phrase-kept", "intact", saying(UNICODE)),
    holds("text.phrase-kept", "in words around", saying(f"Sure: '{UNICODE}'.")),
    holds("text.phrase-kept", "one space lost", saying(UNICODE.replace("tea ", "tea"))),
    holds("text.phrase-kept", "one question mark", saying(UNICODE.replace("ü", "?"))),
    holds("text.phrase-kept", "cut in the middle", saying(UNICODE[:14], finish="length")),
    breaks("text.phrase-kept", "question marks", saying(QUESTIONS), at="content", outcome=WARN),
    breaks("text.phrase-kept", "question marks beyond Latin-1", streaming(UNICODE.encode("latin-1", "replace").decode("latin-1")), at="content", outcome=WARN),
    breaks("text.phrase-kept", "letters lost", saying(LOST), at="content", outcome=WARN),
    breaks("text.phrase-kept", "letters lost and spaces collapsed", streaming("tea en g cup"), at="content", outcome=WARN),
    breaks("text.phrase-kept", "emoji lost", saying(UNICODE.replace("\U0001f469\u200d\U0001f680", "")), at="content", outcome=WARN),
    breaks("text.phrase-kept", "turned round", streaming(TURNED), at="content", actual="right-to-left letters turned round: '\\u05e9\\u05dc\\u05d5\\u05dd' as '\\u05dd\\u05d5\\u05dc\\u05e9'", outcome=WARN),
    breaks("text.phrase-kept", "no spaces", streaming(JOINED), at="content", outcome=WARN),
    breaks("text.phrase-kept", "asterisks", saying(SEPARATORS.replace("pot", "****"), probe=LINES), at="content", actual="words replaced by asterisks: 'pot' as '****'", outcome=WARN),
    holds("text.form-kept", "intact", saying(UNICODE)),
    holds("text.form-kept", "intact lines", saying(SEPARATORS, probe=LINES)),
    holds("text.form-kept", "no byte order mark", saying(SEPARATORS.replace("\ufeff", ""), probe=LINES)),
    holds("text.form-kept", "one letter composed", saying(UNICODE.replace("e\u0301", "é"))),
    breaks("text.form-kept", "another normal form", saying(NORMAL), at="content", outcome=NOTE),
    breaks("text.form-kept", "decomposed", saying(normalize("NFD", UNICODE).replace("u\u0308", "ü").replace("\ufb01g \uff21\uff22", "fig AB")), at="content", outcome=NOTE),
    breaks("text.form-kept", "no joiner", streaming(UNICODE.replace("\u200d", "")), at="content", outcome=NOTE),
    breaks("text.form-kept", "collapsed", saying(UNICODE.replace("  ", " ")), at="content", outcome=NOTE),
    breaks("text.form-kept", "line feeds for separators", saying("tea\njug\npot\nmug\ufeffcup\nhat box\n\nfig", probe=LINES), at="content", outcome=NOTE),
    breaks("text.form-kept", "spaces for line feeds", saying(SEPARATORS.replace("\n", " "), probe=LINES), at="content", outcome=NOTE),
    holds("parity.text", "both intact", *both(UNICODE, UNICODE)),
    holds("parity.text", "both changed", *both(NORMAL, NORMAL)),
    holds("parity.text", "one of several", *both(UNICODE, UNICODE.replace("  ", " ", 1))),
    breaks("parity.text", "a stream without line feeds", *both(SEPARATORS, SEPARATORS.replace("\n", " "), "separators"), at="content", actual="line feeds turned into spaces: '\\n' as ' ', '\\n\\n' as '  '", outcome=WARN),
    breaks("parity.text", "collapsed without a stream", *both(UNICODE.replace("  ", " "), UNICODE), at="content", outcome=NOTE),
    breaks("parity.text", "a stream in another form", *both(UNICODE, NORMAL), at="content", outcome=NOTE),
    holds("text.no-lone-surrogates", "intact", saying(UNICODE)),
    holds("text.no-lone-surrogates", "a whole pair escaped", an_exchange("chat.basic", json=a_completion(id="\U0001f469"))),
    breaks("text.no-lone-surrogates", "half in a stream", an_exchange(STREAM, stream=[*text_chunks()[:2], f"data: {HALVES}\n\n".encode(), *text_chunks()[2:]]), at="event 3 /choices/0/delta/content", outcome=WARN),
    breaks("text.no-lone-surrogates", "half in an answer", an_exchange("chat.basic", body=rb'{"id":"chatcmpl-1","object":"chat.completion","created":1780000000,"model":"tiny-2026-01-01","choices":[{"index":0,"message":{"role":"assistant","content":"a\ude00","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}'), at="/choices/0/message/content", outcome=NOTE),
    holds("text.tool-arguments", "intact", calling('{"city": "Zürich"}')),
    holds("text.tool-arguments", "escaped once", calling('{"city": "Z\\u00fcrich, CH"}')),
    breaks("text.tool-arguments", "replaced", calling('{"city": "Z\ufffdrich"}'), at="content", actual="'Z\ufffdrich'", outcome=WARN),
    breaks("text.tool-arguments", "misread", calling('{"city": "ZÃ¼rich"}'), at="content", actual="'ZÃ¼rich'", outcome=WARN),
    breaks("text.tool-arguments", "the second city", calling('{"city": "S\ufffdo Paulo"}'), at="content", actual="'S\ufffdo Paulo'", outcome=WARN),
    holds("text.tool-arguments", "intact without a stream", called('{"city": "Zürich"}')),
    breaks("text.tool-arguments", "misread without a stream", called('{"city": "ZÃ¼rich"}'), at="content", actual="'ZÃ¼rich'", outcome=WARN),
    holds("text.tool-arguments", "a name with a space", calling('{"city": "S\u00e3o Paulo"}')),
    breaks("text.tool-arguments", "a question mark", called('{"city": "Z?rich"}'), at="content", actual="'Z?rich'", outcome=WARN),
    breaks("text.tool-arguments", "a letter lost", calling('{"city": "Zrich"}'), at="content", actual="'Zrich'", outcome=WARN),
    breaks("text.tool-arguments", "no space", calling('{"city": "S\u00e3oPaulo"}'), at="content", actual="'S\u00e3oPaulo'", outcome=WARN),
    breaks("text.tool-arguments", "escaped twice", calling('{"city": "Z\\\\u00fcrich"}'), at="content", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_text(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


@pytest.mark.parametrize(
    ("check", "exchange", "hindrance"),
    [
        ("text.no-mojibake", saying("Of course! Tea."), Hindrance.MODEL),
        ("text.no-replacement-characters", saying("\ufffd tea \ufffd\ufffd x cup"), Hindrance.MODEL),
        ("text.no-replacement-characters", streaming("tea ü \ufffd", "zz\ufffd"), Hindrance.MODEL),
        ("text.no-replacement-characters", saying("tea jug pot mug cup\nhat box\n\nfig", probe=LINES), Hindrance.MODEL),
        ("text.phrase-kept", saying("tea, cup?"), Hindrance.MODEL),
        ("text.phrase-kept", saying("tea u en fig AB shalom cup"), Hindrance.MODEL),
        ("text.form-kept", saying("I cannot repeat that."), Hindrance.MODEL),
        ("text.escapes-undone", refused(WHOLE), Hindrance.ENDPOINT),
        ("text.tool-arguments", calling('{"city": "Zurich"}'), Hindrance.MODEL),
        ("text.tool-arguments", calling('{"city": "Z'), Hindrance.MODEL),
        ("text.accepted", refused("text.long-word", 400, "Too many tokens."), Hindrance.MODEL),
        ("text.accepted", refused("text.long-word", 413), Hindrance.MODEL),
        ("text.accepted", refused("text.long-word", 500, "Exceeds the context."), Hindrance.MODEL),
        ("text.accepted", refused(WHOLE, 429), Hindrance.RUN),
        ("text.accepted", refused(WHOLE, 503), Hindrance.RUN),
        ("text.no-lone-surrogates", an_exchange("text.lone-surrogate"), Hindrance.MODEL),
    ],
    ids=["silent", "noise", "half noise", "separators dropped", "words left out", "transliterated", "unwilling", "refused", "no accent", "cut",
         "too long", "too large", "too long and fatal", "limit", "busy", "asked for"],
)  # fmt: skip
def test_what_the_model_does_accuses_nobody(
    check: str, exchange: Exchange, hindrance: Hindrance
) -> None:
    """Who repeats nothing, or makes something up, leaves the rule open."""
    found = finding(check, exchange)

    assert (Outcome.INCONCLUSIVE, hindrance) == (found.outcome, found.hindrance)


def test_a_body_that_is_not_utf8_is_told_by_others() -> None:
    """A replacement character that our own reading put there is nobody's."""
    body = data_of(TORN).replace("\ufffd\ufffd".encode(), b"\xff")
    found = finding("text.no-replacement-characters", an_exchange(WHOLE, body=body))

    assert (Outcome.INCONCLUSIVE, "text.unicode: the body is not UTF-8") == (
        found.outcome,
        found.reason,
    )


def data_of(text: str) -> bytes:
    """The body of an answer that says this."""
    chunk = saying(text).last
    assert chunk is not None
    return chunk.body


def test_a_refusal_like_that_of_another_prompt_says_nothing() -> None:
    """Where other prompts are refused as well, odd text is not the reason."""
    found = finding("text.accepted", refused("chat.long"), refused(WHOLE))

    assert Outcome.INCONCLUSIVE is found.outcome


@pytest.mark.parametrize(
    ("answer", "cut", "text"),
    [
        (f'"{CITY}"!', False, CITY),
        ("Zu\u0308rich", False, "Zu\u0308rich"),
        ("Zurich", False, None),
        ("Zü", False, None),
        ("Zü", True, "Zü"),
        ("Z", True, None),
        ("Z&uuml;rich", False, "Z&uuml;rich"),
        ("Z\\U00FCrich", False, "Z\\U00FCrich"),
        ("Z\\xFCrich", False, "Z\\xFCrich"),
        ("Z\\u{fc}rich", False, "Z\\u{fc}rich"),
    ],
    ids=[
        "quoted",
        "decomposed",
        "plain",
        "half",
        "cut",
        "too short",
        "named entity",
        "capitals",
        "short escape",
        "braces",
    ],
)
def test_a_phrase_is_found(answer: str, cut: bool, text: str | None) -> None:
    """In whatever surroundings, from its first word on, and only as a whole unless a limit cut it."""
    found = echo_of(answer, CITY, cut=cut)

    assert text == (found.text if found else None)


def test_streams_without_text_are_left_alone() -> None:
    """A stream whose chunks say nothing has no phrase in it."""
    silent = an_exchange(
        STREAM, stream=[a_chunk({"role": "assistant"}), a_chunk({}, finish="stop")]
    )

    assert Outcome.INCONCLUSIVE is finding("text.no-mojibake", silent).outcome


def test_what_a_limit_cuts_off_did_not_change() -> None:
    """The last piece of a cut phrase may go on, so that nothing is said of it."""
    found = echo_of("tea ü e\u0301n\u0303 \ufb01g \uff21\uff22 ", UNICODE, cut=True)

    assert () == (found.changes if found else None)


def test_phrases_of_signs_alone_are_not_lost() -> None:
    """Where nothing of a phrase is in a smaller character set, any answer would lack the rest."""
    assert echo_of("What a nice picture.", "\U0001f469\u200d\U0001f680") is None


def test_changes_have_names_of_their_own() -> None:
    """Each change is told in other words, and a character has no escape twice."""
    assert len(Change) == len({change.value for change in Change})
    assert len(escaped_forms("ü")) == len(set(escaped_forms("ü")))
