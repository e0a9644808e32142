"""A recorded request as a line of shell: the line is run, and the bytes that arrive are compared."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from conformance.model.finding import Outcome
from conformance.model.request import Credentials, Operation
from conformance.report.curl import LONGEST_BODY, curl, with_curl

from .built import HOSTILE, a_finding, a_problem, a_request, an_exchange

ORIGIN = "http://127.0.0.1:8000"
needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="curl or bash is not installed"
)


@dataclass
class Listener:
    """A server that takes down one request and answers 200."""

    origin: str = ""
    head: bytes = b""
    body: bytes = b""
    ready: threading.Event = field(default_factory=threading.Event)

    def serve(self, server: socket.socket) -> None:
        """Takes connections until the socket is closed."""
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                self.take(connection)

    def take(self, connection: socket.socket) -> None:
        """Reads one request by its Content-Length."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        lengths = [
            line for line in self.head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        ]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(self.body) < length:
            self.body += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def header(self, name: str) -> list[str]:
        """The values of a request header."""
        lines = [line.decode("latin-1").partition(":") for line in self.head.split(b"\r\n")[1:]]
        return [value.strip() for key, _, value in lines if key.lower() == name.lower()]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server on a port of its own."""
    made = Listener()
    with socket.create_server(("127.0.0.1", 0)) as server:
        made.origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=made.serve, args=(server,), daemon=True)
        thread.start()
        yield made
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def run(line: str) -> str:
    """What the line prints."""
    environment = {
        "PATH": os.environ["PATH"],
        "KEY": "sk-of-the-user",
        "NO_PROXY": "*",
        "LC_ALL": "C",
    }
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, timeout=20, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode()


BODIES = {
    "json": b'{"model":"m","messages":[{"role":"user","content":"Say OK."}]}',
    "quotes": b"""{"a":"it's \\"so\\" $HOME `id` !! \\\\n"}""",
    "letters": '{"a":"Grüße 你好"}'.encode(),
    "empty": b"",
    "file-sign": b"@/etc/hostname",
    "dash-and-escape": b"-n\x1b%s%%\\x41\\",
    "not-utf-8": b'{"a":"\xff\xfe"}',
    "null": b"a\0b\0",
    "digits-after-octal": b"\x01234\x007",
    "line-breaks": b"{\r\n}\n\n",
    "override": '{"a":"\u202e"}'.encode(),
    "every-byte": bytes(range(256)),
}


@needs_curl
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_line_sends_the_same_bytes(body: bytes, listener: Listener) -> None:
    """Whatever the body holds, the line is one line and the server gets it byte for byte."""
    line = curl(a_request(body), listener.origin, "KEY")

    shown = run(line)

    assert line.isprintable()
    assert body == listener.body
    assert b"POST /v1/chat/completions HTTP/1.1" == listener.head.partition(b"\r\n")[0]
    assert ["application/json"] == listener.header("Content-Type")
    assert ["Bearer sk-of-the-user"] == listener.header("Authorization")
    assert "HTTP/1.1 200 OK" in shown


@needs_curl
def test_headers_paths_and_methods_arrive_as_they_were(listener: Listener) -> None:
    """Made-up credentials, empty headers, odd paths and methods are repeated too."""
    request = a_request(
        None,
        method="DELETE",
        path="/v1/../models/a[1-3]{x}%20b;c?d='e'&f=$HOME",
        headers=(("Authorization", "Token x"), ("X-Empty", ""), ("X-Quoted", "it's $HOME")),
        credentials=Credentials.MADE_UP,
    )

    run(curl(request, listener.origin, "KEY"))

    expected = b"DELETE /v1/../models/a[1-3]%7Bx%7D%20b;c?d='e'&f=$HOME HTTP/1.1"
    assert expected == listener.head.partition(b"\r\n")[0]
    assert ["Token x"] == listener.header("Authorization")
    assert [""] == listener.header("X-Empty")
    assert ["it's $HOME"] == listener.header("X-Quoted")


@needs_curl
def test_a_body_without_a_content_type_stays_without(listener: Listener) -> None:
    """Curl would call it a form."""
    run(curl(a_request(b"{}", headers=()), listener.origin, None))

    assert [] == listener.header("Content-Type")
    assert [] == listener.header("Authorization")


@needs_curl
@pytest.mark.parametrize("text", [HOSTILE[name] for name in HOSTILE if name != "megabyte"])
def test_hostile_traffic_runs_nothing_else(text: str, listener: Listener) -> None:
    """Method, path, headers and key name of a foreign recording cannot leave their place."""
    request = a_request(
        text.encode("utf-8", "surrogatepass"),
        method=f"X;{text.split()[0]}",
        path="/" + text,
        headers=((f"@{text}", text), ("X-A", text), ("Content-Length", "7"), ("Host", "evil")),
    )

    line = curl(request, listener.origin, "KEY; echo broken")

    assert line.isprintable()
    assert "$API_KEY" in line
    assert "evil'" not in line
    assert "Content-Length" not in line


def test_the_key_is_only_named() -> None:
    """The variable stands in double quotes, so that the shell puts the key in."""
    line = curl(a_request(b"{}"), ORIGIN, "MY_KEY")

    assert '-H "Authorization: Bearer $MY_KEY"' in line


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (Credentials.KEY, True),
        (Credentials.KEY_LOWER, True),
        (Credentials.UNKNOWN, True),
        (Credentials.NONE, False),
        (Credentials.MADE_UP, False),
    ],
    ids=["key", "key-lower", "unknown", "none", "made-up"],
)
def test_only_requests_with_the_users_key_name_it(credentials: Credentials, expected: bool) -> None:
    """A probe of missing or wrong keys is repeated without the user's."""
    assert expected == ("$KEY" in curl(a_request(credentials=credentials), ORIGIN, "KEY"))


