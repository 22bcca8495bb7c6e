"""The offline judge of recorded histories: what each reader was given, against what the writer appended.

It holds the promise to every connected client: entries arrive in order, with no gap and no repeat, byte for byte, or a
reset says exactly what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridcast.broadcaster import Entry, Reset


class BrokenPromise(AssertionError):
    """A history that the protocol does not allow."""


def judge(
    history: Sequence[Entry | Reset],
    logs: Mapping[str, Mapping[int, bytes]],
    *,
    epoch: str,
    since: int = 0,
    complete: bool = True,
    ahead: bool = False,
) -> None:
    """Check one reader's history.

    Args:
        history: what it was given, in order.
        logs: for each epoch, every entry ever appended by offset.
        epoch, since: where it began.
        complete: whether it must have reached the newest entry of the last epoch.
        ahead: whether it asked for what was not there yet.

    Raises:
        BrokenPromise: with the first thing that is wrong.
    """
    at = since
    for place, item in enumerate(history):
        if isinstance(item, Reset):
            if item.epoch not in logs:
                raise BrokenPromise(f"item {place}: a reset to the unknown epoch {item.epoch}")
            if item.epoch == epoch and item.reason == "trimmed" and item.earliest_offset <= at + 1:
                raise BrokenPromise(
                    f"item {place}: a reset to {item.earliest_offset} although {at + 1} is there"
                )
            if item.epoch == epoch and item.reason == "ahead" and not ahead:
                raise BrokenPromise(f"item {place}: {at} is called ahead of the log, but it was there")
            epoch, at = item.epoch, item.earliest_offset - 1
            continue
        if item.offset <= at:
            raise BrokenPromise(f"item {place}: entry {item.offset} again after {at}")
        if item.offset != at + 1:
            raise BrokenPromise(f"item {place}: entry {item.offset} after {at}: a gap that nobody announced")
        if item.data != logs[epoch].get(item.offset):
            raise BrokenPromise(f"item {place}: entry {item.offset} is not what was appended")
        at = item.offset
    if complete and at != max(logs[epoch], default=at):
        raise BrokenPromise(f"the history ends at {at}, the log at {max(logs[epoch])}")


def spliced(entry: bytes, offset: int) -> bytes:
    """An entry as the publish script stores it."""
    return b'{"offset":%d,' % offset + entry[1:]
