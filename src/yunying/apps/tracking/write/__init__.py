"""The write side: from canonical events to numbers, persons, catalogue and rows of the event store."""
