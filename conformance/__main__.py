"""``python -m conformance`` is the same as ``conformance``."""

from conformance.cli.main import main

main()
