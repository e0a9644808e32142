"""The pytest plugin: public hooks only; it does nothing until one of its options is given."""
