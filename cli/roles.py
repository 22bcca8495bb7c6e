"""`gridcast api` and `gridcast worker`: one process of a service whose other parts run elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from . import environment
from .exits import CliError, Exit
from .folder import Folder
from .supervisor import api_command, worker_command


def become_api(host: str, port: int) -> Exit:
    """Turn this process into an API process."""
    return _become([*api_command(), "--host", host, "--port", str(port)], _environment(slots=None))


def become_worker(slots: int | None) -> Exit:
    """Turn this process into a worker."""
    return _become(worker_command(), _environment(slots=slots))


def _environment(*, slots: int | None) -> Mapping[str, str]:
    directory = environment.folder(None)
    running = Folder(directory).read()
    redis_url = environment.external_broker() or (running.redis_url if running else None)
    if redis_url is None:
        raise CliError(
            Exit.UNREACHABLE,
            f"no broker: name one in {environment.REDIS_URL} (redis://HOST:6379/0), or start `gridcast up` in this folder",
        )
    return environment.of_children(redis_url=redis_url, directory=directory, slots=slots)


def _become(command: Sequence[str], env: Mapping[str, str]) -> Exit:
    os.execvpe(command[0], list(command), dict(env))
