"""What a task tells on disk is telemetry: whole where it can be, and never in the way."""

from __future__ import annotations

from pathlib import Path

import orjson

from gridcast.recordings.feeds import Feeds
from gridcast.workers.tuning.feed import Feed

RECORD = {
    "iter": 1,
    "score": 2.0,
    "best": 2.0,
    "experiment_id": "t1-0",
    "params": {},
    "ts": 3.0,
    "error": None,
}


async def test_it_holds_a_line_for_each_record(tmp_path: Path) -> None:
    feed = Feed(Feeds(tmp_path), "t1")
    await feed.begin([RECORD])
    await feed.append({**RECORD, "iter": 2})
    lines = (tmp_path / "tasks" / "t1" / "progress.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["iter"] for line in lines] == [1, 2]
    assert "error" not in orjson.loads(lines[0])


async def test_who_takes_over_makes_it_whole_again(tmp_path: Path) -> None:
    feeds = Feeds(tmp_path)
    feeds.append("t1", b'{"iter": 1, "half a li')
    await Feed(feeds, "t1").begin([RECORD, {**RECORD, "iter": 2}])
    found = feeds.read("t1")
    assert found is not None
    assert len(found.splitlines()) == 2


async def test_what_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "tasks").write_text("a file where the folder should be")
    feed = Feed(Feeds(tmp_path), "t1")
    await feed.begin([RECORD])
    await feed.append(RECORD)
    await feed.delete()


async def test_where_nothing_is_recorded_nothing_is_written(tmp_path: Path) -> None:
    await Feed(None, "t1").append(RECORD)
