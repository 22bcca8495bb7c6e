"""From the entries of a log to typed items whose ticks follow each other. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from .messages import (
    OVER,
    CommandAnswer,
    Control,
    Event,
    Gap,
    Schema,
    Status,
    Summary,
    answer_of,
    control_of,
    event_of,
    schema_of,
    status_of,
    summary_of,
)
from .ticks import Ticks, ticks_of

Item: TypeAlias = Schema | Ticks | Control | Event | CommandAnswer | Status | Summary | Gap
"""What a stream yields."""

REPEATING = frozenset({"ahead", "epoch"})
"""Reasons of a reset after which the log begins before what was read: the broker lost what was newest."""


class Sequel:
    """Each tick once and in order, or a `Gap` in its place.

    After the broker lost its newest entries, the service computes them again: what belongs to ticks that were handed on
    already is dropped, for a run is a pure function of its commands.

    Args:
        next_tick: number of the first tick that is wanted.
        schema: the run's schema, where its entry may not come any more.
    """

    def __init__(self, next_tick: int = 0, schema: Schema | None = None) -> None:
        self.next_tick = next_tick
        self.schema = schema
        self._reason = "trimmed"
        self._reset = False
        """Since the last reset no ticks came yet."""

    def take(self, entry: Mapping[str, Any]) -> list[Item]:
        """What the next entry says; entries of kinds that are not known here say nothing.

        Raises:
            LookupError: a `ticks` entry before there is a schema.
        """
        match entry["type"]:
            case "reset":
                self._reason = str(entry["reason"])
                self._reset = True
                return []
            case "schema":
                known, self.schema = self.schema, schema_of(entry)
                return [] if self._again and known else [self.schema]
            case "ticks":
                return self._ticks(entry)
            case "command":
                return [] if self._told(entry) else [*self._up_to(entry["tick"]), answer_of(entry)]
            case "status":
                told = self._told(entry) and entry["status"] not in OVER
                return [] if told else [*self._up_to(entry["tick"]), status_of(entry)]
            case "summary":
                return [*self._up_to(entry["ticks"]), summary_of(entry)]
            case _:
                return []

    @property
    def _again(self) -> bool:
        return self._reset and self._reason in REPEATING

    def _told(self, entry: Mapping[str, Any]) -> bool:
        return self._again and entry["tick"] < self.next_tick

    def _up_to(self, tick: int) -> list[Item]:
        """What is missing before `tick`. Only after a reset: else an entry may come just before the ticks it is about."""
        return self._gap(tick) if self._reset else []

    def _gap(self, tick: int) -> list[Item]:
        if tick <= self.next_tick:
            return []
        gap = Gap(from_tick=self.next_tick, to_tick=tick - 1, reason=self._reason)
        self.next_tick = tick
        return [gap]

    def _ticks(self, entry: Mapping[str, Any]) -> list[Item]:
        if self.schema is None:
            raise LookupError("ticks came before their schema")
        first, behind = entry["first"], entry["first"] + len(entry["t_s"])
        if behind <= self.next_tick:
            return []
        gap = self._gap(first)
        wanted = self.next_tick
        self._reset = False
        self.next_tick = behind
        return [*gap, *items_of(entry, self.schema, since=wanted)]


def items_of(document: Mapping[str, Any], schema: Schema, *, since: int = 0) -> list[Item]:
    """A `ticks` entry, or a stretch of the history: its ticks from number `since` on, then what touched the simulation
    and what happened in them, by tick."""
    ticks = ticks_of(document, schema.bus_phases)
    told: list[Control | Event] = [control_of(item) for item in document.get("controls") or ()]
    told += [event_of(item) for item in document.get("events") or ()]
    told = sorted((item for item in told if item.tick >= since), key=lambda item: item.tick)
    return [ticks.since(since) if len(ticks) and ticks.first < since else ticks, *told]
