"""Which experiment is best, and when a task has done enough."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.broadcaster.names import BASELINE
from gridcast.broadcaster.simulations import Result
from gridcast.scenarios.tuning import TaskSpec
from gridcast.workers.tuning.experiment import Experiment
from gridcast.workers.tuning.standing import Standing
from tests.workers.tuning.specs import task_spec


def done(number: int, *phases: dict[str, Any]) -> Experiment:
    """An experiment whose phases gave these metrics."""
    experiment = Experiment(
        id=f"t1-{number}", number=number, params={}, keys=[str(n) for n in range(len(phases))]
    )
    for n, metrics in enumerate(phases):
        experiment.take(n, Result(metrics=metrics, simulated_s=20.0))
    return experiment


def standing(spec: TaskSpec, *experiments: Experiment) -> Standing:
    found = Standing(spec)
    for experiment in experiments:
        found.count(found.judge(experiment, pruned=False))
    return found


def violation(value: float, **others: float) -> dict[str, float]:
    return {"integral_violation_pu_s": value, **others}


def test_the_score_is_the_mean_over_the_phases() -> None:
    record = Standing(task_spec()).judge(done(0, violation(1.0), violation(3.0)), pruned=False)
    assert record["score"] == 2.0


def test_a_metric_that_shall_grow_makes_the_largest_the_best() -> None:
    spec = task_spec(objectives=[{"metric": "worst_vmin"}])
    found = standing(spec, *(done(n, {"worst_vmin": v}) for n, v in enumerate([0.93, 0.96, 0.94])))
    assert found.best is not None
    assert found.best["number"] == 1


def test_what_keeps_all_constraints_beats_what_breaks_one_however_good_its_score() -> None:
    spec = task_spec(constraints=[{"metric": "worst_vmin", "min": 0.95}])
    found = standing(spec, done(0, violation(1.0, worst_vmin=0.90)), done(1, violation(9.0, worst_vmin=0.95)))
    assert found.best is not None
    assert found.best["number"] == 1


def test_a_constraint_must_hold_in_every_phase() -> None:
    spec = task_spec(constraints=[{"metric": "worst_vmin", "min": 0.95}], phases=[{"seed": 0}, {"seed": 1}])
    one = done(0, violation(1.0, worst_vmin=0.99), violation(1.0, worst_vmin=0.94))
    assert one.broken(spec) == [pytest.approx(0.01)]


def test_an_experiment_without_the_metric_fails_and_says_which() -> None:
    found = standing(task_spec(), done(0, {"worst_vmin": 0.9}))
    assert found.best is None
    assert found.last_error == "it has no integral_violation_pu_s, so it cannot be scored"


def test_a_simulation_that_diverges_fails_its_experiment_with_the_reason() -> None:
    experiment = Experiment(id="t1-0", number=0, params={}, keys=["k"])
    experiment.take(0, Result(reason="the power flow failed at tick 3", kind="diverged"))
    record = Standing(task_spec()).judge(experiment, pruned=False)
    assert (record["status"], record["error"]) == ("failed", "the power flow failed at tick 3")


def test_the_baseline_is_compared_with_and_never_best() -> None:
    found = standing(task_spec(), done(BASELINE, violation(0.0)), done(0, violation(5.0)))
    assert found.baseline is not None
    assert found.best is not None
    assert found.best["number"] == 0
    assert found.progress(10)["done"] == 1


@pytest.mark.parametrize(
    ("stop", "scores", "stops"),
    [
        ({"target": 2.0}, [3.0], False),
        ({"target": 2.0}, [3.0, 2.0], True),
        ({"patience": 2}, [1.0, 2.0], False),
        ({"patience": 2}, [1.0, 2.0, 3.0], True),
        ({"max_s": 60}, [1.0], False),
        ({"max_s": 10}, [1.0], True),
        ({}, [0.0] * 20, False),
    ],
)
def test_stop_rules_stop_when_they_say(stop: dict[str, Any], scores: list[float], stops: bool) -> None:
    spec = task_spec(stop=stop)
    found = standing(spec, *(done(n, violation(score)) for n, score in enumerate(scores)))
    assert (found.stop_reason(elapsed_s=30.0) is not None) is stops


def test_the_same_records_give_the_same_standing() -> None:
    spec = task_spec()
    first = Standing(spec)
    records = []
    for n, score in enumerate([3.0, 1.0, 2.0]):
        record = first.judge(done(n, violation(score)), pruned=False)
        first.count(record)
        records.append(record)
    second = Standing(spec)
    for record in records:
        second.count(record)
    assert second.meta(5) == first.meta(5)
    assert [record["best"] for record in records] == [3.0, 1.0, 1.0]
