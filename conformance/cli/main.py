"""The command line: parsing, exit codes, and nothing that is not also callable as a function."""

from __future__ import annotations

import gc
import sys
import traceback

import typer
from typer.core import TyperGroup

from conformance import __version__
from conformance.model.errors import ConformanceError

from . import explain, judge, profile, promote, record, run, selftest, serve
from .output import reader_may_leave


class Commands(TyperGroup):
    """The commands; none of them minds a reader that leaves early, such as ``head``."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command."""
        with reader_may_leave():
            return super().invoke(ctx)


app = typer.Typer(
    name="conformance",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Test whether an endpoint that calls itself OpenAI-compatible is.\n\n"
    "Without an endpoint, `conformance run` starts its own reference server and tests that.",
    epilog="Exit codes: 0 nothing broken, 1 a MUST rule is broken, 2 wrong usage or a bad profile, "
    "3 something could not be judged, 4 a bug of this suite.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"conformance {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Test whether an endpoint that calls itself OpenAI-compatible is."""


app.command("run")(run.run)
app.command("record")(record.record)
app.command("judge")(judge.judge)
app.command("promote")(promote.promote)
app.command("list")(explain.list_things)
app.command("explain")(explain.explain)
app.add_typer(profile.app, name="profile")
app.command("serve")(serve.serve)
app.command("selftest")(selftest.selftest)


def main() -> None:
    """Run the command line and leave with the exit code of the README's table."""
    # A run makes much that lives to its end and few cycles: looking for them takes a sixth of its time.
    gc.set_threshold(50_000, 20, 50)
    try:
        app(standalone_mode=True)
    except ConformanceError as error:
        print(f"conformance: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception:  # noqa: BLE001 - whatever it is, it must not look like a verdict (exit code 1)
        traceback.print_exc()
        print("conformance: this is a bug of the suite; please report it", file=sys.stderr)
        sys.exit(4)
