"""Which room may know which, who may open a socket, and that nothing stands untested or unfounded."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from conformance.checks import AREAS
from conformance.checks.registry import Check, all_checks
from conformance.probes import AREAS as PROBE_AREAS
from conformance.spec.clauses import clauses

TOP = Path(__file__).parents[1]
PACKAGE = TOP / "conformance"

STAGES = {"model", "wire", "spec", "probes", "checks"}
EVERYTHING = {path.stem for path in PACKAGE.iterdir()}
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "wire": {"model"},
    "spec": {"model"},
    "profiles": {"model", "spec"},
    "probes": {"model", "wire", "spec"},
    "checks": {"model", "wire", "spec"},
    "plan": STAGES,
    "tally": STAGES,
    "judge": STAGES | {"tally"},
    "capabilities": STAGES,
    "generate": STAGES | {"judge", "tally"},
    "recording": {"model"},
    "engine": {"model", "wire", "recording"},
    "report": {"model", "recording", "spec"},
    "refserver": {"model", "spec", "profiles"},
    "options": {"model"},
    "judging": STAGES | {"judge", "capabilities", "report"},
    "session": STAGES
    | {"plan", "judging", "generate", "options", "engine", "recording", "profiles", "report"},
    "proof": STAGES | {"judging", "options", "session", "engine", "profiles", "refserver"},
    "suite": EVERYTHING,
    "pytest_plugin": EVERYTHING,
    "cli": EVERYTHING,
    "__main__": {"cli"},
    "__init__": set(),
}
"""Rooms of ours that a room may import; the package itself gives everybody the version."""

THIRD_PARTY: dict[str, set[str]] = {
    "spec": {"jsonschema", "yaml"},
    "profiles": {"jsonschema", "yaml"},
    "engine": {"httpx", "httpcore"},
    "generate": {"hypothesis"},
    "report": {"rich"},
    "refserver": {"starlette", "uvicorn"},
    "suite": {"pytest"},
    "pytest_plugin": {"pytest", "pytest_html"},
    "cli": {"typer", "click", "rich", "pytest"},
}
"""What a room may import that is neither ours nor Python's."""

IMPURE = {"os", "time", "random", "socket", "ssl", "threading", "asyncio", "subprocess", "tempfile",
          "datetime", "http", "urllib.request", "selectors", "secrets"}  # fmt: skip
PURE = ("model", "wire", "spec", "probes", "checks", "plan", "tally", "judge", "capabilities")
SOCKETS = {"socket", "ssl", "asyncio", "httpx", "httpcore", "selectors", "uvicorn",
           "urllib.request", "http.client", "http.server"}  # fmt: skip
READS_JSON = ("wire/strict_json.py", "model/request.py", "recording/", "refserver/", "profiles/",
              "spec/", "probes/", "report/curl.py")  # fmt: skip
"""Where JSON is read without noticing duplicate keys: our own files and our own requests."""

WORD_OF = {"parameters": "param", "messages": "message", "schemas": "schema"}
"""How the ids of an area begin where not with its name."""


def check_modules() -> Iterator[str]:
    """The modules in which checks are declared, by their names below ``checks``."""
    for area in AREAS:
        package = PACKAGE / "checks" / area
        files = package.glob("[!_]*.py")
        yield from [f"{area}.{file.stem}" for file in files] if package.is_dir() else [area]


TESTED_OTHERWISE = {
    **{f"checks.{name}": "tests/checks: a table for each area" for name in check_modules()},
    **{f"probes.{area}": "tests/probes: each probe's request" for area in PROBE_AREAS},
    **{
        f"refserver.faults.{file.stem}": "tests/refserver: every fault, through the registry"
        for file in (PACKAGE / "refserver" / "faults").glob("*.py")
        if file.stem not in ("__init__", "registry")
    },
    **{
        f"refserver.oddities.{file.stem}": "tests/refserver: every oddity, through the registry"
        for file in (PACKAGE / "refserver" / "oddities").glob("*.py")
        if file.stem not in ("__init__", "registry")
    },
    **{
        f"pytest_plugin.{name}": "tests/pytest_plugin: loaded by the pytest that the tests start"
        for name in ("html", "options", "plugin", "run")
    },
    "suite.test_checks": "run by the plugin's tests",
    "__main__": "run as a program by the tests of the command line",
}
"""Modules that declare themselves or are run, and which tests go through them."""


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax trees of all modules, by path inside the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {str(f.relative_to(PACKAGE)): ast.parse(f.read_text(encoding="utf-8")) for f in files}


