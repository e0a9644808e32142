"""The capability table: from exchanges and a profile to rows. Pure, and built on what the checks look at."""
