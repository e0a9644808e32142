"""What the effect of a parameter looks like from outside, for those whose effect shows.

An effect that is missing where it should show is a parameter accepted and ignored, which is what hurts users most.
Whatever may as well be the model's own doing is unclear, never missing.
"""