def test_the_scheme_is_repeated_as_it_was_sent() -> None:
    """A probe of the scheme's letter case is repeated in that case."""
    line = curl(a_request(credentials=Credentials.KEY_LOWER), ORIGIN, "KEY")

    assert '-H "Authorization: bearer $KEY"' in line


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (Credentials.KEY_LONGER, '-H "Authorization: Bearer ${KEY}x"'),
        (Credentials.KEY_SHORTER, '-H "Authorization: Bearer ${KEY%?}"'),
    ],
    ids=["longer", "shorter"],
)
def test_an_altered_key_is_altered_by_the_shell(credentials: Credentials, expected: str) -> None:
    """So that the line repeats the request without holding the key."""
    assert expected in curl(a_request(credentials=credentials), ORIGIN, "KEY")


def test_a_stream_is_shown_as_it_comes() -> None:
    """Curl does not buffer then."""
    assert " -N " in curl(a_request(b'{"stream":true}'), ORIGIN, None)
    assert " -N " not in curl(a_request(b'{"stream":false}'), ORIGIN, None)
    assert " -N " not in curl(a_request(b"[" * 100_000), ORIGIN, None)


def test_a_get_has_no_method_and_no_body() -> None:
    """The line stays short where curl's defaults do."""
    request = a_request(
        None, method="GET", path="/v1/models", operation=Operation.MODELS, headers=()
    )

    assert f"curl -sS -i {ORIGIN}/v1/models" == curl(request, ORIGIN, None)
    assert "--head" in curl(a_request(None, method="HEAD"), ORIGIN, None)


def test_a_huge_body_is_left_in_the_recording() -> None:
    """No shell takes a line of a megabyte."""
    line = curl(a_request(b"x" * (LONGEST_BODY + 1)), ORIGIN, None)

    assert f"@request-body-of-{LONGEST_BODY + 1}-bytes" in line
    assert len(line) < 500


def test_headers_of_the_profile_are_added_once() -> None:
    """A request's own header of the same name wins."""
    extra = (("X-Version", "1"), ("accept", "text/plain"))

    line = curl(a_request(None), ORIGIN, None, extra)

    assert "'X-Version: 1'" in line
    assert "text/plain" not in line


def test_findings_get_the_line_of_their_first_problem() -> None:
    """Findings without a problem, or whose exchange is not at hand, stay as they are."""
    findings = [
        a_finding("a.b", Outcome.FAIL, problems=(a_problem(), a_problem(exchange="other"))),
        a_finding("a.c", Outcome.FAIL, problems=(a_problem(exchange="gone"),)),
        a_finding("a.d", Outcome.PASS),
        a_finding("a.e", Outcome.FAIL, problems=(a_problem(),), curl="made before"),
    ]

    made = with_curl(findings, [an_exchange("chat.basic")], ORIGIN, "KEY")

    expected = curl(a_request(), ORIGIN, "KEY")
    assert [expected, "", "", "made before"] == [finding.curl for finding in made]
    assert ["", "", "", "made before"] == [f.curl for f in with_curl(findings, [], "", "KEY")]
