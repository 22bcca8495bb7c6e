"""From entries to items: each tick once and in order, or a gap that says which are missing."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.client.messages import CommandAnswer, Control, Event, Gap, Rewind, Schema, Status, Summary
from gridcast.client.sequel import Item, Sequel
from gridcast.client.ticks import Ticks
from tests.client.scripted import N_TICKS, SCHEMA, SUMMARY, control, numbered, reset, status, ticks, whole
from tests.goldens import golden


def read(*entries: dict[str, Any], sequel: Sequel | None = None) -> list[Item]:
    sequel = sequel or Sequel()
    return [item for entry in entries for item in sequel.take(entry)]


def tick_numbers(items: list[Item]) -> list[int]:
    return [int(tick) for item in items if isinstance(item, Ticks) for tick in item.tick]


def brief(items: list[Item]) -> list[object]:
    """Stretches of ticks and gaps as pairs, other items by their names; without controls and events."""
    told: list[object] = []
    for item in items:
        match item:
            case Ticks():
                told.append((item.first, item.last))
            case Gap():
                told.append(("gap", item.from_tick, item.to_tick, item.reason))
            case Status():
                told.append(item.status)
            case Control() | Event():
                pass
            case _:
                told.append(type(item).__name__)
    return told


def test_each_entry_is_what_its_type_says() -> None:
    items = read(golden("schema"), golden("command"), golden("status"), golden("summary"))
    assert [type(item) for item in items] == [Schema, CommandAnswer, Status, Summary]
    schema, answer, last, summary = items
    assert isinstance(schema, Schema)
    assert schema.datacenters[0].models[0].feasible_batch_sizes[-1] == 512
    assert schema.controllers == {"ofo": False}
    assert isinstance(answer, CommandAnswer)
    assert (answer.status, answer.tick, answer.error) == (
        "rejected",
        10,
        "ticks is 0; allowed are whole numbers from 1 to 100000",
    )
    assert isinstance(last, Status)
    assert last.over
    assert isinstance(summary, Summary)
    assert summary.metrics["worst_vmin"] == 0.95588


def test_what_touched_the_simulation_and_what_happened_follow_their_ticks_by_tick() -> None:
    items = read(SCHEMA, ticks(0, 1))
    assert [type(item) for item in items] == [Schema, Ticks, Control, Event, Control, Event]
    assert [item.tick for item in items[2:] if isinstance(item, Control | Event)] == [0, 0, 1, 1]


def test_a_whole_log_is_whole() -> None:
    items = read(*whole())
    assert tick_numbers(items) == list(range(N_TICKS))
    assert brief(items) == [
        "queued", "Schema", "running", (0, 2), (3, 7), (8, 11), "Summary", "completed",
    ]  # fmt: skip


def test_entries_of_unknown_kinds_say_nothing() -> None:
    assert read({"type": "weather", "offset": 1}) == []


@pytest.mark.parametrize("reason", ["trimmed", "slow"])
def test_ticks_that_were_trimmed_are_a_gap(reason: str) -> None:
    items = read(SCHEMA, ticks(0, 2), reset(9, reason), ticks(5, 7))
    assert brief(items) == ["Schema", (0, 2), ("gap", 3, 4, reason), (5, 7)]


def test_what_follows_a_reset_comes_after_the_gap_that_it_ends() -> None:
    paused = read(SCHEMA, ticks(0, 2), reset(9), status("paused", 8), ticks(8, 9))
    assert brief(paused) == ["Schema", (0, 2), ("gap", 3, 7, "trimmed"), "paused", (8, 9)]
    ended = read(SCHEMA, ticks(0, 2), reset(9), SUMMARY, status("completed", N_TICKS))
    assert brief(ended) == ["Schema", (0, 2), ("gap", 3, 11, "trimmed"), "Summary", "completed"]
    begun_late = read(reset(9), status("paused", 8), sequel=Sequel(schema=None))
    assert brief(begun_late) == [("gap", 0, 7, "trimmed"), "paused"]


def test_an_answer_just_before_its_ticks_is_no_gap() -> None:
    answer = {**golden("command"), "tick": 5}
    assert brief(read(SCHEMA, ticks(0, 2), answer, ticks(3, 7))) == [
        "Schema", (0, 2), "CommandAnswer", (3, 7),
    ]  # fmt: skip


@pytest.mark.parametrize(("reason", "epoch"), [("ahead", "e1"), ("epoch", "e2")])
def test_what_a_broker_lost_and_the_service_computed_again_is_not_told_twice(reason: str, epoch: str) -> None:
    again = numbered(
        status("queued", 0), SCHEMA, status("running", 0), ticks(0, 3), {**golden("command"), "tick": 4}
    )
    items = read(
        *whole()[:5],  # up to tick 7
        reset(1, reason, epoch),
        *again,
        status("recovering", 4),
        ticks(4, 9),
        ticks(10, 11),
        SUMMARY,
        status("completed", N_TICKS),
    )
    assert tick_numbers(items) == list(range(N_TICKS))
    assert brief(items)[3:] == [(0, 2), (3, 7), (8, 9), (10, 11), "Summary", "completed"]
    told = [item.tick for item in items if isinstance(item, Event)]
    assert told == list(range(N_TICKS))


def steered(first: int, last: int, *deeds: tuple[int, str]) -> dict[str, Any]:
    """A `ticks` entry in which people's commands took effect."""
    told = [{**control(tick), "by": "user:ada", "command_id": ident} for tick, ident in deeds]
    entry = ticks(first, last)
    return {**entry, "controls": [*entry["controls"], *told]}


