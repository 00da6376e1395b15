"""Metrics that teams of one kind of product usually steer by, ready to be bound to the events that are there."""
