"""What is known of a session from its entries."""

from __future__ import annotations

from gridcast.cli.bar import figures
from gridcast.cli.sessions import Course
from gridcast.cli.terminal import hms
from tests.cli.fake_service import entries


def test_folds_progress_voltages_summary_and_status() -> None:
    course = Course(session={"id": "abc"})
    for entry in entries():
        course.take(entry)
    assert (course.ticks, course.n_ticks, course.tick_s) == (4, 4, 0.1)
    assert (course.lowest, course.highest) == ((0.94, "671.a"), (1.02, "671.b"))
    assert course.status == "completed"
    assert course.summary is not None
    assert figures(course) == "0.9700 .. 1.0100 pu now, 0.9400 at 671.a .. 1.0200 at 671.b so far"


def test_rows_without_voltages_change_nothing() -> None:
    course = Course(session={})
    course.take({"type": "ticks", "first": 0, "t_s": [0.0, 0.1], "v": [None, [None, None]]})
    assert (course.ticks, course.lowest, course.highest) == (2, None, None)
    assert figures(course) == ""


def test_a_reset_is_counted_as_a_gap() -> None:
    course = Course(session={})
    course.take({"type": "reset", "earliest_offset": 9, "reason": "trimmed"})
    assert course.gaps == 1


def test_simulated_time_is_written_as_hours_minutes_seconds() -> None:
    assert [hms(0), hms(59.6), hms(3600), hms(86399)] == ["0:00:00", "0:01:00", "1:00:00", "23:59:59"]
