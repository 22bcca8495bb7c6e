"""What the language models draw and how fast they answer: power traces, latency distributions, fits over batch size.

Two sources, never mixed within one run:

measured-figures  our tables of published measurements. Traces are made from them: first-order autoregressive noise
                  about the mean power, deterministic by "label|batch". Every known model has them.
ml-energy-traces  an OpenG2G spec cache with the measured traces themselves. Used when it holds every model and every
                  feasible batch size of the scenario. What it lacks is downloaded into it when `HF_TOKEN` is set
                  (the data set is gated) and is an error if that fails; without a token the whole run falls back to
                  measured figures.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from mlenergy.data.modeling import ITLMixtureModel, LogisticModel
from numpy.typing import NDArray
from openg2g.controller.ofo import LogisticModelStore
from openg2g.datacenter.config import InferenceModelSpec
from openg2g.datacenter.workloads.inference import (
    InferenceData,
    InferenceTemplateStore,
    InferenceTrace,
    InferenceTraceStore,
    ITLFitStore,
)

from gridcast.scenarios import workloads
from gridcast.scenarios.datacenters import ModelDeployment

from .errors import WorkloadUnavailable

WorkloadName = Literal["measured-figures", "ml-energy-traces"]

TRACE_S = 600
"""Length of a power trace; all servers of a model read the same one, at random offsets, over and over."""

SAMPLES_PER_S = 10


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The data of one datacenter's models (the same arrays for all datacenters of a process)."""

    name: WorkloadName
    specs: tuple[InferenceModelSpec, ...]
    inference: InferenceData
    logistic: LogisticModelStore


def workload_name(models: Sequence[ModelDeployment], specs_dir: Path | None) -> WorkloadName:
    """The source for a run that serves all these models; fills the spec cache first where that is possible.

    Raises WorkloadUnavailable when a download was possible and failed.
    """
    if specs_dir is None:
        return "measured-figures"
    specs = {model.label: model_spec(model) for model in models}
    lacking = tuple(spec for spec in specs.values() if not _complete(spec, specs_dir))
    if lacking and not os.environ.get("HF_TOKEN"):
        return "measured-figures"
    if lacking:
        _download(lacking, specs_dir)
    for model in models:
        missing = set(model.feasible_batch_sizes) - set(_traces(model_spec(model), specs_dir))
        if missing:
            return "measured-figures"
    return "ml-energy-traces"


def load_workload(
    name: WorkloadName, models: Sequence[ModelDeployment], *, dt_s: Fraction, specs_dir: Path | None
) -> Workload:
    """The data of these models for a datacenter that steps every `dt_s` seconds."""
    specs = tuple(map(model_spec, models))
    labels = tuple(spec.model_label for spec in specs)
    if name == "measured-figures":
        templates: InferenceTemplateStore = MeasuredTemplates(dt_s)
        itl = ITLFitStore({label: mixtures(label) for label in labels})
        logistic = _measured_fits(labels)
    elif specs_dir is None:
        raise ValueError("ml-energy-traces need a specs folder")
    else:
        templates = TraceTemplates(specs, specs_dir, dt_s)
        itl = ITLFitStore.load(specs_dir, specs)
        logistic = LogisticModelStore.load(specs_dir, specs)
    inference = InferenceData(specs, power_templates=templates, itl_fits=itl)
    return Workload(name=name, specs=specs, inference=inference, logistic=logistic)


def model_spec(model: ModelDeployment) -> InferenceModelSpec:
    """OpenG2G's description of a model; its `cache_hash` names the folder in a spec cache."""
    figures = workloads.figures(model.label)
    return InferenceModelSpec(
        model_label=figures.label,
        model_id=figures.model_id,
        gpu_model=figures.gpu_model,
        task=figures.task,
        precision=figures.precision,
        gpus_per_replica=figures.gpus_per_replica,
        tensor_parallel=figures.tensor_parallel,
        expert_parallel=figures.expert_parallel,
        itl_deadline_s=model.itl_deadline_s,
        batch_sizes=figures.batch_sizes,
        feasible_batch_sizes=model.feasible_batch_sizes,
    )


class MeasuredTemplates(InferenceTemplateStore):  # type: ignore[misc]  # OpenG2G has no type information
    """Power templates made from the measured figures when they are first asked for."""

    def __init__(self, dt_s: Fraction) -> None:
        super().__init__({}, {})
        self._dt_s = dt_s

    def template(self, model_label: str, batch_size: int) -> NDArray[np.float64]:
        """Power of one GPU in W at each step of the datacenter, over `TRACE_S` seconds."""
        try:
            return _measured_template(model_label, int(batch_size), self._dt_s)
        except KeyError:
            raise KeyError(f"no measured data for {model_label} at batch size {batch_size}") from None

    def batch_sizes(self, model_label: str) -> list[int]:
        """The batch sizes with measured data, ascending."""
        return list(workloads.figures(model_label).batch_sizes)


class TraceTemplates(InferenceTemplateStore):  # type: ignore[misc]  # OpenG2G has no type information
    """Power templates of a spec cache, made when they are first asked for."""

    def __init__(self, specs: Sequence[InferenceModelSpec], specs_dir: Path, dt_s: Fraction) -> None:
        super().__init__({}, {})
        self._specs = {spec.model_label: spec for spec in specs}
        self._specs_dir = specs_dir
        self._dt_s = dt_s

    def template(self, model_label: str, batch_size: int) -> NDArray[np.float64]:
        """Power of one GPU in W at each step of the datacenter, over `TRACE_S` seconds."""
        try:
            return _trace_template(self._specs[model_label], int(batch_size), self._specs_dir, self._dt_s)
        except KeyError:
            raise KeyError(f"no trace of {model_label} at batch size {batch_size}") from None

    def batch_sizes(self, model_label: str) -> list[int]:
        """The batch sizes with a trace, ascending."""
        return sorted(_traces(self._specs[model_label], self._specs_dir))


