"""The profile language: strict YAML in, a resolved profile out, and clear sentences where it is wrong."""
