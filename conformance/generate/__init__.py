"""Requests that are made up while a run goes on: Hypothesis searches, the checks are its oracle."""
