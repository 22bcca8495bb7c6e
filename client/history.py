"""A stretch of a run's past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .messages import Control, Event, control_of, event_of
from .ticks import Ticks, joined, ticks_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class History:
    """Ticks of a run with what touched the simulation (`controls`) and what happened in it (`events`).

    `n_ticks_in_range`: ticks that the run has there; `ticks` holds fewer where they were down-sampled, and then the oldest
    controls and events may be left out, if there are very many: `controls_left_out` and `events_left_out` count them.
    All later ticks follow after the log's entry `next_offset` of the life `epoch`, as far as the log still holds them (else
    it is None); `run.stream(since=history)` goes on with the next tick either way.
    """

    session_id: str
    epoch: str
    ticks: Ticks
    controls: tuple[Control, ...]
    events: tuple[Event, ...]
    n_ticks_in_range: int
    next_offset: int | None
    controls_left_out: int = 0
    events_left_out: int = 0

    def to_pandas(self) -> pd.DataFrame:
        """See `Ticks.to_pandas`."""
        return self.ticks.to_pandas()

    def to_arrow(self) -> pa.Table:
        """See `Ticks.to_arrow`."""
        return self.ticks.to_arrow()


def history_of(document: Mapping[str, Any]) -> History:
    """An answer of the history."""
    return History(
        session_id=document["session_id"],
        epoch=document["epoch"],
        ticks=ticks_of(document, document.get("bus_phases", ())),
        controls=tuple(control_of(item) for item in document.get("controls") or ()),
        events=tuple(event_of(item) for item in document.get("events") or ()),
        n_ticks_in_range=document["n_ticks_in_range"],
        next_offset=document["next_offset"],
        controls_left_out=document.get("controls_left_out", 0),
        events_left_out=document.get("events_left_out", 0),
    )


def joined_histories(pieces: Sequence[History]) -> History:
    """Consecutive stretches of one run as one; `pieces` is not empty."""
    last = pieces[-1]
    return History(
        session_id=last.session_id,
        epoch=last.epoch,
        ticks=joined([piece.ticks for piece in pieces]),
        controls=tuple(control for piece in pieces for control in piece.controls),
        events=tuple(event for piece in pieces for event in piece.events),
        n_ticks_in_range=sum(piece.n_ticks_in_range for piece in pieces),
        next_offset=last.next_offset,
    )
