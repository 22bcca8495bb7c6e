"""Addresses to listen on."""

from __future__ import annotations

import errno
import ipaddress
import socket

from .exits import CliError, Exit


def free_port(host: str) -> int:
    """A port that nobody listens on at the moment."""
    with _socket(host) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def check_port(host: str, port: int) -> None:
    """Say now, in words, what the API process would otherwise die of.

    Raises:
        CliError: the port is taken, not allowed, or `host` is not an address of this machine.
    """
    try:
        with _socket(host) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} of {host} is in use; choose another with --port (0 takes a free one)"
            raise CliError(Exit.REFUSED, message) from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise CliError(
                Exit.BAD_INPUT, f"port {port} needs more rights than yours; choose one above 1023"
            ) from error
        raise CliError(Exit.BAD_INPUT, f"cannot listen on {host}: {error.strerror or error}") from error


def service_url(host: str, port: int) -> str:
    """The address at which a service that listens on `host` is reached from this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"


def _socket(host: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
