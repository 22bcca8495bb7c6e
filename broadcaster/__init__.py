"""Channels over Redis: an append-only log with a live tail, and what hangs on it.

A channel has one writer at a time (held to it by a lease with a fencing token) and any number of readers. This package
holds everything that crosses a process boundary: key names, the publish script, subscriptions, leases, commands,
presence, heartbeats of workers and the job-queue port. It imports nothing else of ours.
"""

from .channels import Channels, PublishResult
from .commands import CommandLog, CommandReader
from .entries import Batch, Entry, Reset
from .errors import (
    BrokerUnavailable,
    ChannelGone,
    Conflict,
    Fenced,
    GridcastError,
    LeaseHeld,
    LeaseLost,
    NoChannel,
)
from .hub import Hub
from .leases import AsyncLeases, Leases
from .names import Channel
from .presence import Company, Presence, Viewer
from .queue import JobQueue
from .settings import Settings, load_settings
from .subscription import Subscription
from .writer import Writer

__all__ = [
    "AsyncLeases",
    "Batch",
    "BrokerUnavailable",
    "Channel",
    "ChannelGone",
    "Channels",
    "CommandLog",
    "CommandReader",
    "Company",
    "Conflict",
    "Entry",
    "Fenced",
    "GridcastError",
    "Hub",
    "JobQueue",
    "LeaseHeld",
    "LeaseLost",
    "Leases",
    "NoChannel",
    "Presence",
    "PublishResult",
    "Reset",
    "Settings",
    "Subscription",
    "Viewer",
    "Writer",
    "load_settings",
]
