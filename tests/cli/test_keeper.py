"""When a program that died is started again."""

from __future__ import annotations

from itertools import pairwise

from gridcast.cli.keeper import LONGEST_WAIT_S, STEADY_S, TRIES_AT_START, RestartPolicy


def test_waits_longer_each_time_up_to_a_bound() -> None:
    policy = RestartPolicy()
    waits = [policy.after_death(0.1, proven=True) or 0.0 for _ in range(12)]
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[0] < 0.2
    assert waits[-1] == LONGEST_WAIT_S


def test_one_that_ran_well_is_started_at_once() -> None:
    policy = RestartPolicy()
    first = policy.after_death(0.1, proven=True)
    policy.after_death(0.1, proven=True)
    assert policy.after_death(STEADY_S, proven=True) == first


def test_gives_up_only_before_the_service_was_ever_ready() -> None:
    policy = RestartPolicy()
    answers = [policy.after_death(0.1, proven=False) for _ in range(TRIES_AT_START)]
    assert None not in answers[:-1]
    assert answers[-1] is None
    assert policy.after_death(0.1, proven=True) is not None
