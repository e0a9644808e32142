"""What the parts of an answer say of one another: endings, calls, text, both forms, the next turn."""
