"""What answers carry beyond their fields: uniqueness, plausibility, logprobs, several choices."""

from __future__ import annotations
