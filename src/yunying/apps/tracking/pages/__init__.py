"""Pages of the catalogue and of people."""
