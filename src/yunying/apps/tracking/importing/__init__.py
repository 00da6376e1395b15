"""Bringing foreign files into a product as events: mapping, readers, conversion, runner."""
