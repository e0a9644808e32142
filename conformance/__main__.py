"""``python -m conformance`` is the same as ``conformance``."""

from conformance.cli.main import main

if __name__ == "__main__":  # the processes of the self-test import this module as well
    main()
