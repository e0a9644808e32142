"""What ``pytest --pyargs conformance.suite`` collects: one test item for each check."""