def synthetic_trace(label: str, batch_size: int) -> NDArray[np.float64]:
    """Power of one replica in W, `SAMPLES_PER_S` samples a second over `TRACE_S` seconds, both ends included."""
    point = workloads.figures(label).points[batch_size]
    seed = int.from_bytes(sha256(f"{label}|{batch_size}".encode()).digest()[:8], "big")
    normal = np.random.default_rng(seed).standard_normal(TRACE_S * SAMPLES_PER_S + 1).tolist()
    rho = point.power_rho
    innovation = (1.0 - rho * rho) ** 0.5
    z = normal[0]
    series = [z]
    for sample in normal[1:]:
        z = rho * z + innovation * sample
        series.append(z)
    noise = np.asarray(series)
    noise = (noise - noise.mean()) / noise.std()
    power_w: NDArray[np.float64] = np.clip(
        point.mean_power_w * (1.0 + point.power_std_pct / 100.0 * noise), 0.0, None
    )
    return power_w


@cache
def mixtures(label: str) -> dict[int, ITLMixtureModel]:
    """Batch size -> distribution of the inter-token latency, from the measured figures."""
    return {
        size: ITLMixtureModel(
            loc=point.itl.loc_s,
            pi_steady=point.itl.pi_steady,
            sigma_steady=point.itl.sigma_steady,
            scale_steady=point.itl.scale_steady_s,
            pi_stall=point.itl.pi_stall,
            sigma_stall=point.itl.sigma_stall,
            scale_stall=point.itl.scale_stall_s,
        )
        for size, point in workloads.figures(label).points.items()
    }


@cache
def logistic_fits(label: str) -> tuple[LogisticModel, LogisticModel, LogisticModel]:
    """Fits of power (W), latency (s) and throughput (tokens/s): the published ones, or else OpenG2G's fit to ours."""
    figures = workloads.figures(label)
    if (fits := figures.logistic) is not None:
        power, latency, throughput = (
            LogisticModel(L=fit.span, x0=fit.x0, k=fit.k, b0=fit.b0)
            for fit in (fits.power, fits.latency, fits.throughput)
        )
        return power, latency, throughput
    points = list(figures.points.values())
    x = np.log2([point.batch_size for point in points])
    return (
        LogisticModel.fit(x, np.asarray([point.mean_power_w for point in points])),
        LogisticModel.fit(x, np.asarray([point.mean_itl_s for point in points])),
        LogisticModel.fit(x, np.asarray([point.output_tokens_per_s for point in points])),
    )


@lru_cache(maxsize=512)
def _measured_template(label: str, batch_size: int, dt_s: Fraction) -> NDArray[np.float64]:
    trace = InferenceTrace(
        t_s=np.arange(TRACE_S * SAMPLES_PER_S + 1) / SAMPLES_PER_S,
        power_w=synthetic_trace(label, batch_size),
        measured_gpus=workloads.figures(label).gpus_per_replica,
    )
    return _template(label, batch_size, trace, dt_s)


@lru_cache(maxsize=512)
def _trace_template(
    spec: InferenceModelSpec, batch_size: int, specs_dir: Path, dt_s: Fraction
) -> NDArray[np.float64]:
    return _template(spec.model_label, batch_size, _traces(spec, specs_dir)[batch_size], dt_s)


def _template(label: str, batch_size: int, trace: InferenceTrace, dt_s: Fraction) -> NDArray[np.float64]:
    store = InferenceTraceStore({label: {batch_size: trace}}).build_templates(
        duration_s=float(TRACE_S), dt_s=dt_s
    )
    template: NDArray[np.float64] = store.template(label, batch_size)
    template.flags.writeable = False  # shared by all that step with this period
    return template


def _measured_fits(labels: Sequence[str]) -> LogisticModelStore:
    fits = {label: logistic_fits(label) for label in labels}
    power, latency, throughput = ({label: fit[i] for label, fit in fits.items()} for i in range(3))
    return LogisticModelStore(power=power, latency=latency, throughput=throughput)


@lru_cache(maxsize=64)
def _traces(spec: InferenceModelSpec, specs_dir: Path) -> dict[int, InferenceTrace]:
    store = InferenceTraceStore.load(specs_dir, (spec,))
    traces: dict[int, InferenceTrace] = store._traces[spec.model_label]
    return traces


def _complete(spec: InferenceModelSpec, specs_dir: Path) -> bool:
    """OpenG2G writes the manifest last."""
    folder = specs_dir / spec.cache_hash()
    return all(
        (folder / file).is_file()
        for file in ("_manifest.json", "trace.csv", "itl_fit.json", "logistic_fit.json")
    )


def _download(specs: tuple[InferenceModelSpec, ...], specs_dir: Path) -> None:
    try:
        InferenceData.ensure(specs_dir, specs)
        LogisticModelStore.ensure(specs_dir, specs)
    except Exception as error:  # whatever it raises, the person who set the token is told
        labels = ", ".join(spec.model_label for spec in specs)
        raise WorkloadUnavailable(
            f"the traces of {labels} are not in {specs_dir} and could not be downloaded ({error}). "
            "Check HF_TOKEN and access to the ML.ENERGY data set, or unset it to run on measured figures"
        ) from error
