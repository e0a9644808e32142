"""Files of exchanges: our own recordings, traffic recorded elsewhere, and keeping secrets out of both."""
