"""The fingerprint of a run: equal digests mean equal runs, to the last bit.

    d(0) = SHA-256("gridcast-ticks-1")
    d(n + 1) = SHA-256(d(n) + row(n) + controls(n))

`row(n)` is tick n's row of the matrix that `columns.py` describes, as float64 little-endian, every NaN as
0x7ff8000000000000. `controls(n)` is empty, or where something touched the simulation in tick n the JSON array of
its [command, args] in the order in which they took effect, with sorted keys; who did it does not count, nor do
pause, step and speed. The digest after n ticks is d(n); how ticks were gathered into blocks does not matter.
"""

from __future__ import annotations

import hashlib

import orjson

from .columns import Block

_START = b"gridcast-ticks-1"
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS


class Digest:
    """The chain over all ticks so far."""

    def __init__(self) -> None:
        self._last = hashlib.sha256(_START).digest()

    def update(self, block: Block) -> None:
        """Add the ticks of a block, which must follow on those before."""
        raw = block.numbers.astype("<f8", copy=False).tobytes()
        width = 8 * block.layout.width
        touched: dict[int, list[object]] = {}
        for control in block.controls:
            touched.setdefault(control.tick - block.first, []).append([control.command, control.args])
        last, sha256 = self._last, hashlib.sha256
        for n in range(len(block)):
            record = last + raw[n * width : (n + 1) * width]
            if n in touched:
                record += orjson.dumps(touched[n], option=_OPTIONS)
            last = sha256(record).digest()
        self._last = last

    def hex(self) -> str:
        """d(n) after n ticks, in hexadecimal."""
        return self._last.hex()
