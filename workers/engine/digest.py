"""The digest of a run: equal digests mean equal runs, to the last bit.

The digest after tick n is the SHA-256 of the concatenation, over ticks 0..n, of: the tick's row of `Block.numbers` as
little-endian float64 (it has one bit pattern for "no number"); then, for each control of that tick that touches the
simulation, the byte 0x01 and the control's `[by, command, args]` as JSON with sorted keys. So it does not depend on how
ticks were gathered.
"""

from __future__ import annotations

import hashlib

import orjson

from .columns import Block

PACING = frozenset({"pause", "resume", "step", "run_until", "speed", "stop"})
"""Commands that change when ticks are computed, never what they are."""


class Digest:
    """The running digest."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, block: Block) -> None:
        """Take the next ticks."""
        rows = block.numbers.astype("<f8", copy=False)
        done = 0
        for control in block.controls:
            if control.command in PACING:
                continue
            upto = control.tick - block.first + 1
            self._hash.update(rows[done:upto].tobytes())
            done = max(done, upto)
            self._hash.update(b"\x01")
            body = [control.by, control.command, control.args]
            self._hash.update(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
        self._hash.update(rows[done:].tobytes())

    def hex(self) -> str:
        """The digest of all ticks so far."""
        return self._hash.copy().hexdigest()
