"""What users do wrong: one clear sentence on stderr, exit code 2 or 3, no traceback."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from conformance.profiles.load import load_profile, profile_to_json
from tests.doors import CLOSED, KEY_NAME, MODEL, Said, at, cli, playing, process


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)


def told(said: Said, code: int, pattern: str) -> None:
    """One sentence on stderr that matches, nothing on stdout, the exit code."""
    lines = [line for line in said.err.splitlines() if line.startswith("conformance: ")]
    assert (code, "", 1) == (said.code, said.out, len(lines)), said
    assert re.search(pattern, lines[0]), lines[0]
    assert "Traceback" not in said.err


class TestEndpoint:
    """Addresses where nothing can be tested."""

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            pytest.param(
                "127.0.0.1:8000/v1", "did you mean http://127.0.0.1:8000/v1?", id="no-scheme"
            ),
            pytest.param(
                "ftp://127.0.0.1/v1", "must begin with http:// or https://", id="other-scheme"
            ),
            pytest.param("http://127.0.0.1/v 1", "contains white space", id="white-space"),
            pytest.param("http://127.0.0.1/v1\n", "contains white space", id="line-end"),
            pytest.param("http://user:pass@127.0.0.1/v1", "carries a user name", id="password"),
            pytest.param(
                "http://127.0.0.1/v1/chat/completions",
                "give the part before it, http://127.0.0.1/v1$",
                id="whole-path",
            ),
            pytest.param("http://127.0.0.1:99999/v1", "is not a URL: Port out of range", id="port"),
            pytest.param("http://127.0.0.1:abc/v1", "is not a URL", id="port-as-text"),
            pytest.param("http://", "has no host", id="no-host"),
            pytest.param("http://127.0.0.1/v1?key=1", "has a query", id="query"),
            pytest.param("", "no endpoint", id="empty"),
        ],
    )
    def test_bad_url(self, url: str, says: str) -> None:
        """A base URL that cannot be right is refused before anything else."""
        told(cli("run", "--base-url", url, "--model", "m"), 2, says)

    def test_password_is_not_repeated(self) -> None:
        """What stands before the @ may be a secret."""
        said = cli("run", "--base-url", "http://user:s3cret@127.0.0.1/v1", "--model", "m")
        assert "s3cret" not in said.err

    @pytest.mark.parametrize("command", ["run", "record"])
    @pytest.mark.parametrize(
        ("url", "says"),
        [
            pytest.param(CLOSED, f"{CLOSED} cannot be reached: nothing listens", id="closed-port"),
            pytest.param(
                "http://no-such-host.invalid/v1",
                "http://no-such-host.invalid/v1 cannot be reached: .*no-such-host.invalid",
                id="unknown-name",
            ),
        ],
    )
    def test_unreachable(self, command: str, url: str, says: str) -> None:
        """Exit code 3: nothing was judged; and nothing is said to have been sent."""
        said = cli(command, "--base-url", url, "--model", "m")
        told(said, 3, says)
        assert re.match(r"0/\d+ sent", said.err)

    def test_unknown_model(self) -> None:
        """A model that the endpoint refuses and does not list: its nearest names are told."""
        with playing() as server:
            said = cli("run", "--base-url", server.base_url, "--model", "tiny-11")
        told(said, 2, r"refuses the model 'tiny-11' \(status 404\).*such as tiny-1$")

    def test_no_model(self) -> None:
        """Nothing tells which model to name."""
        told(cli("run", "--base-url", CLOSED), 2, "no model: .*--model")


class TestKey:
    """The variable that --api-key-env names."""

    @pytest.mark.parametrize(
        ("value", "says"),
        [
            pytest.param(
                None, "THE_KEY, which --api-key-env names for the key, is not set", id="missing"
            ),
            pytest.param("", "THE_KEY, .* is empty", id="empty"),
            pytest.param("  ", "THE_KEY, .* is empty", id="white-space"),
            pytest.param("sk-a\nsk-b", "the API key holds white space", id="line-end"),
            pytest.param("sk-ключ", "no HTTP header can carry", id="not-ascii"),
        ],
    )
    def test_bad_key(self, value: str | None, says: str) -> None:
        """A key that cannot be sent is refused, and not shown."""
        env = {} if value is None else {"THE_KEY": value}
        said = cli("run", "--base-url", CLOSED, "--model", "m", "--api-key-env", "THE_KEY", env=env)
        told(said, 2, says)
        assert not value or not value.strip() or value not in said.err

    def test_profile_that_requires_one(self) -> None:
        """A profile that names the variable and requires a key says so as well."""
        told(cli("run", "--profile", "openai"), 2, "OPENAI_API_KEY, which the profile names")


class TestOptions:
    """Values that make no sense."""

    @pytest.mark.parametrize(
        ("option", "value", "says"),
        [
            pytest.param("--profile", "opneai", "did you mean 'openai'", id="profile"),
            pytest.param("--profile", "no/such.yaml", "no/such.yaml", id="profile-file"),
            pytest.param(
                "--check", "nope.*", "'nope.\\*' matches no check; .*list checks", id="check"
            ),
            pytest.param("--suite", "big", "--suite is smoke, core or full, not 'big'", id="suite"),
            pytest.param("--concurrency", "0", "at least 1", id="concurrency"),
            pytest.param("--concurrency", "-1", "at least 1", id="concurrency-negative"),
            pytest.param("--rate", "0", "above 0", id="rate"),
            pytest.param("--rate", "nan", "above 0", id="rate-nan"),
            pytest.param("--timeout", "-1", "above 0", id="timeout"),
            pytest.param("--timeout", "inf", "above 0", id="timeout-endless"),
            pytest.param("--max-requests", "-1", "0 or more", id="max-requests"),
            pytest.param("--max-output-tokens", "-1", "0 or more", id="max-output-tokens"),
        ],
    )
    def test_value(self, option: str, value: str, says: str) -> None:
        """Refused with a sentence that names the option or the value."""
        told(cli("run", "--base-url", CLOSED, "--model", "m", option, value), 2, says)

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(["run", "--concurrency", "many"], id="not-a-number"),
            pytest.param(["run", "--no-such-option"], id="unknown-option"),
            pytest.param(["no-such-command"], id="unknown-command"),
            pytest.param(["judge"], id="no-file"),
            pytest.param(["list", "planets"], id="unknown-things"),
        ],
    )
    def test_usage(self, arguments: list[str]) -> None:
        """The parser's own complaints end with 2 and an error line."""
        said = cli(*arguments)
        assert (2, "") == (said.code, said.out)
        assert "\nError: " in said.err

    def test_checks_outside_of_the_suite(self) -> None:
        """Checks that the suite does not have cannot be selected in it."""
        base = ["--base-url", CLOSED, "--model", "m", "--suite", "smoke"]
        told(cli("run", *base, "--check", "models.retrieve-unknown"), 2, "is in the suite smoke")

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            pytest.param(["explain", "stream.dnoe"], "did you mean stream.done", id="explain"),
            pytest.param(["serve", "--fault", "nope"], "no fault 'nope'", id="serve-fault"),
            pytest.param(["serve", "--port", "99999"], "cannot listen on", id="serve-port"),
            pytest.param(["serve", "--api-key-env", "NOPE"], "NOPE, .* is not set", id="serve-key"),
            pytest.param(
                ["serve", "--profile", "nope"], "no profile named 'nope'", id="serve-profile"
            ),
            pytest.param(["selftest", "--fault", "zzz*"], "matches no fault", id="selftest-fault"),
            pytest.param(
                ["selftest", "--oddity", "zzz*"], "matches no oddity", id="selftest-oddity"
            ),
            pytest.param(
                ["serve", "--oddity", "crlf"], "did you mean events-crlf", id="serve-oddity"
            ),
            pytest.param(["profile", "show", "nope"], "no profile named 'nope'", id="profile-show"),
            pytest.param(
                ["profile", "check", "nope.yaml"], "nope.yaml: cannot be read", id="profile-check"
            ),
        ],
    )
    def test_other_commands(self, arguments: list[str], says: str) -> None:
        """Every command refuses what it does not know in the same way."""
        told(cli(*arguments), 2, says)


