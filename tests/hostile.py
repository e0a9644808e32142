"""Endpoints that mean harm, over raw sockets, and the whole program run against them in a process of its own."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doors import KEY_NAME, MODEL, environment, playing, read_results
from tests.engine.servers import Peer, Server, Talk, answer, chunk

Wants = Callable[[bytes], bool]
"""Whether a request, head and body, is one that gets the bad answer."""

JSON = "Content-Type: application/json"
EVENTS = "Content-Type: text/event-stream"
BLOCK = 1 << 16
GIGABYTE = 1 << 30


def wants_stream(request: bytes) -> bool:
    """A request for a stream."""
    return b'"stream":true' in request


def wants_list(request: bytes) -> bool:
    """A request for the model list."""
    return request.startswith(b"GET ") and b"/models HTTP" in request


def wants_plain(request: bytes) -> bool:
    """An ordinary chat request for one JSON answer, most of which have an output limit."""
    return b'"max_tokens"' in request and not wants_stream(request)


def everything(request: bytes) -> bool:
    """Any request."""
    return True


# What is answered


def head(*headers: str, status: str = "200 OK") -> bytes:
    """A response head."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers]).encode("latin-1") + b"\r\n\r\n"


CHUNKED = head(JSON, "Transfer-Encoding: chunked")
DELTA = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[%s]}\n\n'
)
EVENT = DELTA % b'{"index":0,"delta":{"content":"x"},"finish_reason":null}'


def endless(start: bytes, block: bytes, *, chunked: bool = True, most: int = GIGABYTE) -> Talk:
    """The same block again and again, a gigabyte of it, as fast as it is taken."""
    piece = block * max(1, BLOCK // len(block))
    framed = chunk(piece) if chunked else piece

    def talk(peer: Peer) -> None:
        peer.send(start)
        for _ in range(most // len(piece)):
            peer.send(framed)
        if chunked:
            peer.send(chunk(b""))

    return talk


def dripping(start: bytes, drop: bytes, *, chunked: bool = False, pause: float = 0.05) -> Talk:
    """A little at a time, never ending."""
    framed = chunk(drop) if chunked else drop

    def talk(peer: Peer) -> None:
        peer.send(start)
        while not peer.server.over.is_set():
            peer.send(framed)
            peer.wait(pause)

    return talk


def saying(*pieces: bytes) -> Talk:
    """These bytes, and the connection is closed."""
    return lambda peer: peer.send(*pieces)


def silent(*pieces: bytes) -> Talk:
    """These bytes, and then nothing."""

    def talk(peer: Peer) -> None:
        peer.send(*pieces)
        peer.hang()

    return talk


def resetting(*pieces: bytes) -> Talk:
    """These bytes, and the connection is reset."""

    def talk(peer: Peer) -> None:
        peer.send(*pieces)
        peer.wait(0.05)  # a reset overtakes what was sent before it
        peer.reset()

    return talk


def plain(body: bytes, *headers: str, status: str = "200 OK") -> Talk:
    """A whole answer of this body as JSON."""
    return saying(answer(body, JSON, *headers, status=status))


def stream(body: bytes, *headers: str) -> Talk:
    """A whole event stream of this body."""
    return saying(head(EVENTS, *headers, "Connection: close"), body)


def redirecting_to_itself(peer: Peer) -> None:
    """Sends a request back to where it came."""
    path = peer.last.split(b" ", 2)[1].decode()
    peer.send(answer(b"", f"Location: {path}", status="307 Temporary Redirect"))


# The servers


def misbehaving(talk: Talk, wants: Wants = everything, origin: str = "") -> Talk:
    """Talks so to the requests that are wanted; the others are answered by the server at an origin."""

    def conversation(peer: Peer) -> None:
        request = peer.request()
        if not request:
            return
        if wants(request):
            talk(peer)
        else:
            _relay(peer, request, origin)

    return conversation


def _relay(peer: Peer, request: bytes, origin: str) -> None:
    host, _, port = origin.removeprefix("http://").partition(":")
    asked = re.sub(rb"\r\nConnection: [^\r]*", b"", request, flags=re.IGNORECASE)
    asked = asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with socket.create_connection((host, int(port)), 5) as upstream:
        upstream.sendall(asked)
        while data := upstream.recv(BLOCK):
            peer.send(data)


@contextlib.contextmanager
def misbehaving_server(talk: Talk, wants: Wants = everything) -> Iterator[Server]:
    """A server that misbehaves for the requests that are wanted, and is right for all others."""
    from tests.engine.servers import serving

    with contextlib.ExitStack() as stack:
        origin = ""
        if wants is not everything:
            right = stack.enter_context(playing("openai"))
            origin = right.base_url.removesuffix("/v1")
        yield stack.enter_context(serving(misbehaving(talk, wants, origin)))


# The program


@dataclass(frozen=True)
class Ran:
    """What a run came to, and what it took."""

    code: int
    out: str
    err: str
    seconds: float
    peak: int
    """Bytes of memory, at most."""
    directory: Path

    @property
    def results(self) -> dict[str, Any]:
        """Its results.json."""
        return read_results(self.directory / "conformance-report" / "results.json")

    @property
    def outcomes(self) -> dict[str, str]:
        """Check to outcome."""
        return {result["id"]: result["outcome"] for result in self.results["results"]}

    @property
    def artefacts(self) -> dict[str, bytes]:
        """Everything that it wrote, by name."""
        files = [path for path in self.directory.rglob("*") if path.is_file()]
        written = {str(path.relative_to(self.directory)): path.read_bytes() for path in files}
        return {**written, "stdout": self.out.encode(), "stderr": self.err.encode()}


def ran(
    directory: Path,
    *arguments: object,
    env: Mapping[str, str] | None = None,
    most: float = 60,
    module: str = "conformance",
) -> Ran:
    """A command in a process of its own, with its time and its memory."""
    directory.mkdir(parents=True, exist_ok=True)
    told = directory.with_name(f"{directory.name}.peak")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _MEASURED, str(told), module, *map(str, arguments)],
        cwd=directory,
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=most)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    seconds = time.perf_counter() - began
    said = [data.decode("utf-8", "replace") for data in (out, err)]
    peak = int(told.read_text()) if told.exists() else 0
    return Ran(process.returncode, *said, seconds, peak, directory)


