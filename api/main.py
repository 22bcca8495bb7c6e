"""The API process: `python -m gridcast.api.main --host --port`, which is what `gridcast api` starts."""

from __future__ import annotations

import argparse
import gc
import signal
import socket
import sys

import structlog
import uvicorn

from gridcast.broadcaster import Settings, load_settings, tracing
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.logs import set_up_logs

from .app import create_app
from .auth.accounts import check
from .http import HttpProtocol
from .inbound import MAX_FRAME_BYTES
from .services import Services
from .websocket import FrameProtocol

log = structlog.get_logger(__name__)

GRACE_S = 3
"""How long open requests may take to end after SIGTERM; viewers are told at once."""

BAD_INPUT = 2
"""Exit code where a setting is not valid: starting again changes nothing."""

KERNEL_FACTOR = 2
"""The kernel's patience with a viewer, in ours: later, so that we are the first to act and to count."""


class Server(uvicorn.Server):
    """Tells event streams and waiting requests that the end is near before uvicorn waits for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        services: Services | None = getattr(self.app_state, "services", None)
        if services is not None:
            services.closing.set()
        await super().shutdown(sockets)

    def __init__(self, settings: Settings, *, host: str = "127.0.0.1") -> None:
        app = create_app(settings, host=host)
        self.app_state = app.state
        super().__init__(
            uvicorn.Config(
                app,
                http=HttpProtocol,
                ws=FrameProtocol,
                # Twice, so that a frame just over the bound is answered with an `error` before the socket closes.
                ws_max_size=2 * MAX_FRAME_BYTES,
                lifespan="on",
                access_log=False,
                log_level="warning",
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )


def listen(host: str, port: int, *, stall_s: float) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `OSError`.

    The kernel ends a connection whose peer took nothing for `KERNEL_FACTOR * stall_s`, also one whose last bytes lie in
    the kernel's buffers, where we cannot see them. Who has bytes in ours is let go by us, before that.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sys.platform == "linux":
            listener.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(KERNEL_FACTOR * stall_s * 1000)
            )
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def run(settings: Settings, host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT; answer with the exit code."""
    set_up_logs(settings, process="api")
    try:
        listener = listen(host, port, stall_s=settings.stall_s)
    except OSError as error:
        log.error("cannot listen", host=host, port=port, error=str(error))
        return 1
    bound = listener.getsockname()
    log.info("api listens", host=bound[0], port=bound[1])
    # uvicorn raises the signal that ended it once more when all is closed; SIGTERM is a regular end to us.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    server = Server(settings, host=host)
    # What is loaded by now stays: the collector need not look at it ever again while all viewers wait.
    gc.collect()
    gc.freeze()
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return 130
    return 0


def main() -> int:
    """Read the command line and the environment."""
    parser = argparse.ArgumentParser(
        prog="gridcast api", description="Serve the HTTP and WebSocket interface."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one")
    parser.add_argument("--check", action="store_true", help="only say whether it might listen there")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        check(settings, arguments.host)
        if arguments.check:
            return 0
        tracing.set_up_traces(settings, process="api")
    except BadSettings as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_INPUT
    try:
        return run(settings, arguments.host, arguments.port)
    finally:
        tracing.shut_down()


if __name__ == "__main__":
    sys.exit(main())
