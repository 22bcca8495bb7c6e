"""Ending a connection at once, where an orderly end would wait for a peer that does not read."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Final

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time at all."""


def cut(transport: asyncio.Transport) -> None:
    """Cut a connection, with what lies in the kernel's buffers for a peer that does not take it."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
