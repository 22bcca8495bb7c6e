"""The `full` format says of each tick what the columns say, and is made once for all."""

from __future__ import annotations

from pathlib import Path

import orjson

from gridcast.api.encoders import FullEncoder
from gridcast.api.full import FullCache, translate
from gridcast.broadcaster import Channel, Entry, Reset
from gridcast.broadcaster.names import Epoch
from tests.api.examples import BUS_PHASES, schema, stored, ticks

GOLDEN = Path(__file__).parents[1] / "golden"
CHANNEL = Channel.session("k3v9")
EPOCH = Epoch("e1")
PHASES = [(bus, phase) for bus, phase in BUS_PHASES]


def test_a_tick_frame_is_the_golden_one() -> None:
    [frame] = translate({"offset": 7, **ticks(4, 1)}, PHASES)
    assert frame == orjson.loads((GOLDEN / "tick_full.json").read_bytes())


def test_what_was_not_due_is_null_or_left_out() -> None:
    frames = translate({"offset": 7, **ticks(0, 4)}, PHASES)
    assert [frame["grid_state"] is None for frame in frames] == [False, True, False, True]
    assert [list(frame["dc_states"]) for frame in frames] == [["dc1"], ["dc1"], ["dc1"], []]
    assert frames[1]["dc_states"]["dc1"]["observed_itl_s_by_model"] == {"Llama": None}


def test_events_and_commands_stand_at_their_ticks() -> None:
    frames = translate({"offset": 7, **ticks(10, 3)}, PHASES)
    assert [len(frame["sim_events"]) for frame in frames] == [1, 0, 0]
    assert [len(frame["commands"]) for frame in frames] == [0, 0, 1]


def test_one_translation_serves_all_viewers_also_of_another_copy_of_the_entry() -> None:
    cache = FullCache()
    first = cache.ticks(CHANNEL, EPOCH, stored(7, ticks(0, 3)), PHASES)
    assert cache.ticks(CHANNEL, EPOCH, stored(7, ticks(0, 3)), PHASES) is first
    assert cache.ticks(CHANNEL, Epoch("e2"), stored(7, ticks(0, 3)), PHASES) is not first


def test_the_cache_is_bounded_and_forgets_the_least_recently_used() -> None:
    one = FullCache()
    one.ticks(CHANNEL, EPOCH, stored(1, ticks(0, 3)), PHASES)
    cache = FullCache(max_bytes=3 * one.size_bytes)
    kept = cache.ticks(CHANNEL, EPOCH, stored(1, ticks(0, 3)), PHASES)
    for offset in range(2, 20):
        cache.ticks(CHANNEL, EPOCH, stored(offset, ticks(0, 3)), PHASES)
        assert cache.ticks(CHANNEL, EPOCH, stored(1, ticks(0, 3)), PHASES) is kept
        assert cache.size_bytes <= 3 * one.size_bytes


def shown(encoder: FullEncoder, entry: Entry | Reset) -> list[object]:
    frames = [orjson.loads(frame.payload) for frame in encoder(entry)]
    return [frame.get("tick", frame["type"]) for frame in frames]


def test_a_viewer_that_has_some_ticks_gets_those_after_and_all_after_a_reset() -> None:
    encoder = FullEncoder(FullCache(), CHANNEL, EPOCH, bus_phases=PHASES, since_tick=4)
    assert shown(encoder, stored(2, ticks(0, 5))) == []
    assert shown(encoder, stored(3, ticks(3, 5))) == [5, 6, 7]
    reset = Reset(epoch=Epoch("e2"), earliest_offset=1, earliest_tick=0, reason="epoch")
    assert shown(encoder, reset) == ["reset"]
    assert shown(encoder, stored(2, ticks(0, 2))) == [0, 1]


def test_the_schema_is_learned_from_the_stream() -> None:
    encoder = FullEncoder(FullCache(), CHANNEL, EPOCH, bus_phases=None)
    assert shown(encoder, stored(1, schema("k3v9", 10))) == ["schema"]
    assert shown(encoder, stored(2, ticks(0, 2))) == [0, 1]
