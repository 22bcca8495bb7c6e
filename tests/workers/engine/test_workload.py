"""Power traces and latency: synthesised from measured figures, or read from a spec cache, never mixed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from openg2g.datacenter.workloads.inference import InferenceData

from gridcast.scenarios import resolve, workloads
from gridcast.scenarios.datacenters import ModelDeployment
from gridcast.workers.engine.errors import WorkloadUnavailable
from gridcast.workers.engine.workload import (
    load_workload,
    logistic_fits,
    mixtures,
    model_spec,
    synthetic_trace,
    workload_name,
)

TENTH = Fraction(1, 10)


def deployments(scenario: str = "ieee13") -> tuple[ModelDeployment, ...]:
    return resolve(scenario).datacenters[0].models


@pytest.fixture
def spec_cache(tmp_path: Path) -> Path:
    """A spec cache with traces of 100 W per GPU for the models of ieee13."""
    for model in deployments():
        spec = model_spec(model)
        folder = tmp_path / spec.cache_hash()
        folder.mkdir()
        rows = [
            f"{size},{t / 10},{100.0 * spec.gpus_per_replica}" for size in spec.batch_sizes for t in range(20)
        ]
        (folder / "trace.csv").write_text("batch_size,relative_time_s,power_total_W\n" + "\n".join(rows))
        itl = {str(size): mixture.to_dict() for size, mixture in mixtures(model.label).items()}
        (folder / "itl_fit.json").write_text(json.dumps({"per_batch": itl}))
        fits = zip(("power", "latency", "throughput"), logistic_fits(model.label), strict=True)
        (folder / "logistic_fit.json").write_text(
            json.dumps({"model_label": model.label, **{metric: fit.to_dict() for metric, fit in fits}})
        )
        (folder / "_manifest.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(("label", "batch_size"), [("Llama-3.1-8B", 8), ("Qwen3-235B-A22B", 512)])
def test_a_synthetic_trace_has_the_measured_mean_and_spread(label: str, batch_size: int) -> None:
    point = workloads.figures(label).points[batch_size]
    trace = synthetic_trace(label, batch_size)
    assert len(trace) == 6001
    assert trace.mean() == pytest.approx(point.mean_power_w, rel=1e-9)
    assert 100 * trace.std() / trace.mean() == pytest.approx(point.power_std_pct, rel=1e-9)
    centred = trace - trace.mean()
    assert centred[1:] @ centred[:-1] / (centred @ centred) == pytest.approx(point.power_rho, abs=0.06)


def test_a_synthetic_trace_depends_on_its_label_and_batch_size_alone() -> None:
    assert np.array_equal(synthetic_trace("Llama-3.1-70B", 128), synthetic_trace("Llama-3.1-70B", 128))
    assert not np.array_equal(synthetic_trace("Llama-3.1-70B", 128), synthetic_trace("Llama-3.1-70B", 256))


def test_a_template_is_the_power_of_one_gpu() -> None:
    (model,) = (model for model in deployments() if model.label == "Llama-3.1-405B")
    workload = load_workload("measured-figures", [model], dt_s=TENTH, specs_dir=None)
    template = workload.inference.power_templates.template(model.label, 128)
    assert template[:-1] == pytest.approx(synthetic_trace(model.label, 128)[:-1] / 8)
    slower = load_workload("measured-figures", [model], dt_s=Fraction(1, 2), specs_dir=None)
    assert slower.inference.power_templates.template(model.label, 128) == pytest.approx(template[::5])


def test_every_known_model_has_fits_that_rise_with_the_batch_size() -> None:
    unpublished = [label for label in workloads.labels() if workloads.figures(label).logistic is None]
    for label in [*workloads.labels()[:5], unpublished[0]]:
        sizes = workloads.figures(label).batch_sizes
        for fit in logistic_fits(label):
            assert fit.eval(sizes[-1]) > fit.eval(sizes[0]) > 0


def test_without_a_spec_cache_a_run_uses_measured_figures() -> None:
    assert workload_name(deployments(), None) == "measured-figures"


def test_a_complete_spec_cache_is_used(spec_cache: Path) -> None:
    models = deployments()
    assert workload_name(models, spec_cache) == "ml-energy-traces"
    workload = load_workload("ml-energy-traces", models, dt_s=TENTH, specs_dir=spec_cache)
    assert set(workload.inference.power_templates.template("Llama-3.1-70B", 256)) == {100.0}


def test_a_cache_that_lacks_a_model_is_not_used_in_part(
    spec_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    (spec_cache / model_spec(deployments()[2]).cache_hash() / "_manifest.json").unlink()
    assert workload_name(deployments(), spec_cache) == "measured-figures"


def test_a_failed_download_is_told_with_what_to_do(spec_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise OSError("403 gated")

    monkeypatch.setenv("HF_TOKEN", "made-up")
    monkeypatch.setattr(InferenceData, "ensure", fail)
    (spec_cache / model_spec(deployments()[2]).cache_hash() / "trace.csv").unlink()
    with pytest.raises(WorkloadUnavailable, match=r"Llama-3\.1-405B .*403 gated.*HF_TOKEN"):
        workload_name(deployments(), spec_cache)
