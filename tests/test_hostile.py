"""The whole program against endpoints that mean harm: it ends, in time, with a verdict, and gives nothing away.

A run against an endpoint that never answers in time ends after five such requests of each kind; besides, it takes
what judging takes, so that the bound here is 30 seconds with a limit of one second for each request.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests import hostile
from tests.doors import KEY, KEY_NAME, MODEL, command, environment, playing, read_results
from tests.engine.servers import EVENT_STREAM, Peer, Talk, answer, chunk, serving, tls
from tests.hostile import (
    CHUNKED,
    EVENT,
    EVENTS,
    GIGABYTE,
    JSON,
    Ran,
    Wants,
    bomb,
    dripping,
    endless,
    everything,
    head,
    judged_again,
    misbehaving_server,
    plain,
    resetting,
    run_against,
    saying,
    silent,
    stream,
    wants_list,
    wants_plain,
    wants_stream,
)

SECONDS = 30.0
MEMORY = 200 << 20
SMALL = 32 << 20
"""Bytes of everything a run writes, at most."""
SMOKE = ("--suite", "smoke")

ODD_NAMES = (
    b'{"\\u0000":1,"id\\u0000":"x","id":"\\ud800","\\udc00":2,"object":"chat.completion","model":"\\udfff","created":1,'
    b'"choices":[{"index":1000000000,"\\ud800":3,"message":{"role":"assistant\\u0000","content":"\\ud83d\\u0000"},'
    b'"finish_reason":"\\ud800"},{"index":-1}],"usage":{"\\udead":4},"error":{"message":"\\ud800","type":"\\u0000"}}'
)
"""NUL and halves of characters, which UTF-8 cannot carry, in names and values; indexes that are none."""
NESTED_CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":%s}}]}\n\ndata: [DONE]\n\n'
CALLS = b"".join(
    hostile.DELTA
    % (b'{"index":0,"delta":{"tool_calls":[{"index":%d,"function":{"arguments":"x"}}]}}' % number)
    for number in range(100_000)
)
BUSY = b'{"error":{"message":"busy","type":"busy","code":null,"param":null}}'

CASES: dict[str, tuple[Callable[[], Talk], Wants]] = {
    "an endless stream of events": (lambda: endless(EVENT_STREAM, EVENT), wants_stream),
    "a line without end": (lambda: endless(EVENT_STREAM + chunk(b"data: "), b"x"), wants_stream),
    "headers that drip": (lambda: dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), wants_stream),
    "a gigabyte with its length": (
        lambda: endless(head(JSON, f"Content-Length: {GIGABYTE}"), b"\0", chunked=False),
        wants_plain,
    ),
    "a compression bomb": (
        lambda: plain(bomb(1 << 26), "Content-Encoding: gzip"),
        wants_plain,
    ),
    "silence": (lambda: silent(), everything),
    "silence in a body": (
        lambda: silent(head(JSON, "Content-Length: 100"), b'{"id":'),
        wants_plain,
    ),
    "a reset after the connection": (lambda: resetting(), everything),
    "a reset in a stream": (lambda: resetting(EVENT_STREAM, chunk(EVENT)), wants_stream),
    "garbage": (lambda: saying(bytes(range(256)) * 100), everything),
    "headers without end": (
        lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: zzzzzzzzzzzz\r\n", chunked=False),
        wants_stream,
    ),
    "early hints without end": (
        lambda: endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", chunked=False),
        wants_stream,
    ),
    "a redirect elsewhere": (
        lambda: plain(b"", "Location: http://127.0.0.1:9/", status="302 Found"),
        everything,
    ),
    "a million choices": (
        lambda: plain(b'{"choices":[' + b"{}," * (1 << 20) + b"{}]}"),
        wants_plain,
    ),
    "nesting": (
        lambda: plain(b'{"error":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
        everything,
    ),
    "a string of seven megabytes": (
        lambda: plain(
            hostile.as_json({"error": {"message": '"/a.b' * (7 << 18)}}), status="400 Bad"
        ),
        wants_plain,
    ),
    "a million models": (
        lambda: plain(b'{"object":"list","data":[' + b'"m",' * (1 << 20) + b"{}]}"),
        wants_list,
    ),
    "a million events": (lambda: stream(b"data:1\n\n" * (1 << 20)), wants_stream),
    "chunks of one byte": (
        lambda: endless(CHUNKED, b"1\r\n,\r\n", chunked=False, most=1 << 24),
        wants_plain,
    ),
    "huge numbers": (
        lambda: plain(
            b'{"id":"x","created":-%s,"choices":[{"index":%s}],"usage":{"prompt_tokens":%s,"total_tokens":1e9999}}'
            % (b"9" * 299, b"9" * 100_000, b"9" * 3999)
        ),
        wants_plain,
    ),
    "a redirect to itself": (lambda: hostile.redirecting_to_itself, everything),
    "silence in a head": (lambda: silent(b"HTTP/1.1 200 OK\r\nContent-"), wants_stream),
    "silence after a head": (lambda: silent(EVENT_STREAM), wants_stream),
    "silence in a stream": (lambda: silent(EVENT_STREAM, chunk(EVENT)), wants_stream),
    "a reset in a head": (lambda: resetting(b"HTTP/1.1 200 OK\r\nConte"), wants_plain),
    "a reset in a body": (
        lambda: resetting(head(JSON, "Content-Length: 100"), b'{"id":'),
        wants_plain,
    ),
    "a body that drips": (lambda: dripping(head(JSON, "Content-Length: 9999"), b" "), wants_list),
    "a stream that drips": (lambda: dripping(EVENT_STREAM, EVENT, chunked=True), wants_stream),
    "nesting in a chunk": (lambda: stream(NESTED_CHUNK % hostile.nested(100_000)), wants_stream),
    "a hundred thousand calls": (lambda: stream(CALLS), wants_stream),
    "odd names and indexes": (lambda: plain(ODD_NAMES), everything),
    "a wait of thousands of digits": (
        lambda: plain(BUSY, f"Retry-After: {'9' * 5000}", status="429 Busy"),
        everything,
    ),
    "a length of thousands of digits": (
        lambda: saying(head(JSON, f"Content-Length: {'9' * 5000}"), b"{}"),
        wants_plain,
    ),
    "a length that is not kept": (
        lambda: saying(head(JSON, "Content-Length: 99"), b"{}"),
        wants_plain,
    ),
    "a chunk size that is none": (lambda: saying(CHUNKED, b"-5\r\nhello\r\n"), wants_plain),
    "an unknown coding": (lambda: plain(b"{}", "Content-Encoding: \x1b[31mrot13"), everything),
    "a header name with an escape": (
        lambda: saying(head(JSON, "X-\x1b[31m: 1", "Content-Length: 2"), b"{}"),
        everything,
    ),
    "a status of 999": (lambda: plain(b"{}", status="999 Odd"), everything),
    "a million members of one name": (
        lambda: plain(b"{" + b'"id":"x",' * (1 << 20) + b'"id":1}'),
        wants_list,
    ),
    "fifty megabytes of white space": (
        lambda: endless(
            head(JSON, f"Content-Length: {50 << 20}"), b" \n", chunked=False, most=50 << 20
        ),
        wants_list,
    ),
}

LATE = "the answer had not ended after 1 s"
TOLD = {
    "a redirect to itself": ("chat.basic.accepted", "307"),
    "silence in a head": ("http.answered", LATE),
    "silence after a head": ("stream.complete", LATE),
    "silence in a stream": ("stream.complete", LATE),
    "a reset in a head": ("http.answered", "the connection was reset"),
    "a reset in a body": ("http.body-complete", "the connection was reset"),
    "a body that drips": ("http.body-complete", LATE),
    "a stream that drips": ("stream.complete", LATE),
    "nesting in a chunk": ("stream.event-json", "nested too deep to be read: "),
    "a hundred thousand calls": ("stream.complete", "a body of more than "),
    "odd names and indexes": ("chat.response.choice-index", "-1"),
    "a length of thousands of digits": ("http.answered", "(bad Content-Length)"),
    "a length that is not kept": ("http.body-complete", "closed after 2 bytes of the body"),
    "a chunk size that is none": ("http.body-complete", "broken chunk framing"),
    "a header name with an escape": ("http.answered", "(illegal header line)"),
    "a status of 999": ("chat.basic.accepted", "999"),
    "a million members of one name": ("http.body-complete", "a body of more than 8388608 bytes"),
    "fifty megabytes of white space": ("http.body-complete", "a body of more than 8388608 bytes"),
}
"""What the failure of a check says of some of them."""


@pytest.mark.parametrize("name", CASES)
def test_every_run_ends_with_a_verdict(name: str, tmp_path: Path) -> None:
    """In bounded time and memory, with a finding that says what happened, and the others judged as usual."""
    made, wants = CASES[name]
    with misbehaving_server(made(), wants) as server:
        ran = run_against(server.origin, tmp_path / "run", *SMOKE)

    require_an_orderly_end(ran)
    outcomes = list(ran.outcomes.values())
    assert {"fail", "inconclusive"} & set(outcomes)
    assert "error" not in outcomes
    if wants is everything:
        assert ran.code in (1, 3)
    else:
        assert outcomes.count("pass") >= 15
    if name in TOLD:
        check, words = TOLD[name]
        assert "fail" == ran.outcomes[check]
        assert any(words in actual for actual in told(ran, check))


def told(ran: Ran, check: str) -> list[str]:
    """What the problems of a check say that there was."""
    result = next(result for result in ran.results["results"] if result["id"] == check)
    return [problem["actual"] for problem in result["problems"]]


def require_an_orderly_end(ran: Ran) -> None:
    """No traceback, a documented exit code, bounded in all respects."""
    assert ran.code in (0, 1, 3), ran.err
    assert "Traceback" not in ran.err + ran.out
    assert ran.seconds < SECONDS
    assert ran.peak < MEMORY
    assert sum(map(len, ran.artefacts.values())) < SMALL


def test_a_large_recording_is_judged_again(tmp_path: Path) -> None:
    """Offline, within the same bounds, with the same result."""
    with misbehaving_server(endless(EVENT_STREAM, b": hi\n\n"), wants_stream) as server:
        ran = run_against(server.origin, tmp_path / "run", *SMOKE)
    again = judged_again(ran)

    assert ran.code == again.code
    assert "Traceback" not in again.err
    assert again.seconds < SECONDS
    assert again.peak < MEMORY


def test_https_where_there_is_none(tmp_path: Path) -> None:
    """A sentence says so."""
    with serving(hostile.misbehaving(plain(b"{}"))) as server:
        origin = server.origin.replace("http:", "https:")
        ran = run_against(origin, tmp_path / "run", *SMOKE)

    assert 3 == ran.code
    assert "cannot be reached: the TLS handshake" in ran.err


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    """A sentence says so, and nothing was sent."""
    with serving(tls(hostile.misbehaving(plain(b"{}")))) as server:
        origin = server.origin.replace("http:", "https:")
        ran = run_against(origin, tmp_path / "run", *SMOKE)

    assert 3 == ran.code
    assert "the endpoint's certificate is not valid: self-signed certificate" in ran.err
    assert [] == server.requests


def test_http_where_https_is_spoken(tmp_path: Path) -> None:
    """Nothing is answered, and that is what is found."""
    with serving(tls(hostile.misbehaving(plain(b"{}")))) as server:
        ran = run_against(server.origin, tmp_path / "run", *SMOKE)

    require_an_orderly_end(ran)
    assert 1 == ran.code
    assert "fail" == ran.outcomes["http.answered"]


ODD = "\x1b[31mred\x1b[0m\x07<script>alert(1)</script>|`x`\u202e"


def test_escapes_and_markup_do_nothing(tmp_path: Path) -> None:
    """What an endpoint sends is shown as data in the terminal and in every report."""
    choice = {"index": ODD, "message": {"role": ODD, "content": ODD}, "finish_reason": ODD}
    body = hostile.as_json(
        {**hostile.completion(id=7, choices=[choice], model=ODD), "error": {"message": ODD}}
    )
    odd = plain(body, "X-Request-Id: \x1b[31m<b>", status="200 \x1b[31m<script>alert(1)")
    with misbehaving_server(odd, wants_plain) as server:
        ran = run_against(server.origin, tmp_path / "run", *SMOKE)
    shown = {n: d for n, d in ran.artefacts.items() if not n.endswith("recording.jsonl")}

    assert 1 == ran.code
    for name, data in shown.items():
        assert b"\x1b" not in data, name
        assert "\u202e".encode() not in data, name
        if name.endswith((".html", ".md")):
            assert b"<script>alert" not in data, name


# Secrets


def bent(key: str) -> dict[str, str]:
    """The key, written in other ways."""
    raw = key.encode()
    return {
        "plain": key,
        "bearer": f"Bearer {key}",
        "base64": base64.b64encode(b"Bearer " + raw).decode(),
        "base64url": base64.urlsafe_b64encode(b"?" + raw).decode(),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "percent": "".join(f"%{byte:02x}" for byte in raw),
        "quoted": quote(key, safe=""),
        "escaped": "".join(f"\\u{byte:04x}" for byte in raw),
        "upper": key.upper(),
        "lower": key.lower(),
        "backwards": key[::-1],
    }


def canary(peer: Peer) -> None:
    """Answers each request with its key in many places."""
    while request := peer.request():
        found = re.search(rb"[Aa]uthorization: [Bb]earer (\S+)", request)
        key = found[1].decode() if found else "sk-no-key-was-sent"
        echo = " ".join(bent(key).values())
        header = [f"X-Echo: {echo}", f"X-{key}: x", f"Location: http://127.0.0.1:9/{key}"]
        if b"GET " in request[:4]:
            peer.send(answer(gzip.compress(echo.encode()), JSON, "Content-Encoding: gzip", *header))
        elif wants_stream(request):
            peer.send(hostile.head(EVENTS, "Transfer-Encoding: chunked"))
            for piece in (f": {echo}\n\n", *(delta(part) for part in (*parts(key), *key))):
                half = len(piece) // 2
                peer.send(chunk(piece[:half].encode()), chunk(piece[half:].encode()))
            peer.send(chunk(b"data: [DONE]\n\n"), chunk(b""))
        else:
            body = f'{{"error":{{"message":"{echo}","type":"{key}","code":null,"param":null}},"id":"{key}"}}'
            peer.send(answer(body.encode(), JSON, *header, status="400 Bad"))


def parts(key: str) -> tuple[str, str]:
    """The key in two."""
    return key[:9], key[9:]


def delta(text: str) -> str:
    """An event that carries some text."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    shape: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(shape)}\n\n"


