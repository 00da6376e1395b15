"""Scripts of other makers that their snippets look for here: a page's console says where to take them from instead."""

from yunying.events.protocols.base import Reply

__all__ = ["explained"]


def explained(package: str, page: str) -> Reply:
    """A script that only says so. Not a 404: whoever changed the host of a snippet would hear nothing but that."""
    text = (
        f"Yunying takes the events of {package}, but does not serve its script. Install the package {package}, or put "
        f"its file on your own server: see the help page sdks/{page} of Yunying."
    )
    return Reply(200, f'console.error("{text}");'.encode(), "text/javascript; charset=utf-8")
