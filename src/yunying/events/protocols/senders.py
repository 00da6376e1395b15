"""Whether an app on somebody's device sent an event, or a server for them."""

from collections.abc import Container

from yunying.events.normalise import Arrival

__all__ = ["from_server"]


def from_server(library: str, clients: Container[str], arrival: Arrival) -> bool:
    """True unless the library is one of those that run on devices, or a browser made the connection."""
    return library not in clients and not arrival.agent.startswith("Mozilla/")