def room_of(path: str) -> str:
    """The room that a module is in."""
    return path.split("/")[0].removesuffix(".py")


def imports(path: str) -> Iterator[str]:
    """The full names that a module imports, inside functions too."""
    here = ["conformance", *path.removesuffix(".py").split("/")]
    for node in ast.walk(modules()[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level] if node.level else [])
            module = ".".join(filter(None, [base, node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_in(name: str, banned: set[str]) -> bool:
    """Whether an imported name is one of these modules or something in them."""
    return any(name == b or name.startswith(f"{b}.") for b in banned)


@pytest.mark.parametrize("path", modules())
def test_a_room_imports_only_what_it_may(path: str) -> None:
    """The direction of dependencies is that of the table."""
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is a new room: give it a row in the table"
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("conformance.")}

    assert set() == ours - MAY_IMPORT[room] - {room, "__version__"}


@pytest.mark.parametrize("path", modules())
def test_a_room_uses_only_the_libraries_it_may(path: str) -> None:
    """A dependency stands in one room, so that it can be replaced there."""
    others = {name.split(".")[0] for name in imports(path)} - {"conformance"}

    assert set() == others - sys.stdlib_module_names - THIRD_PARTY.get(room_of(path), set())


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) in PURE])
def test_a_pure_room_reads_no_clock_and_no_environment(path: str) -> None:
    """What is judged depends on the recording alone."""
    assert [] == [name for name in imports(path) if is_in(name, IMPURE)]


def test_only_two_places_open_sockets() -> None:
    """The engine talks to the endpoint, the reference server listens; nobody else touches the network."""
    touching = {path for path in modules() if any(is_in(name, SOCKETS) for name in imports(path))}

    assert {p for p in touching if not p.startswith("engine/")} <= {"refserver/serve.py"}


def test_json_is_read_strictly_elsewhere() -> None:
    """Whatever a peer sent is read by the parser that notices duplicate keys and NaN."""
    lax = {
        path
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("loads", "load")
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
    }

    assert [] == sorted(path for path in lax if not path.startswith(READS_JSON))


def test_the_table_is_that_of_the_page() -> None:
    """ARCHITECTURE.md has a row for every room."""
    rows = [
        line.split("|")[1]
        for line in (TOP / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    named = {name for row in rows for name in row.split("`")[1::2]}

    assert set(MAY_IMPORT) - {"__main__", "__init__"} <= named


@cache
def named_by_tests() -> frozenset[str]:
    """The modules that some test file imports."""
    found = set()
    for file in (TOP / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def reached_by_tests() -> set[str]:
    """The modules that a test names, and those that they are made of: what they import of their own room."""
    names = {path.removesuffix(".py").replace("/", "."): path for path in modules()}
    reached: set[str] = set()
    waiting = [name for name in names if f"conformance.{name}" in named_by_tests()]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        used = {i.removeprefix("conformance.") for i in imports(names[name])}
        used |= {u.rpartition(".")[0] for u in used}
        waiting += [u for u in used & names.keys() if room_of(names[u]) == room_of(names[name])]
    return reached


def test_every_module_is_reached_by_a_test() -> None:
    """A module that no test names, and nothing of its room that a test names, is listed here or untested."""
    names = {path.removesuffix(".py").replace("/", ".") for path in modules()}
    own = {name for name in names if not name.endswith("__init__")}

    assert set() == own - reached_by_tests() - TESTED_OTHERWISE.keys()


def test_the_exceptions_are_still_modules() -> None:
    """An exception for a module that is gone would hide another of its name."""
    names = {path.removesuffix(".py").replace("/", ".") for path in modules()}

    assert set() == TESTED_OTHERWISE.keys() - names


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_a_check_is_of_its_area(check: Check) -> None:
    """An id begins with the word of an area, and is declared in one of their modules."""
    assert check.id.split(".")[0] in {WORD_OF.get(area, area) for area in AREAS}
    assert check.module.removeprefix("conformance.checks.") in set(check_modules())


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_a_check_stands_on_a_clause(check: Check) -> None:
    """A check cites a rule with a source, and binds no more than it."""
    clause = clauses()[check.clause]

    assert check.level.rank <= clause.level.rank
    assert clause.source.document or clause.source.observed


def test_no_clause_is_left_over() -> None:
    """A clause that no check cites is a rule that nobody tests."""
    assert set() == set(clauses()) - {check.clause for check in all_checks().values()}
