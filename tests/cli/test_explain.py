"""``list``, ``explain``, ``profile`` and ``--help``: what the suite tells about itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import __version__
from conformance.checks.registry import all_checks
from conformance.probes.registry import all_probes
from conformance.profiles.load import profile_names
from conformance.refserver.faults import FAULTS
from conformance.refserver.oddities import ODDITIES
from tests.doors import ROOT, cli, process

COMMANDS = {
    "run": "Send the suite's requests, judge the answers and print the verdict.",
    "record": "Send the suite's requests and save what comes back.",
    "judge": "Judge what was recorded, offline, as often as you like.",
    "list": "List checks, probes, profiles, faults or oddities.",
    "explain": "Explain a check: the rule, its source, why it matters, who breaks, how to fix it.",
    "profile": "List, validate or print profiles: what an endpoint claims.",
    "profile list": "List the shipped profiles.",
    "profile check": "Validate a profile file;",
    "profile show": "Print a profile as it is resolved,",
    "serve": "Serve the reference server until Ctrl-C.",
    "selftest": "Prove the suite:",
}


class TestList:
    """Everything that has a name."""

    @pytest.mark.parametrize(
        ("things", "ids"),
        [
            pytest.param("checks", list(all_checks()), id="checks"),
            pytest.param("probes", list(all_probes()), id="probes"),
            pytest.param("profiles", list(profile_names()), id="profiles"),
            pytest.param("faults", [fault.name for fault in FAULTS], id="faults"),
            pytest.param("oddities", [oddity.name for oddity in ODDITIES], id="oddities"),
        ],
    )
    def test_each_has_a_line_with_a_title(self, things: str, ids: list[str]) -> None:
        """The id comes first, and something is said about it; JSON has the same."""
        said = cli("list", things)
        rows = [line.split(maxsplit=1) for line in said.out.splitlines()]
        assert (0, sorted(ids)) == (said.code, sorted(row[0] for row in rows))
        assert [] == [row for row in rows if len(row) < 2]
        parsed = json.loads(cli("list", things, "--format", "json").out)
        assert [row[0] for row in rows] == [entry["id"] for entry in parsed]

    def test_families_say_how_many_requests_they_make(self) -> None:
        """What a family sends follows from the claims of a profile, so it is counted for one."""
        said = [cli("list", "probes", "--profile", name).out for name in ("base", "openai")]
        row = r"^param\.n\.range +POST chat, (\d+) times "
        few, many = (re.findall(row, text, re.M) for text in said)
        assert ["0"] == few < many

    def test_checks_are_what_is_listed_unasked(self) -> None:
        """Without an argument, the checks."""
        assert cli("list", "checks").out == cli("list").out


class TestExplain:
    """What is known about one thing."""

    @pytest.mark.parametrize("check", sorted(all_checks()))
    def test_check(self, check: str) -> None:
        """The rule, its source, why it matters and how to fix it are said, and who breaks unless nobody does."""
        said = cli("explain", check)
        level = all_checks()[check].level.value.upper()
        assert (0, f"{check}  (check, {level})") == (said.code, said.out.splitlines()[0])
        facts = _sections(said.out)
        wanted = ["rule", "in full", "source", "why it matters", "how to fix"]
        wanted += [] if level == "MAY" else ["who breaks"]
        assert [] == [name for name in wanted if not facts.get(name)]

    @pytest.mark.parametrize(
        "name",
        [
            *sorted(set(all_probes()) - set(all_checks())),
            *sorted(fault.name for fault in FAULTS),
            *profile_names(),
        ],
    )
    def test_other_things(self, name: str) -> None:
        """Probes, faults and profiles say what they are."""
        said = cli("explain", name)
        assert 0 == said.code
        assert re.match(rf"{re.escape(name)}  \((probe|fault|profile)\)\n", said.out)
        assert _sections(said.out)["what"]

    def test_probe_of_the_same_name(self) -> None:
        """Where check and probe have one name, the request is shown with the check."""
        facts = _sections(cli("explain", "errors.malformed-json").out)
        assert "POST chat" == facts["request"]
        assert facts["body"].startswith('{"model":')

    def test_family(self) -> None:
        """A family has no single request, so it says how many it makes by the claims of a profile."""
        said = cli("explain", "param.n.range", "--profile", "openai")
        facts = _sections(said.out)
        assert "POST chat" == facts["request"]
        assert re.fullmatch(r"\d in core, \d in full by the claims of openai", facts["requests"])
        assert "body" not in facts

    def test_json(self) -> None:
        """The same facts for machines."""
        facts = json.loads(cli("explain", "stream.done", "--format", "json").out)
        assert ("stream.done", "check, MUST") == (facts["id"], facts["kind"])
        assert "stream-without-done" in facts["faults that prove it"]

    def test_unknown_name(self) -> None:
        """A slip of the pen is answered with names that exist, each once."""
        said = cli("explain", "turn.own-mesage")
        assert 2 == said.code
        assert 1 == said.sentence.count("turn.own-message")


def _sections(text: str) -> dict[str, str]:
    """Headings of an explanation, with what stands below them."""
    parts = [part.partition(":\n") for part in text.split("\n\n")[1:]]
    return {name: body.strip() for name, _, body in parts}


class TestProfile:
    """What endpoints claim."""

    def test_list(self) -> None:
        """Each shipped profile with its title."""
        lines = cli("profile", "list").out.splitlines()
        assert list(profile_names()) == [line.split()[0] for line in lines]
        assert all(len(line.split()) > 1 for line in lines)

    @pytest.mark.parametrize("name", profile_names())
    def test_show(self, name: str) -> None:
        """A profile is printed with what it inherits."""
        said = cli("profile", "show", name)
        assert 0 == said.code
        assert re.search(rf"^name: \"?{name}\"?$", said.out, re.M)

    @pytest.mark.parametrize("name", profile_names())
    def test_check(self, name: str) -> None:
        """The shipped files are valid, and nothing is remarked."""
        said = cli("profile", "check", ROOT / "profiles" / f"{name}.yaml")
        assert (0, "") == (said.code, said.err)
        assert f"ok, profile {name} (" in said.out

    def test_check_tells_waivers_of_unknown_checks(self, tmp_path: Path) -> None:
        """A waiver that covers nothing is remarked with the nearest check."""
        file = tmp_path / "acme.yaml"
        file.write_text(
            'format: "1"\nname: acme\ntitle: Acme\nextends: base\n'
            'waivers:\n  - {check: stream.dnoe, because: Known., since: "2026-11-01"}\n'
        )
        said = cli("profile", "check", file)
        assert 0 == said.code
        assert "no check is called 'stream.dnoe'; did you mean 'stream.done'?" in said.err


class TestHelp:
    """What a command says about itself."""

    @pytest.mark.parametrize(("command", "sentence"), COMMANDS.items(), ids=COMMANDS)
    def test_has_a_sentence_and_describes_every_option(self, command: str, sentence: str) -> None:
        """The first sentence says what the command does; no option goes unexplained."""
        said = cli(*command.split(), "--help")
        assert 0 == said.code
        assert sentence in " ".join(said.out.split())
        options = said.out.partition("\nOptions:\n")[2].partition("\n\n")[0]
        entries = re.findall(r"^  (-.*(?:\n {3,}.*)*)", options, re.M)
        assert [] == [entry for entry in entries if not re.search(r"(\s{2,})\w.*\w", entry)]

    def test_exit_codes_are_told(self) -> None:
        """The help of the whole names the exit codes."""
        said = " ".join(cli("--help").out.split())
        for code in ("0 nothing broken", "1 a MUST rule is broken", "2 wrong usage", "3 ", "4 "):
            assert code in said

    def test_lists_every_command(self) -> None:
        """The help of the whole names each command."""
        said = cli("--help").out
        assert [] == [
            name for name in COMMANDS if not re.search(rf"^  {name.split()[0]} ", said, re.M)
        ]

    def test_imports_little(self) -> None:
        """Nothing slow is imported to print help."""
        slow = ("httpcore", "httpx", "pytest", "hypothesis", "jsonschema", "starlette", "uvicorn")
        script = (
            "import sys; sys.argv = ['conformance', 'run', '--help']\n"
            "from conformance.cli.main import main\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            f"print(sorted({set(slow)!r} & set(sys.modules)), file=sys.stderr)"
        )
        made = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert "[]" == made.stderr.strip()

    def test_version(self) -> None:
        """The version is that of the package."""
        assert f"conformance {__version__}\n" == cli("--version").out == process("--version").out
