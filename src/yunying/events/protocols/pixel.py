"""The smallest picture: what SDKs that send by the address of an image wait for."""

from yunying.events.protocols.base import Reply

__all__ = ["PIXEL"]

# GIF89a, 1 × 1, transparent.
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
PIXEL = Reply(200, _GIF, "image/gif")
