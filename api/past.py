"""What is there of a session at one moment: its state, and the chunks of its recording whose files are there.

Meta and the list of chunks are read in one step, so they tell of one moment: ticks 0 to `tick` - 1 are done, those of
the listed chunks are recorded, and the log up to `head` has the rest, unless it was trimmed. `reading.py` makes one run
without a seam of them, `remains.py` says what is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gridcast.broadcaster import Channel, NoChannel
from gridcast.broadcaster.sessions import SessionState, decode
from gridcast.recordings.chunks import Chunk, in_order
from gridcast.recordings.columns import Column, columns_of

from .failures import NO_TICKS, NOT_READY, RETRY_S, Failure
from .services import Services
from .views import channel_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What is there of a session at one moment. `chunks`: those whose files are there, in order, of ticks that are done."""

    state: SessionState
    columns: tuple[Column, ...]
    chunks: Sequence[Chunk]

    @property
    def channel(self) -> Channel:
        return Channel.session(self.state.id)

    @property
    def tick_s(self) -> float:
        """How long a tick is."""
        assert self.state.schema is not None
        return float(self.state.schema["tick_s"])

    @property
    def newest(self) -> int:
        """The last tick that is done."""
        return self.state.tick - 1

    @property
    def recorded(self) -> int:
        """All ticks before this one are recorded."""
        after = 0
        for chunk in self.chunks:
            if chunk.first > after:
                break
            after = max(after, chunk.after)
        return after


async def look(services: Services, session_id: str, *, without: Collection[str] = ()) -> Past:
    """What is there now.

    Args:
        without: names of chunks that turned out to be unreadable.

    Raises:
        NoChannel
        Failure: nothing was computed yet, or the store does not answer.
    """
    channel = channel_of(session_id)
    found = await services.channels.recorded(channel)
    if found is None:
        raise NoChannel(str(channel))
    meta, records = found
    state = decode(session_id, meta)
    if state.schema is None or not state.tick:
        detail = f"session {session_id} is {state.status} and has done no tick"
        if not state.over:
            detail += "; ask again when it runs, or subscribe to it with since=0"
        raise Failure(NO_TICKS, detail)
    listed = [chunk for chunk in map(Chunk.decode, records) if chunk.first < state.tick]
    sizes = await _sizes(services, session_id) if listed else {}
    there = [
        chunk for chunk in listed if sizes.get(chunk.name) == chunk.size_bytes and chunk.name not in without
    ]
    return Past(state=state, columns=tuple(columns_of(state.schema)), chunks=in_order(there))


async def _sizes(services: Services, session_id: str) -> dict[str, int]:
    """Of the files of a session."""

    def sizes() -> dict[str, int]:
        store = services.desk.store()
        return {} if store is None else {file.name: file.size_bytes for file in store.files(session_id)}

    try:
        return await services.desk.run(sizes)
    except (OSError, ValueError) as error:
        raise _store_away(error) from error


def _store_away(error: Exception) -> Failure:
    return Failure(
        NOT_READY,
        f"the store of the recordings does not answer ({type(error).__name__}); try again in a moment",
        headers={"Retry-After": str(RETRY_S)},
    )
