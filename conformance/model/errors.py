"""What we raise on purpose.

    ConformanceError            anything a person can be told about in one sentence
    ├── UsageError              a wrong option, URL, name or combination        (exit 2)
    ├── ProfileError            a profile that cannot be used                   (exit 2)
    ├── RecordingError          a recording that cannot be read                 (exit 2)
    ├── Unreachable             the endpoint could not be reached at all        (exit 3)
    └── NotSent                 nothing more is sent, for a reason of the run   (caught inside)

What an endpoint does wrong is never raised: it is a fact in an exchange.
"""

from __future__ import annotations


class ConformanceError(Exception):
    """Something went wrong that a user can act on; the text is one clear sentence."""

    exit_code = 2


class UsageError(ConformanceError):
    """A wrong option, address, name or combination of them."""


class ProfileError(ConformanceError):
    """A profile that cannot be used; the text begins with ``file:line:column``."""


class RecordingError(ConformanceError):
    """A recording or a traffic file that cannot be read."""


class Unreachable(ConformanceError):
    """No connection to the endpoint could be made, so nothing was judged."""

    exit_code = 3


class NotSent(ConformanceError):
    """No request is sent any more: the budget, the endpoint or the user ended it; the text says which."""

    exit_code = 3
