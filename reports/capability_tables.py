"""Judges recordings of runs without a profile, and writes the capability table of each as a page.

Use: python reports/capability_tables.py NAME=RECORDING ...
Each recording is one of ``conformance run``; its page is ``reports/capabilities-NAME.md``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.profiles.load import load_profile
from conformance.recording.jsonl import Reader
from conformance.report.markdown import capability_table
from conformance.session.recorded import judge_recording

HERE = Path(__file__).parent
HEAD = """# What {name} does with each parameter

Core suite, profile `base`, which claims nothing of parameters.
*accepted* was taken, and whether it has an effect cannot be seen from outside; *ignored* was taken, and its effect is missing.
"""


def page(name: str, recording: Path) -> str:
    """The page of one endpoint."""
    made = judge_recording(Reader(recording), profile=load_profile("base"))
    return HEAD.format(name=name) + "".join(capability_table(made.capabilities, everything=True))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        name, _, recording = argument.partition("=")
        file = HERE / f"capabilities-{name}.md"
        file.write_text(page(name, Path(recording)), encoding="utf-8")
        print(file.relative_to(HERE.parent))
