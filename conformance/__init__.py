"""The conformance suite for OpenAI-compatible endpoints."""

__version__ = "0.1.0"
