"""How a run is cut into chunks, what an attempt records again, and what is told of a store that fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openg2g.events import SimEvent

from gridcast.recordings.chunks import CHUNK_TICKS, Chunk, file_name
from gridcast.workers.engine import recorder as module
from gridcast.workers.engine.columns import Block, Control
from gridcast.workers.engine.past import Deed
from gridcast.workers.engine.recorder import Recorder
from gridcast.workers.orders import Order
from tests.recordings.examples import SCHEMA, SESSION, WIDTH, numbers
from tests.recordings.stores import FULL, MemoryStore
from tests.waiting import until
from tests.workers.engine.blocks import LAYOUT

TOKEN = 5
ORDER = Order(kind="session", id=SESSION, attempt=2, token=TOKEN, owner="w", record={"scenario": "ieee13"})


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def begun(store: MemoryStore, *, listed: list[Chunk] | None = None, log_bytes: int = 1 << 20) -> Recorder:
    recorder = Recorder(ORDER, "memory", log_bytes=log_bytes, open_store=lambda _: store)
    recorder.begin(SCHEMA, epoch="e", versions={"numpy": "2"}, workload_hash="w", listed=listed or [])
    return recorder


def listed_chunk(first: int, ticks: int) -> Chunk:
    return Chunk(
        name=file_name(first, 1), first=first, ticks=ticks, size_bytes=100, digest="d", head=1, token=1
    )


def give(recorder: Recorder, first: int, ticks: int, *, size_bytes: int = 10, **more: Any) -> None:
    given: dict[str, Any] = {"events": [], "controls": [], **more}
    found = Block(
        first=first,
        layout=LAYOUT,
        numbers=numbers(first, ticks),
        grid_due=np.ones(ticks, dtype=bool),
        site_due={},
        **given,
    )
    recorder.take(found, digest=f"d{first + ticks}", head=first + 1, size_bytes=size_bytes)


def finished(recorder: Recorder) -> list[Chunk]:
    """Everything, once the run is over."""
    assert recorder.finish(lambda: None) is None
    return recorder.finished()


def spans(chunks: list[Chunk]) -> list[tuple[int, int]]:
    return [(chunk.first, chunk.after) for chunk in chunks]


def about(store: MemoryStore, chunk: Chunk) -> dict[str, Any]:
    with store.open(SESSION, chunk.name) as file:
        found: dict[str, Any] = orjson.loads(pq.read_schema(file).metadata[b"gridcast"])
    return found


def test_a_chunk_is_cut_at_its_size_and_the_rest_at_the_end(store: MemoryStore) -> None:
    recorder = begun(store)
    for first in range(0, CHUNK_TICKS + 300, 100):
        give(recorder, first, 100)
    chunks = finished(recorder)
    assert spans(chunks) == [(0, CHUNK_TICKS), (CHUNK_TICKS, CHUNK_TICKS + 300)]
    assert (chunks[0].digest, chunks[0].head, chunks[0].token) == (
        f"d{CHUNK_TICKS}",
        CHUNK_TICKS - 99,
        TOKEN,
    )
    assert recorder.recorded_bytes == sum(chunk.size_bytes for chunk in chunks) > 0


def test_one_tick_less_than_a_chunk_waits_for_more(store: MemoryStore) -> None:
    recorder = begun(store)
    give(recorder, 0, CHUNK_TICKS - 1)
    give(recorder, CHUNK_TICKS - 1, 50)
    assert spans(finished(recorder)) == [(0, CHUNK_TICKS + 49)]


def test_a_chunk_is_cut_before_the_log_could_lose_it(store: MemoryStore) -> None:
    recorder = begun(store, log_bytes=400)
    for first in range(0, 50, 10):
        give(recorder, first, 10, size_bytes=50)
    assert spans(finished(recorder)) == [(0, 20), (20, 40), (40, 50)]


def test_a_recovery_records_what_is_not_listed_and_nothing_twice(store: MemoryStore) -> None:
    recorder = begun(store, listed=[listed_chunk(40, 20), listed_chunk(0, 20), listed_chunk(90, 10)])
    at = 0
    while at < 120:
        after = min((tick for tick in range(at + 1, 121) if recorder.boundary(tick)), default=120)
        after = min(after, at + 15)
        give(recorder, at, after - at)
        at = after
    assert spans(finished(recorder)) == [(20, 40), (60, 90), (100, 120)]
    assert recorder.recorded_bytes > 300


def test_metadata_explains_the_file_and_holds_the_commands_of_its_ticks(store: MemoryStore) -> None:
    recorder = begun(store, log_bytes=400)
    for tick in (3, 10, 20):
        recorder.did(Deed(tick=tick, by="user:ada", command="pause", args={}, command_id=f"c{tick}"))
    give(recorder, 0, 10, size_bytes=100)
    give(recorder, 10, 10, size_bytes=10)
    one, two = finished(recorder)
    told = about(store, one)
    assert {name: told[name] for name in ("format", "session_id", "epoch", "token", "first", "ticks")} == {
        "format": 1,
        "session_id": SESSION,
        "epoch": "e",
        "token": TOKEN,
        "first": 0,
        "ticks": 10,
    }
    assert told["schema"] == SCHEMA
    assert (told["record"], told["versions"], told["workload_hash"]) == (
        {"scenario": "ieee13"},
        {"numpy": "2"},
        "w",
    )
    assert [done["command_id"] for done in told["commands"]] == ["c3"]
    assert [done["command_id"] for done in about(store, two)["commands"]] == ["c10", "c20"]


def test_events_and_controls_stand_at_their_ticks_as_the_stream_tells_them(store: MemoryStore) -> None:
    recorder = begun(store)
    event = SimEvent(tick=2, t_s=0.2, source="custom", topic="x", data={"why": {3}})
    late = SimEvent(tick=4, t_s=0.4, source="custom", topic="session.lag", data={})
    control = Control(tick=3, by="user:ada", command="set_taps", args={"regulators": {"creg1a": 1.0}})
    give(recorder, 0, 4, events=[event, late], controls=[control])
    [chunk] = finished(recorder)
    with store.open(SESSION, chunk.name) as file:
        table: pa.Table = pq.read_table(file)
    assert table.num_columns == WIDTH + 3
    texts = {name: table[name].to_pylist() for name in ("events", "controls")}
    assert [text and [e["topic"] for e in orjson.loads(text)] for text in texts["events"]] == [
        None,
        None,
        ["x"],
        ["session.lag"],
    ]
    assert texts["controls"][:3] == [None] * 3
    assert orjson.loads(texts["controls"][3]) == [
        {"tick": 3, "by": "user:ada", "command": "set_taps", "args": {"regulators": {"creg1a": 1.0}}}
    ]


async def test_a_full_disk_is_told_once_and_its_end_with_what_is_missing(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKLOG_BYTES", 3 * 10 * WIDTH * 8)
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.01)
    recorder = begun(store, log_bytes=4)
    store.fails = FULL
    states = [recorder.state]
    give(recorder, 0, 10)
    told: list[SimEvent] = []

    def news(tick: int) -> bool:
        event = recorder.news(tick=tick, t_s=tick / 10)
        told.extend([event] if event is not None else [])
        return event is not None

    await until(lambda: news(10))
    for first in range(10, 60, 10):
        give(recorder, first, 10)
        assert not news(first)
    states.append(recorder.state)
    store.fails = None
    await until(lambda: news(60))
    assert [*states, recorder.state] == ["on", "paused", "on"]
    give(recorder, 60, 10)
    assert recorder.finish(lambda: None) == "its recording lacks ticks 30 to 59: No space left on device"
    assert spans(recorder.finished()) == [(0, 10), (10, 20), (20, 30), (60, 70)]
    assert [(event.topic, event.tick, event.source, event.data) for event in told] == [
        ("recording.paused", 10, "custom", {"reason": "No space left on device"}),
        ("recording.resumed", 60, "custom", {"from_tick": 60, "missing": [[30, 59]]}),
    ]


async def test_a_short_failure_loses_nothing_and_says_where_it_goes_on(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.01)
    recorder = begun(store, log_bytes=4)
    store.fails = FULL
    give(recorder, 0, 10)
    await until(lambda: recorder.news(tick=10, t_s=1.0) is not None)
    store.fails = None
    resumed: list[SimEvent] = []

    def goes_on() -> bool:
        event = recorder.news(tick=11, t_s=1.1)
        resumed.extend([event] if event is not None else [])
        return event is not None

    await until(goes_on)
    assert resumed[0].data == {"from_tick": 0, "missing": []}
    assert spans(finished(recorder)) == [(0, 10)]


def test_the_end_does_not_wait_for_ever_for_a_stuck_disk(store: MemoryStore) -> None:
    store.let_go.clear()
    recorder = begun(store)
    give(recorder, 0, 10)
    kept: list[int] = []
    found = recorder.finish(lambda: kept.append(1), timeout_s=0.1)
    assert found == "its recording lacks ticks 0 to 9: the store took more than 0.1 s"
    assert kept
    store.let_go.set()


def test_where_nothing_is_recorded_nothing_happens(store: MemoryStore) -> None:
    recorder = Recorder(ORDER, None, log_bytes=1, open_store=lambda _: store)
    recorder.begin(SCHEMA, epoch="e", versions={}, workload_hash="w", listed=[])
    give(recorder, 0, 10)
    recorder.did(Deed(tick=0, by="user:ada", command="pause", args={}))
    assert recorder.state == "off"
    assert recorder.news(tick=1, t_s=0.1) is None
    assert finished(recorder) == []
    assert store.held == {}
