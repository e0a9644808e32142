"""HTTP around the API: headers, media types, methods, rate limits, request ids."""

from __future__ import annotations