def require_no_key(artefacts: dict[str, bytes]) -> None:
    """The key is in none of them, however it is written."""
    for name, data in artefacts.items():
        text = data.decode("utf-8", "replace").lower()
        for form, written in bent(KEY).items():
            core = written.removeprefix("Bearer ").lower()
            core = core[10:-4] if form.startswith("base64") else core
            assert core not in text, f"{form} in {name}"
        contents = re.findall(r'\\*"content\\*": ?\\*"([^"\\]*)', data.decode("utf-8", "replace"))
        assert KEY not in "".join(contents), f"in pieces in {name}"


def test_the_key_is_in_no_artefact(tmp_path: Path) -> None:
    """However the endpoint echoes it: split, encoded, in headers, in comments, compressed."""
    with serving(canary) as server:
        ran = run_against(server.origin, tmp_path / "run", *SMOKE)

    assert 1 == ran.code, ran.err
    assert "fail" == ran.outcomes["auth.key-not-echoed"]
    require_no_key(ran.artefacts)


def test_the_key_is_in_no_artefact_of_pytest(tmp_path: Path) -> None:
    """Nor with all that pytest can be told to print and to keep."""
    with serving(canary) as server:
        ran = hostile.ran(
            tmp_path / "run",
            *("--conformance-base-url", f"{server.origin}/v1", "--conformance-model", MODEL),
            *("--conformance-api-key-env", KEY_NAME, "--conformance-suite", "smoke"),
            *("--pyargs", "conformance.suite", "-vv", "-s", "-l", "-rA", "--log-level=DEBUG"),
            *("--log-cli-level=DEBUG", "--junitxml=junit.xml", "--log-file=log.txt"),
            module="pytest",
        )

    assert 1 == ran.code, ran.err
    require_no_key(ran.artefacts)