@pytest.mark.parametrize("reason", ["ahead", "epoch"])
def test_ticks_computed_again_without_a_command_that_was_lost_come_again(reason: str) -> None:
    items = read(
        SCHEMA,
        steered(0, 2, (1, "kept")),
        steered(3, 5, (4, "lost")),
        ticks(6, 7),
        reset(1, reason),
        SCHEMA,
        steered(0, 3, (1, "kept")),
        ticks(4, 5),
        ticks(6, 9),
    )
    assert brief(items) == ["Schema", (0, 2), (3, 5), (6, 7), "Rewind", (4, 5), (6, 9)]
    assert [item.tick for item in items if isinstance(item, Rewind)] == [4]


def test_a_command_that_came_instead_of_a_lost_one_is_a_rewind_too() -> None:
    items = read(SCHEMA, ticks(0, 5), reset(1, "ahead"), steered(0, 7, (3, "sooner")))
    assert brief(items) == ["Schema", (0, 5), "Rewind", (3, 7)]


def test_what_was_read_from_elsewhere_is_not_compared() -> None:
    late = read(SCHEMA, ticks(0, 1), reset(5), ticks(4, 5), reset(1, "epoch"), steered(0, 7, (2, "unseen")))
    assert brief(late) == ["Schema", (0, 1), ("gap", 2, 3, "trimmed"), (4, 5), (6, 7)]
    begun_late = Sequel(5)
    begun_late.take(SCHEMA)
    again = read(ticks(5, 6), reset(1, "ahead"), steered(0, 7, (2, "unseen")), sequel=begun_late)
    assert brief(again) == [(5, 6), (7, 7)]


def test_after_a_rewind_the_new_ticks_are_what_is_compared() -> None:
    items = read(
        SCHEMA, steered(0, 5, (3, "lost")), reset(1, "ahead"), ticks(0, 5), reset(1, "ahead"), ticks(0, 7)
    )
    assert brief(items) == ["Schema", (0, 5), "Rewind", (3, 5), (6, 7)]


def test_a_run_that_fails_while_it_is_computed_again_says_so() -> None:
    items = read(*whole()[:5], reset(1, "ahead"), status("failed", 2))
    assert brief(items)[-1] == "failed"


def test_a_stream_that_begins_in_the_middle_begins_with_its_tick() -> None:
    schema = Sequel()
    schema.take(SCHEMA)
    items = read(ticks(3, 7), sequel=Sequel(5, schema.schema))
    assert tick_numbers(items) == [5, 6, 7]
    assert {item.tick for item in items if isinstance(item, Event)} == {5, 6, 7}


def test_ticks_without_a_schema_are_a_mistake() -> None:
    with pytest.raises(LookupError, match="schema"):
        read(ticks(0, 2))
