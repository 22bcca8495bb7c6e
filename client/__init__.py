"""Gridcast's client: speaks the protocol (HTTP and WebSocket), imports nothing else of Gridcast."""

from .errors import ClientError, Problem, StreamRefused, Unreachable
from .follow import follow
from .service import Readiness, Service
from .steering import steer
from .types import JSON, Entry, JSONObject

__all__ = [
    "JSON",
    "ClientError",
    "Entry",
    "JSONObject",
    "Problem",
    "Readiness",
    "Service",
    "StreamRefused",
    "Unreachable",
    "follow",
    "steer",
]
