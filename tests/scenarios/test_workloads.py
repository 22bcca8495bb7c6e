"""The measured figures are complete for every model that is offered."""

from __future__ import annotations

from math import exp, log2

import pytest

from gridcast.scenarios import workloads
from gridcast.scenarios.workloads import Logistic

FIVE = ("Llama-3.1-8B", "Llama-3.1-70B", "Llama-3.1-405B", "Qwen3-30B-A3B", "Qwen3-235B-A22B")


def test_the_five_models_of_the_experiments_come_first() -> None:
    assert workloads.labels()[:5] == FIVE
    assert len(workloads.labels()) == 114


@pytest.mark.parametrize(
    ("label", "gpus", "deadline_s", "largest"),
    [(FIVE[0], 1, 0.08, 1024), (FIVE[1], 4, 0.10, 2048), (FIVE[2], 8, 0.12, 512), (FIVE[3], 2, 0.06, 512)],
)
def test_the_five_have_the_documented_settings(
    label: str, gpus: int, deadline_s: float, largest: int
) -> None:
    model = workloads.figures(label)
    assert (model.gpus_per_replica, model.itl_deadline_s) == (gpus, deadline_s)
    assert model.feasible_batch_sizes == (8, 16, 32, 64, 128, 256, 512)
    assert model.batch_sizes[-1] == largest
    assert model.logistic is not None


@pytest.mark.parametrize("label", workloads.labels())
def test_every_model_can_be_simulated_at_each_of_its_batch_sizes(label: str) -> None:
    model = workloads.figures(label)
    assert list(model.batch_sizes) == sorted(set(model.batch_sizes))
    assert set(model.feasible_batch_sizes) <= set(model.batch_sizes)
    assert model.itl_deadline_s > 0
    for point in model.points.values():
        assert 50 < point.mean_power_w < 1500 * model.gpus_per_replica
        assert 0 < point.power_std_pct < 20
        assert 0 <= point.power_rho < 1
        assert 0 < point.mean_itl_s < 2
        assert point.output_tokens_per_s > 0
        itl = point.itl
        assert itl.pi_steady + itl.pi_stall == pytest.approx(1, abs=1e-5)
        assert itl.loc_s > 0
        assert min(itl.sigma_steady, itl.scale_steady_s, itl.sigma_stall, itl.scale_stall_s) > 0


def test_the_mean_of_the_latency_distribution_is_near_the_measured_mean() -> None:
    point = workloads.figures("Llama-3.1-70B").points[128]
    itl = point.itl
    mean_s = (
        itl.loc_s
        + itl.pi_steady * itl.scale_steady_s * exp(itl.sigma_steady**2 / 2)
        + itl.pi_stall * itl.scale_stall_s * exp(itl.sigma_stall**2 / 2)
    )
    assert mean_s == pytest.approx(point.mean_itl_s, rel=0.1)


def test_the_published_power_fit_is_near_the_measurements() -> None:
    def value(fit: Logistic, batch_size: int) -> float:
        return fit.b0 + fit.span / (1 + exp(-fit.k * (log2(batch_size) - fit.x0)))

    for label in FIVE:
        model = workloads.figures(label)
        assert model.logistic is not None
        for size in model.feasible_batch_sizes:
            assert value(model.logistic.power, size) == pytest.approx(
                model.points[size].mean_power_w, rel=0.1
            )


def test_models_without_published_traces_get_a_typical_spread_of_power() -> None:
    dense = workloads.figures("Qwen3-32B@B200x1-gpqa").points[8]
    mixture = workloads.figures("gpt-oss-20b@H100x1-gpqa").points[8]
    assert (dense.power_std_pct, dense.power_rho) == (6.0, 0.5)
    assert (mixture.power_std_pct, mixture.power_rho) == (4.0, 0.7)


def test_a_negative_correlation_counts_as_none() -> None:
    assert min(point.power_rho for point in workloads.figures("Llama-3.1-8B").points.values()) == 0.0


def test_an_unknown_label_has_no_figures() -> None:
    with pytest.raises(KeyError):
        workloads.figures("GPT-9")
