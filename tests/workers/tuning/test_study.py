"""What Optuna is asked and told: every sampler, parallel asking, taking over, and what cannot be scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from optuna.storages.journal import JournalFileBackend

from gridcast.scenarios.tuning import TaskSpec
from gridcast.workers.tuning.study import Study
from tests.workers.tuning.specs import SPACE, STEP, task_spec

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture
def storage(tmp_path: Path) -> JournalFileBackend:
    return JournalFileBackend(str(tmp_path / "study.log"))


def study(spec: TaskSpec, storage: JournalFileBackend) -> Study:
    return Study(spec, name="t1", storage=storage)


@pytest.mark.parametrize(
    "given",
    [
        {"sampler": "tpe"},
        {"sampler": "random"},
        {"sampler": "cmaes"},
        {
            "sampler": "nsga2",
            "objectives": [{"metric": "integral_violation_pu_s"}, {"metric": "mean_throughput_tps"}],
        },
        {"sampler": "tpe", "constraints": [{"metric": "worst_vmin", "min": 0.95}]},
    ],
    ids=lambda given: "-".join(map(str, [given["sampler"], *given])),
)
def test_every_sampler_asks_within_the_space(given: dict[str, Any], storage: JournalFileBackend) -> None:
    spec = task_spec(**given)
    searched = study(spec, storage)
    for _ in range(15):
        asked = searched.ask()
        value = asked.params[STEP]
        assert isinstance(value, float)
        assert 0.05 <= value <= 5.0
        scores = [abs(value - 1.0), value] if spec.multi_objective else [abs(value - 1.0)]
        searched.tell(asked.number, scores=scores, broken=[0.0] * len(spec.constraints))
    assert searched.running() == []


def test_the_grid_is_tried_point_by_point(storage: JournalFileBackend) -> None:
    space = {
        STEP: {"type": "float", "low": 0.5, "high": 1.5, "step": 0.5},
        "datacenters.0.bus": {"type": "categorical", "choices": ["671", "680"]},
    }
    spec = task_spec(sampler="grid", space=space)
    searched = study(spec, storage)
    points = [tuple(searched.ask().params.values()) for _ in range(spec.total)]
    assert points == [(x, bus) for x in (0.5, 1.0, 1.5) for bus in ("671", "680")]


def test_choices_that_are_no_plain_values_come_back_as_they_were_given(storage: JournalFileBackend) -> None:
    schedules = [[], [{"t_s": 5, "taps": {"creg1a": 1.05}}]]
    space = {"controllers.0.schedule": {"type": "categorical", "choices": schedules}}
    searched = study(task_spec(scenario="ieee13-taps", space=space, sampler="grid"), storage)
    assert [searched.ask().params["controllers.0.schedule"] for _ in schedules] == schedules


def test_who_takes_over_finds_what_was_asked_and_asks_something_new(storage: JournalFileBackend) -> None:
    spec = task_spec(sampler="random")
    first = study(spec, storage)
    asked = [first.ask() for _ in range(3)]
    first.tell(asked[0].number, scores=[1.0], broken=[])
    second = study(spec, storage)
    assert second.running() == asked[1:]
    assert second.ask().params not in [one.params for one in asked]


def test_what_is_told_twice_is_told_once(storage: JournalFileBackend) -> None:
    searched = study(task_spec(), storage)
    asked = searched.ask()
    searched.tell(asked.number, scores=[1.0], broken=[])
    searched.tell(asked.number, scores=[2.0], broken=[])
    searched.tell_failed(asked.number)
    assert searched.told(asked.number)


def test_experiments_that_fail_do_not_stop_the_search(storage: JournalFileBackend) -> None:
    searched = study(task_spec(), storage)
    for _ in range(12):
        searched.tell_failed(searched.ask().number)
    assert 0.05 <= float(str(searched.ask().params[STEP])) <= 5.0
    assert searched.importances() == {}


def test_the_median_pruner_gives_up_what_does_worse_than_most(storage: JournalFileBackend) -> None:
    searched = study(task_spec(pruner="median", phases=[{"seed": 0}, {"seed": 1}]), storage)
    for _ in range(6):
        number = searched.ask().number
        assert not searched.prune(number, phase=1, score=1.0)
        searched.tell(number, scores=[1.0], broken=[])
    assert searched.prune(searched.ask().number, phase=1, score=100.0)


def test_of_two_objectives_the_front_is_what_nothing_beats(storage: JournalFileBackend) -> None:
    spec = task_spec(
        sampler="nsga2",
        objectives=[{"metric": "integral_violation_pu_s"}, {"metric": "violation_time_s"}],
    )
    searched = study(spec, storage)
    for scores in ([1.0, 3.0], [3.0, 1.0], [4.0, 4.0]):
        searched.tell(searched.ask().number, scores=scores, broken=[])
    assert sorted(searched.front()) == [0, 1]


def test_a_bounded_space_is_kept(storage: JournalFileBackend) -> None:
    assert set(study(task_spec(), storage).ask().params) == set(SPACE)


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_a_trial_that_was_only_half_written_is_given_up_and_its_point_tried_again(
    sampler: str, storage: JournalFileBackend
) -> None:
    space = {STEP: {"type": "float", "low": 0.5, "high": 2.0, "step": 0.5}}
    spec = task_spec(sampler=sampler, space=space)
    first = study(spec, storage)
    points = [first.ask().params]
    if sampler == "grid":
        first._study.enqueue_trial({STEP: 1.0})
    first._study.ask()  # its writer dies before the parameters are there
    second = study(spec, storage)
    assert [asked.number for asked in second.running()] == [0]
    points += [second.ask().params for _ in range(3)]
    if sampler == "grid":
        assert [point[STEP] for point in points] == [0.5, 1.0, 1.5, 2.0]


def test_equal_scores_tell_nothing_about_what_matters(storage: JournalFileBackend) -> None:
    searched = study(task_spec(), storage)
    for _ in range(6):
        searched.tell(searched.ask().number, scores=[0.0], broken=[])
    assert searched.importances() == {}
