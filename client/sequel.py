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
    Rewind,
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

Item: TypeAlias = Schema | Ticks | Control | Event | CommandAnswer | Status | Summary | Gap | Rewind
"""What a stream yields."""

REPEATING = frozenset({"ahead", "epoch"})
"""Reasons of a reset after which the log begins before what was read: the broker lost what was newest."""


_Deed: TypeAlias = tuple[int, str]
"""A tick, and the id of a person's command that took effect there."""


class Sequel:
    """Each tick once and in order, or a `Gap` in its place.

    After the broker lost its newest entries, the service computes them again: what belongs to ticks that were handed on
    already is dropped, for a run is a pure function of its commands. Where those are not the same, because one was lost with
    the entries, a `Rewind` says so, and the ticks from there on come again.

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
        self._own_from = next_tick
        """From this tick on all that came before `next_tick` went through here."""
        self._deeds: set[_Deed] = set()
        """What people did in those ticks; they send few commands."""

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
        self.next_tick = self._own_from = tick
        self._deeds.clear()
        return [gap]

    def _ticks(self, entry: Mapping[str, Any]) -> list[Item]:
        if self.schema is None:
            raise LookupError("ticks came before their schema")
        first, behind = entry["first"], entry["first"] + len(entry["t_s"])
        rewind = self._rewind(entry, first, behind) if self._again else []
        if behind <= self.next_tick:
            return []
        gap = self._gap(first)
        wanted = self.next_tick
        self._reset = False
        self.next_tick = behind
        self._deeds |= {deed for deed in _deeds(entry) if deed[0] >= wanted}
        return [*rewind, *gap, *items_of(entry, self.schema, since=wanted)]

    def _rewind(self, entry: Mapping[str, Any], first: int, behind: int) -> list[Item]:
        """Go back to the first tick that was handed on and that people have not steered as they had then."""
        again = range(max(first, self._own_from), min(behind, self.next_tick))
        differing = {deed for deed in self._deeds ^ _deeds(entry) if deed[0] in again}
        if not differing:
            return []
        self.next_tick = min(tick for tick, _ in differing)
        self._deeds = {deed for deed in self._deeds if deed[0] < self.next_tick}
        return [Rewind(tick=self.next_tick)]


def items_of(document: Mapping[str, Any], schema: Schema, *, since: int = 0) -> list[Item]:
    """A `ticks` entry, or a stretch of the history: its ticks from number `since` on, then what touched the simulation
    and what happened in them, by tick."""
    ticks = ticks_of(document, schema.bus_phases)
    told: list[Control | Event] = [control_of(item) for item in document.get("controls") or ()]
    told += [event_of(item) for item in document.get("events") or ()]
    told = sorted((item for item in told if item.tick >= since), key=lambda item: item.tick)
    return [ticks.since(since) if len(ticks) and ticks.first < since else ticks, *told]


def _deeds(entry: Mapping[str, Any]) -> set[_Deed]:
    return {
        (item["tick"], item["command_id"]) for item in entry.get("controls") or () if item.get("command_id")
    }
