"""Measurements of `make bench`: each module has `main()` and prints lines a person can read."""