_MEASURED = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, "-m", *sys.argv[2:]])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""
# A process of its own in between: a child begins with the peak of the one that starts it, and this one is large.


def run_against(origin: str, directory: Path, *more: object, timeout: float = 1, **how: Any) -> Ran:
    """``conformance run`` against an origin."""
    return ran(
        directory,
        "run",
        "--base-url",
        f"{origin}/v1",
        "--model",
        MODEL,
        "--api-key-env",
        KEY_NAME,
        "--timeout",
        timeout,
        *more,
        **how,
    )


def judged_again(made: Ran, **how: Any) -> Ran:
    """``conformance judge`` of the recording that a run made."""
    recording = made.directory / "conformance-report" / "recording.jsonl"
    return ran(made.directory.with_name(f"{made.directory.name}-judged"), "judge", recording, **how)


def nested(depth: int) -> bytes:
    """Arrays in arrays."""
    return b"[" * depth + b"]" * depth


def bomb(size: int, *, coding: str = "gzip") -> bytes:
    """So many zeros, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    zeros = bytes(1 << 20)
    return b"".join([packer.compress(zeros) for _ in range(size >> 20)]) + packer.flush()


def completion(**more: Any) -> dict[str, Any]:
    """An answer in order, but for what is said otherwise."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "OK", "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    made: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": MODEL,
        "choices": [choice],
        "usage": usage,
    }
    return {**made, **more}


def as_json(value: object) -> bytes:
    """JSON text."""
    return json.dumps(value, separators=(",", ":")).encode()


def packed(data: bytes) -> bytes:
    """Compressed as gzip."""
    return gzip.compress(data)
