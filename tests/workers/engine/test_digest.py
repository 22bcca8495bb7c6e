"""The digest is over the numbers and what touched them, whoever did it and however ticks were gathered."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gridcast.workers.engine.columns import Block, Control
from gridcast.workers.engine.digest import Digest
from tests.workers.engine.blocks import block, row

TAPS = Control(tick=2, by="user:ada", command="set_taps", args={"regulators": {"b": 1.0, "a": 1.1}})


def digest(*blocks: Block) -> str:
    found = Digest()
    for each in blocks:
        found.update(each)
    return found.hex()


@given(st.lists(st.booleans(), min_size=9, max_size=9))
def test_gathering_does_not_matter(cuts: list[bool]) -> None:
    rows = [row(n, grid=n % 2 == 0) for n in range(10)]
    edges = [0, *(n + 1 for n, cut in enumerate(cuts) if cut), 10]
    parts = [
        block(start, rows[start:end], controls=[TAPS] if start <= TAPS.tick < end else [])
        for start, end in pairwise(edges)
    ]
    assert digest(*parts) == digest(block(0, rows, controls=[TAPS]))


def test_it_is_the_chain_that_the_docstring_defines() -> None:
    rows = [row(0), row(1), row(2)]
    expected = hashlib.sha256(b"gridcast-ticks-1").digest()
    for n, values in enumerate(rows):
        record = struct.pack(f"<{len(values)}d", *values)
        touched = b'[["set_taps",{"regulators":{"a":1.1,"b":1.0}}]]' if n == 2 else b""
        expected = hashlib.sha256(expected + record + touched).digest()
    assert digest(block(0, rows, controls=[TAPS])) == expected.hex()


def test_one_bit_of_one_number_matters() -> None:
    changed = row(1)
    changed[4] = float(np.nextafter(changed[4], 1e9))
    assert digest(block(0, [row(0), row(1)])) != digest(block(0, [row(0), changed]))


def test_what_touched_the_simulation_matters_but_not_who_did_it() -> None:
    rows = [row(n) for n in range(4)]
    by_other = replace(TAPS, by="user:bob", command_id="c9")
    later = replace(TAPS, tick=3)
    assert digest(block(0, rows, controls=[TAPS])) == digest(block(0, rows, controls=[by_other]))
    assert digest(block(0, rows, controls=[TAPS])) != digest(block(0, rows, controls=[later]))
    assert digest(block(0, rows, controls=[TAPS])) != digest(block(0, rows))
