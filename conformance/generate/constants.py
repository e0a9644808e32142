"""What Hypothesis draws constants from: its own, and not those of the modules that happen to be loaded.

By default Hypothesis mixes in the numbers and texts of all modules outside of site-packages, so that the same seed
makes other requests in a checkout than in an installation, and others again in somebody's test suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


@contextmanager
def own_constants() -> Iterator[None]:
    """While it lasts, a seed makes the same requests wherever the suite is installed and whoever loads it."""
    # There is no setting for it. A version of Hypothesis without this function has nothing to turn off.
    with patch.object(providers, "_get_local_constants", Constants, create=True):
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    """Which constants fit is remembered, whoever asked."""
    providers.CONSTANTS_CACHE.cache.clear()
