"""What is inside the wheel: everything a run needs away from the repository."""

from __future__ import annotations

import configparser
import email.parser
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conformance import __version__
from tests.doors import ROOT

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None,
    reason="hatchling, which builds the wheel, is not installed",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without network."""
    where = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(where)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True)
    (file,) = where.glob("*.whl")
    return zipfile.ZipFile(file)


def test_holds_schemas_and_profiles(wheel: zipfile.ZipFile) -> None:
    """Every schema and profile of the repository travels inside the package."""
    names = set(wheel.namelist())
    for folder in ("schemas", "profiles"):
        files = [path.name for path in (ROOT / folder).iterdir() if path.is_file()]
        assert files
        assert {f"conformance/_data/{folder}/{name}" for name in files} <= names


def test_holds_every_module_and_what_is_no_module(wheel: zipfile.ZipFile) -> None:
    """All modules, the marker for type checkers and the suite's pytest configuration are there."""
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "conformance").rglob("*.py")}
    assert modules | {"conformance/py.typed", "conformance/suite/run.ini"} <= set(wheel.namelist())


def test_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    """No tests, reports or leftovers."""
    package, metadata = "conformance/", f"openai_conformance-{__version__}.dist-info/"
    assert [] == [n for n in wheel.namelist() if not n.startswith((package, metadata))]
    assert [] == [
        n for n in wheel.namelist() if "__pycache__" in n or n.endswith((".pyc", ".html"))
    ]


def test_entry_points(wheel: zipfile.ZipFile) -> None:
    """The command and the pytest plugin are announced."""
    points = configparser.ConfigParser()
    points.read_string(_metadata(wheel, "entry_points.txt"))
    assert "conformance.cli.main:main" == points["console_scripts"]["conformance"]
    assert "conformance.pytest_plugin.plugin" == points["pytest11"]["conformance"]


def test_metadata(wheel: zipfile.ZipFile) -> None:
    """Name, version, licence and the oldest Python are stated."""
    told = email.parser.Parser().parsestr(_metadata(wheel, "METADATA"))
    assert ("openai-conformance", __version__) == (told["Name"], told["Version"])
    assert ("Apache-2.0", ">=3.11") == (told["License-Expression"], told["Requires-Python"])
    assert "licenses/LICENSE" in " ".join(wheel.namelist())


def test_works_from_the_wheel_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Unpacked somewhere else, it finds its schemas and profiles."""
    wheel.extractall(tmp_path)
    script = (
        "import conformance, sys; from conformance.spec.data import data_dir\n"
        "from conformance.profiles.load import load_profile, profile_names\n"
        "from conformance.spec.clauses import clauses\n"
        "assert conformance.__file__.startswith(sys.argv[1]), conformance.__file__\n"
        "assert str(data_dir('schemas')).startswith(sys.argv[1]), data_dir('schemas')\n"
        "assert [load_profile(name) for name in profile_names()] and clauses()\n"
    )
    told = [sys.executable, "-c", script, str(tmp_path)]
    subprocess.run(told, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, check=True)


def _metadata(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(f"openai_conformance-{__version__}.dist-info/{name}").decode()
