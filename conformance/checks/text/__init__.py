"""Text of every kind is taken and given back intact, in both modes and in tool arguments."""
