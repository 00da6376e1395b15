"""The catalogue: what people write about events and properties, how much of them came, and sheets of both."""
