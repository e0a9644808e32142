"""What the documents say: schemas, clauses, and where the shipped data lies."""