class TestProfileFile:
    """A profile with a mistake in it."""

    @pytest.mark.parametrize("command", ["run", "profile check", "judge"])
    def test_mistake_has_a_place(self, command: str) -> None:
        """File, line, column and the nearest right word."""
        Path("acme.yaml").write_text('format: "1"\nname: acme\ntitle: Acme\nextend: base\n')
        arguments = {
            "run": ["run", "--base-url", CLOSED, "--model", "m", "--profile", "acme.yaml"],
            "profile check": ["profile", "check", "acme.yaml"],
            "judge": ["judge", "whatever.jsonl", "--profile", "acme.yaml"],
        }[command]
        told(cli(*arguments), 2, r"acme\.yaml:4:1: .*'extend'.*extends")


def _recording(change: str) -> bytes:
    """Our own format, but not quite."""
    head = '{"format":"1","kind":"conformance-recording","created":"2026-11-20T12:00:00+00:00",'
    rest = '"suite":{},"target":{},"profile":{},"plan":{"checks":["chat.response.id"]},'
    line = head + rest + '"seed":null,"limits":{}}\n'
    whole = json.dumps(profile_to_json(load_profile("base")))
    return {
        "format": line.replace('"format":"1"', '"format":"9"'),
        "line": line.replace('"profile":{}', f'"profile":{whole}') + "{oops}\n",
        "profile": line.replace('"profile":{}', '"profile":{"colour":"red"}'),
        "checks": line.replace("chat.response.id", "of.another.time"),
    }[change].encode()


