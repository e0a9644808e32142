"""Each check of the suite as one test item; the plugin sends, records and judges."""

from __future__ import annotations

from typing import Protocol


class Verdict(Protocol):
    """What the plugin's fixture gives."""

    def show(self) -> None:
        """Pass, fail, skip or xfail as the finding says."""


def test_check(verdict: Verdict) -> None:
    """The rule of one check holds on every exchange of its kind."""
    verdict.show()
