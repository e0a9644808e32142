"""Plain data that every other room shares; standard library only."""