class TestRecording:
    """Files that ``judge`` cannot judge."""

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            pytest.param("empty.jsonl", b"", "empty.jsonl: the file is empty", id="empty"),
            pytest.param("bin", random.Random(1).randbytes(3000), "bin: neither", id="binary"),
            pytest.param("other.json", b'{"a": 1}', "other.json: neither", id="other-json"),
            pytest.param("list.json", b"[1, 2]", "list.json: neither", id="json-array"),
            pytest.param("page.html", b"<!doctype html>", "page.html: neither", id="html"),
            pytest.param(
                "cut.jsonl", b'{"format":"1","kind":"conf', "cut.jsonl: neither", id="cut-header"
            ),
            pytest.param("cut.gz", b"\x1f\x8b\x08\x00\x00", "gzip data is damaged", id="cut-gzip"),
            pytest.param(
                "new.jsonl", _recording("format"), "recording format '9' is not known", id="format"
            ),
            pytest.param(
                "bad.jsonl", _recording("line"), "bad.jsonl:2: not a JSON line", id="bad-line"
            ),
            pytest.param(
                "old.jsonl", _recording("checks"), "none of the checks", id="unknown-checks"
            ),
        ],
    )
    def test_file(self, name: str, content: bytes, says: str) -> None:
        """One sentence with the file's name, and the line where there is one."""
        Path(name).write_bytes(content)
        said = cli("judge", name)
        assert (2, "") == (said.code, said.out)
        assert re.search(says, said.sentence)
        assert "Traceback" not in said.err

    def test_profile_inside(self) -> None:
        """A recording whose own profile cannot be used may still be judged by another."""
        Path("old.jsonl").write_bytes(_recording("profile"))
        said = cli("judge", "old.jsonl")
        assert (2, "") == (said.code, said.out)
        assert re.search("profile inside the recording .*'colour'.*--profile", said.sentence)
        assert 3 == cli("judge", "old.jsonl", "--profile", "base").code

    def test_missing(self) -> None:
        """A file that is not there."""
        told(cli("judge", "nope.jsonl"), 2, "nope.jsonl: there is no such file")

    def test_directory(self) -> None:
        """A directory instead of the file inside it."""
        Path("conformance-report").mkdir()
        told(cli("judge", "conformance-report"), 2, "conformance-report: is a directory")

    def test_results_instead_of_the_recording(self) -> None:
        """results.json is no recording."""
        with playing() as server:
            cli("run", *at(server, "--check", "models.list"))
        told(cli("judge", "conformance-report/results.json"), 2, "results.json: neither")

    def test_unknown_check(self) -> None:
        """A glob that matches no check."""
        told(cli("judge", "any.jsonl", "--check", "nope"), 2, "'nope' matches no check")


class TestOutput:
    """Files that cannot be written: told before the first request."""

    @pytest.mark.parametrize("option", ["--json", "--junit", "--html", "--markdown", "--recording"])
    @pytest.mark.parametrize("path", ["directory", "file/report"])
    def test_in_the_way(self, option: str, path: str) -> None:
        """A directory has the name, or a file lies in the way; the endpoint sees no request."""
        Path("directory").mkdir()
        Path("file").touch()
        with playing() as server:
            said = cli("run", *at(server, option, path))
        told(said, 2, f"cannot write {path}: ")
        assert "sent" not in said.err

    def test_of_judge(self) -> None:
        """``judge`` refuses in the same way."""
        Path("directory").mkdir()
        with playing() as server:
            cli("run", *at(server, "--check", "models.list", "--recording", "kept.jsonl"))
        told(cli("judge", "kept.jsonl", "--json", "directory"), 2, "cannot write directory")


def test_a_process_leaves_with_the_same_code_and_sentence() -> None:
    """What was seen in process above is what a shell sees."""
    said = process("run", "--base-url", CLOSED, "--model", MODEL, "--api-key-env", KEY_NAME)
    told(said, 3, "cannot be reached")
    told(process("run", "--base-url", "nonsense", "--model", MODEL), 2, "must begin with http")
