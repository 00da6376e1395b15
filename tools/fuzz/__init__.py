"""Hostile input for everything that reads what programs send: `make fuzz` (RUNS=1000000), or one protocol by ARGS."""
