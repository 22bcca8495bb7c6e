"""A session's recording as somebody finds it who has only the files and the broker's list."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq

from gridcast.broadcaster import Channel
from gridcast.recordings.chunks import Chunk, in_order
from tests.workers.lab import Lab


async def chunks_of(lab: Lab, channel: Channel) -> list[Chunk]:
    """What is listed, in the order of ticks."""
    records = await lab.redis.lrange(channel.chunks, 0, -1)  # type: ignore[misc]
    return in_order([Chunk.decode(record) for record in records])


def assert_whole(chunks: list[Chunk], n_ticks: int) -> None:
    """They hold every tick once."""
    assert [chunk.first for chunk in chunks] == [0, *(chunk.after for chunk in chunks[:-1])]
    assert chunks[-1].after == n_ticks


def digest_of(folder: Path, chunks: list[Chunk]) -> str:
    """The run's digest, computed from nothing but the files; each file's own claim is checked on the way."""
    last = hashlib.sha256(b"gridcast-ticks-1").digest()
    for chunk in chunks:
        assert (folder / chunk.name).stat().st_size == chunk.size_bytes
        table = pq.read_table(folder / chunk.name)
        assert table["tick"].to_pylist() == list(range(chunk.first, chunk.after))
        columns = table.column_names[1:-2]
        numbers = np.column_stack([table[name].to_numpy(zero_copy_only=False) for name in columns])
        numbers[np.isnan(numbers)] = np.nan
        for row, controls in zip(numbers.astype("<f8"), table["controls"].to_pylist(), strict=True):
            record = last + row.tobytes()
            if controls is not None:
                touched = [[control["command"], control["args"]] for control in orjson.loads(controls)]
                record += orjson.dumps(touched, option=orjson.OPT_SORT_KEYS)
            last = hashlib.sha256(record).digest()
        assert last.hex() == chunk.digest
    return last.hex()
