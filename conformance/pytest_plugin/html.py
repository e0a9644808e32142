"""Our columns in pytest-html's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report.html import HEADERS, capability_table, cells, no_cells

if TYPE_CHECKING:
    from conformance.pytest_plugin.run import Run

PROPERTY = "conformance-check"


class Columns:
    """pytest-html's hooks for one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: object) -> None:
        """Give the report a title that says what it is about."""
        setup = self.run.setup
        where = f" of {setup.target.base_url}" if setup is not None else ""
        report.title = f"Conformance{where}"  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, postfix: list[str]) -> None:
        """Put the capability table above the checks."""
        if self.run.recording is not None and self.run.chosen:
            postfix.append(capability_table(self.run.judge().capabilities))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Put verdict, level, clause and evidence beside each check."""
        cells[2:2] = HEADERS

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Fill those columns; rows of other tests get empty ones."""
        check = dict(report.user_properties).get(PROPERTY)
        cells[2:2] = no_cells() if check is None else self._cells(str(check))

    def _cells(self, check: str) -> tuple[str, ...]:
        return cells(self.run.finding(check))