# Killed, and gone on with


def slow(origin: str) -> Talk:
    """The right answers, each after a while."""
    relay = hostile.misbehaving(saying(), lambda request: False, origin)

    def talk(peer: Peer) -> None:
        peer.wait(0.15)
        relay(peer)

    return talk


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """Nothing recorded is lost or sent again, a key is nowhere, and the results are those of a whole run."""
    arguments = ("run", *SMOKE, "--model", MODEL, "--api-key-env", KEY_NAME, "--base-url")
    path = tmp_path / "conformance-report" / "recording.jsonl"
    with playing(key=KEY) as right, serving(slow(right.base_url.removesuffix("/v1"))) as server:
        url = f"{server.origin}/v1"
        process = subprocess.Popen(
            command(*arguments, url),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while time.monotonic() < until and lines(path) < 5:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.5)  # what it had sent still arrives
        kept = path.read_bytes()
        path.write_bytes(kept + b'{"id":"chat.half","request":{"met')
        recorded = kept.count(b"\n") - 1
        before = len(server.requests)
        again = hostile.ran(tmp_path, *arguments, url, "--resume")
        sent = len(server.requests) - before
        whole = hostile.ran(tmp_path / "whole", *arguments, url)
        in_all = len(server.requests) - before - sent
    rows = [row for row in kept.splitlines()[1:] if b'"not_sent"' not in row]

    assert (0, 0) == (again.code, whole.code), again.err
    assert in_all - recorded == sent
    assert all(row in path.read_bytes() for row in rows)
    assert whole.outcomes == outcomes_in(tmp_path)
    require_no_key({"recording": kept, **again.artefacts})


