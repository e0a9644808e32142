"""The documents: what they tell people to type exists, and what exists is told."""

from __future__ import annotations

import re
import shlex
import sys
from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from conformance.checks.registry import all_checks
from conformance.model.finding import Outcome
from tests.doors import ROOT, at, cli, playing, session

DOCUMENTS = sorted(ROOT.glob("*.md"))
README = ROOT / "README.md"
SCRIPTS = sorted([*(ROOT / "reports").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
CALL = re.compile(r"(?:^|[`$] ?|&& )conformance ((?!\d)[^`\n&|]+)", re.M)


@cache
def help_of(command: str) -> str:
    """The help of a command, empty for one that does not exist."""
    said = cli(*command.split(), "--help")
    return said.out if said.code == 0 else ""


def calls(document: Path) -> list[list[str]]:
    """The calls of ``conformance`` in a document, as words."""
    text = document.read_text()
    fenced = "\n".join(re.findall(r"```[a-z]*\n(.*?)```", text, re.S))
    inline = "\n".join(f"`{code}`" for code in re.findall(r"`([^`\n]+)`", text))
    return [shlex.split(call, comments=True) for call in CALL.findall(f"{fenced}\n{inline}")]


def command_of(words: list[str]) -> str:
    """The command that a call names, with its second word where it has one."""
    two = " ".join(words[:2])
    return two if words[0] == "profile" and not words[1].startswith("-") else words[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
class TestEveryDocument:
    """What holds for each of them."""

    def test_calls_exist(self, document: Path) -> None:
        """Each command and each of its options is known to the command line."""
        for words in calls(document):
            if words[0] in ("--help", "--version"):
                continue
            names = command_of(words).replace("|", " ").split()
            known = help_of(" ".join(names))
            assert known, f"{document.name}: there is no command {words}"
            options = [word.partition("=")[0] for word in words if word.startswith("-")]
            assert [] == [o for o in options if not re.search(rf"{re.escape(o)}\b", known)], words

    def test_names_no_place_of_this_machine(self, document: Path) -> None:
        """No path that only the authors have."""
        text = document.read_text()
        assert [] == re.findall(r"/(?:home|root|tmp|work|Users)/\S+|\.\./shared\S*", text)

    def test_links_lead_somewhere(self, document: Path) -> None:
        """Relative links name files that are there, and headings that are in them."""
        for target in re.findall(r"\]\(([^)#\s]*#?[^)\s]*)\)", document.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, heading = target.partition("#")
            file = document.parent / name if name else document
            assert file.exists(), f"{document.name}: {target}"
            if heading:
                assert heading in _headings(file), f"{document.name}: {target}"


def _headings(file: Path) -> set[str]:
    found = re.findall(r"^#+ (.+)$", file.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in found}


class TestReadme:
    """The page that everybody reads."""

    def test_names_every_command(self) -> None:
        """Each command of the command line has its place on the page or in the help."""
        listed = re.findall(r"^  (\w+) ", help_of("").partition("Commands:")[2], re.M)
        assert {"run", "judge", "list", "explain", "profile", "serve"} <= set(listed)
        text = README.read_text()
        told = [name for name in listed if re.search(rf"`?conformance {name}\b|`{name}\b", text)]
        assert {"run", "judge", "list", "explain", "profile", "serve"} <= set(told)

    def test_options_exist(self) -> None:
        """Options that the prose names belong to ``run``, to the pytest plugin or to pytest."""
        known = help_of("run") + help_of("serve") + session("--help").out
        known += "--junitxml"  # which pytest's help spells --junit-xml
        options = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", README.read_text()))
        assert len(options) > 10
        assert [] == sorted(o for o in options if not re.search(rf"{o}\b", known))

    def test_figures_of_the_first_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The sample output is what the command prints, but for the address and times."""
        monkeypatch.chdir(tmp_path)
        said = cli("run")
        printed = _without_times(f"{said.err}\n{said.out}")
        text = README.read_text()
        sample = text.partition("$ conformance run\n")[2].partition("\n```")[0]
        for line in _without_times(sample).splitlines():
            assert line in printed.splitlines(), f"README.md: {line}\n\nright is:\n{printed}"

    def test_sample_of_the_capability_table(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The rows that are shown are those that the two commands beside them print."""
        monkeypatch.chdir(tmp_path)
        text = README.read_text()
        (profile,) = re.findall(r"serve --profile (\w+) --model", text)
        (sample,) = re.findall(r"^  ignored: .*\n((?: {6}.*\n)+)", text, re.M)
        with playing(profile) as server:
            said = cli("run", *at(server))
        printed = [line.split() for line in said.out.splitlines()]
        assert [] == [row for row in sample.splitlines() if row.split() not in printed]

    def test_profile_is_valid(self, tmp_path: Path) -> None:
        """The example of a profile passes ``profile check`` without a remark."""
        (example,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.S)
        file = tmp_path / "acme.yaml"
        file.write_text(example)
        said = cli("profile", "check", file)
        assert (0, "") == (said.code, said.err)
        assert "ok, profile acme" in said.out

    def test_table_of_verdicts_has_every_outcome(self) -> None:
        """Each outcome is explained, in the order of gravity that the table has."""
        rows = re.findall(r"^\| `(\w+)` \|", README.read_text(), re.M)
        assert [str(outcome) for outcome in Outcome] == rows

    def test_fault_of_the_example_is_found(self) -> None:
        """The fault that a newcomer is told to try exists, and the rule named after it catches it."""
        text = README.read_text()
        (fault,) = re.findall(r"serve --fault ([\w-]+)", text)
        (check,) = re.findall(r"conformance explain ([\w.-]+)` tells", text)
        assert f"caught by exactly:\n  - {check}\n" in cli("explain", fault).out


class TestChangelog:
    """What changed for users."""

    def test_names_every_check(self) -> None:
        """A check can turn a green endpoint red, so each is announced, by name or with a family; nothing else is."""
        text = (ROOT / "CHANGELOG.md").read_text()
        areas = {check.partition(".")[0] for check in all_checks()}
        said = re.findall(r"`([a-z]+\.[a-z\d.*-]+)`", text)
        named = {name for name in said if name.partition(".")[0] in areas}
        told = {c for c in all_checks() if any(fnmatchcase(c, name) for name in named)}
        assert set() == set(all_checks()) - told, "checks that CHANGELOG.md does not name"
        idle = {name for name in named if not any(fnmatchcase(c, name) for c in all_checks())}
        assert set() == idle, "names in CHANGELOG.md that no check has"

    def test_counts_are_right(self) -> None:
        """The number behind each area is that of its checks."""
        text = (ROOT / "CHANGELOG.md").read_text()
        told = {area: int(n) for area, n in re.findall(r"^- (\w+) \((\d+)\): ", text, re.M)}
        counted = Counter(check.partition(".")[0] for check in all_checks())
        assert dict(counted) == told


def _without_times(text: str) -> str:
    """Printed lines without what differs from run to run: the port, seconds, and how fast a stream came."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"\d+(\.\d+)? s\b", "N s", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_find_what_they_import(script: Path) -> None:
    """What stands beside the package moves with it."""
    spec = spec_from_file_location(script.stem, script)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[script.stem] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[script.stem]
