"""The server-side scripts and the exact shape of their arguments; no I/O.

Each script makes one promise atomic. The Lua files beside this module hold the bodies; the clients load them by SHA and
redis-py sends the body again when a restarted broker has forgotten it (NOSCRIPT).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from .errors import Conflict, Fenced, NoChannel, UnansweredCommands
from .names import Channel, Epoch

Arg = str | bytes | int | float


def _body(name: str) -> str:
    return files(__package__).joinpath(f"{name}.lua").read_text("utf-8")


PUBLISH: Final = _body("publish")
CREATE: Final = _body("create")
ACQUIRE: Final = _body("acquire")
RENEW: Final = _body("renew")
RELEASE: Final = _body("release")
COMMAND: Final = _body("command")
SHOW_TO: Final = _body("show_to")
SHARE: Final = _body("share")
ADMIT: Final = _body("admit")
START: Final = _body("start")
SOCKET: Final = _body("socket")
TURN: Final = _body("turn")
WHEEL: Final = _body("wheel")
WHEEL_SEEN: Final = _body("wheel_seen")
SNAPSHOT: Final = _body("snapshot")
ANEW: Final = _body("anew")


def publish_keys(channel: Channel) -> list[str]:
    return [channel.meta, channel.log, channel.applied, channel.commands, channel.chunks]


def publish_args(
    channel: Channel,
    *,
    token: int,
    expected: int,
    entries: Sequence[bytes],
    meta: Mapping[str, Arg],
    applied: Sequence[bytes],
    chunks: Sequence[bytes],
    trim: int,
    closing: str | None,
) -> list[Arg]:
    """Arguments of the publish script; see `Channels.publish` for their meaning."""
    args: list[Arg] = [
        *(channel.live, token, expected, trim, closing or ""),
        *(len(entries), len(meta), len(applied)),
    ]
    args.extend(entries)
    for field, value in meta.items():
        args.append(field)
        args.append(value)
    args.extend(applied)
    args.extend(chunks)
    return args


def anew_args(channel: Channel, *, token: int) -> list[Arg]:
    """Arguments of the script that begins another epoch; its outcome is one of `publish_outcome`."""
    return [channel.live, token, new_epoch()]


def new_epoch() -> Epoch:
    """The name of a life of a log, never given before."""
    return Epoch(secrets.token_hex(8))


def publish_outcome(
    channel: Channel, reply: Sequence[bytes | int], *, token: int, expected: int
) -> tuple[bool, int]:
    """Decode a reply to (appended now, head): `(False, head)` means that these very entries were there already.

    Raises:
        NoChannel, Fenced, Conflict, UnansweredCommands: nothing was written.
    """
    word, number = reply[0], int(reply[1])
    if word == b"OK":
        return True, number
    if word == b"ALREADY":
        return False, number
    if word == b"NOCHANNEL":
        raise NoChannel(str(channel))
    if word == b"FENCED":
        raise Fenced(str(channel), token, number)
    if word == b"PENDING":
        raise UnansweredCommands(str(channel))
    raise Conflict(str(channel), expected, number)


def pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """A hash, as a script hands it out."""
    return dict(zip(flat[0::2], flat[1::2], strict=True))
