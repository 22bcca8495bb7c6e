"""The error tree of the broadcaster. Errors carry facts; the edges turn them into words for people."""

from __future__ import annotations


class GridcastError(Exception):
    """Root of every error that Gridcast raises on purpose."""


class BadSettings(GridcastError):
    """The environment holds values that the settings do not allow; the text names each of them."""


class BrokerUnavailable(GridcastError):
    """The broker cannot be reached or did not answer in time; the same call may succeed later."""


class ChannelError(GridcastError):
    """Something about one channel; `channel` is its name, such as `session:k3v9`."""

    def __init__(self, channel: str, message: str) -> None:
        super().__init__(f"{channel}: {message}")
        self.channel = channel


class NoChannel(ChannelError):
    """The channel does not exist: never created, or deleted."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel, "no such channel")


class ChannelGone(NoChannel):
    """The channel was deleted while somebody was subscribed to it."""


class ChannelExists(ChannelError):
    """A channel of that name exists already."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel, "this channel exists already")


class Fenced(ChannelError):
    """A writer with a newer token has taken over; this one must stop writing for good."""

    def __init__(self, channel: str, token: int, newest: int) -> None:
        super().__init__(channel, f"token {token} is fenced, the newest is {newest}")
        self.token = token
        self.newest = newest


class Conflict(ChannelError):
    """The log is not where the writer believes it to be, and what stands there is not what it sent."""

    def __init__(self, channel: str, expected: int, head: int) -> None:
        super().__init__(channel, f"expected to append at {expected}, but the head is {head}")
        self.expected = expected
        self.head = head


class LeaseHeld(ChannelError):
    """Somebody else holds the lease now."""

    def __init__(self, channel: str, owner: str) -> None:
        super().__init__(channel, f"the lease is held by {owner}")
        self.owner = owner


class LeaseLost(ChannelError):
    """The lease was lost and somebody with a newer token has been there."""

    def __init__(self, channel: str, token: int) -> None:
        super().__init__(channel, f"the lease with token {token} is lost")
        self.token = token


class UnansweredCommands(ChannelError):
    """The channel cannot be closed yet: somebody's command came in and still needs its answer."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel, "commands wait for an answer, so it cannot be closed yet")


class ChannelEnded(ChannelError):
    """The channel's run has ended; it takes no more commands."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel, "it has ended and takes no more commands")


class TooManyCommands(ChannelError):
    """So many commands wait for their answers that no more are taken now."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel, "too many commands wait for their answers")


class WheelHeld(ChannelError):
    """Somebody else alone may steer now."""

    def __init__(self, channel: str, holder: str) -> None:
        super().__init__(channel, f"{holder} has the wheel")
        self.holder = holder


class TooManyShares(ChannelError):
    """The channel has as many share links as it may have."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel, "too many share links")


class CommandIdReused(ChannelError):
    """A command id came a second time with another body."""

    def __init__(self, channel: str, command_id: str) -> None:
        super().__init__(channel, f"command id {command_id!r} was used before with another body")
        self.command_id = command_id
