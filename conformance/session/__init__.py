"""One run: options to a plan, the plan to a recording, the recording to findings and results.

The command line and the pytest plugin both drive this; neither has logic of its own.
"""
