"""How mistakes are refused: the status for each cause, the body's shape and members, and what it gives away."""