def lines(path: Path) -> int:
    """How many whole lines a file has."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def outcomes_in(directory: Path) -> dict[str, str]:
    """Check to outcome, of the run in a directory."""
    document = read_results(directory / "conformance-report" / "results.json")
    return {result["id"]: result["outcome"] for result in document["results"]}


# Do no harm


def test_a_row_of_server_errors_ends_it(tmp_path: Path) -> None:
    """One request at a time is sent, and the ordinary ones stop after five."""
    failing = answer(b'{"error":{"message":"down"}}', JSON, status="500 Down")
    ordinary: list[bytes] = []

    def down(peer: Peer) -> None:
        while request := peer.request():
            ordinary.append(request)
            peer.send(failing)

    with serving(down) as server:
        ran = run_against(
            server.origin, tmp_path / "run", "--check", "chat.*", "--check", "stream.*"
        )

    assert 1 == ran.code
    assert len([r for r in ordinary if b'"max_tokens"' in r]) <= 7
    assert "answered 5xx 5 times in a row" in ran.out


def test_retry_after_is_kept_to(tmp_path: Path) -> None:
    """The request comes again after the time asked for, and no other comes before."""
    came: list[float] = []
    busy = answer(b"{}", JSON, "Retry-After: 1", status="429 Busy")

    def hurried(peer: Peer) -> None:
        while peer.request():
            came.append(time.monotonic())
            peer.send(
                busy if len(came) == 1 else answer(hostile.as_json(hostile.completion()), JSON)
            )

    with serving(hurried) as server:
        run_against(server.origin, tmp_path / "run", "--check", "chat.basic.accepted", timeout=5)

    assert len(came) > 1
    assert came[1] - came[0] > 0.9
