"""Measured figures of language models on GPUs: power, latency and throughput by batch size (see data/README.md).

Figures only: whoever simulates makes traces and distributions of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType

from .feeders import Row, rows

_SPREAD = {"dense": (6.0, 0.5), "moe": (4.0, 0.7)}
"""(standard deviation in %, correlation at 0.1 s) of power where no trace was published: typical of those that were."""


@dataclass(frozen=True, kw_only=True)
class ItlMixture:
    """Distribution of the inter-token latency: `loc_s` plus one of two lognormals (medians in s, log-widths)."""

    loc_s: float
    pi_steady: float
    sigma_steady: float
    scale_steady_s: float
    pi_stall: float
    sigma_stall: float
    scale_stall_s: float


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """One replica at one batch size: its GPU power about the mean, its latency and throughput.

    `power_rho` is the correlation of power samples 0.1 s apart (never negative). `source` names the measurement.
    """

    batch_size: int
    mean_power_w: float
    power_std_pct: float
    power_rho: float
    mean_itl_s: float
    output_tokens_per_s: float
    itl: ItlMixture
    source: str


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """y = b0 + span / (1 + exp(-k (log2(batch size) - x0)))."""

    span: float
    x0: float
    k: float
    b0: float


@dataclass(frozen=True, kw_only=True)
class LogisticFits:
    """Published fits over the batch size: power in W, latency in s, throughput in tokens/s."""

    power: Logistic
    latency: Logistic
    throughput: Logistic


@dataclass(frozen=True, kw_only=True)
class ModelFigures:
    """Everything measured about one model on one kind of GPU; `points` by ascending batch size."""

    label: str
    model_id: str
    gpu_model: str
    gpus_per_replica: int
    task: str
    precision: str
    tensor_parallel: int
    expert_parallel: int
    architecture: str
    itl_deadline_s: float
    feasible_batch_sizes: tuple[int, ...]
    points: Mapping[int, OperatingPoint]
    logistic: LogisticFits | None

    @cached_property
    def batch_sizes(self) -> tuple[int, ...]:
        """The batch sizes with measured data, ascending."""
        return tuple(self.points)


def labels() -> tuple[str, ...]:
    """All labels; the five models of OpenG2G's experiments come first."""
    return tuple(catalogue())


def figures(label: str) -> ModelFigures:
    """The figures of this label; KeyError for an unknown one."""
    return catalogue()[label]


@cache
def catalogue() -> Mapping[str, ModelFigures]:
    """Label -> figures."""
    folder = files(__package__) / "data" / "llm"
    points: dict[str, dict[int, OperatingPoint]] = {}
    models = {row["label"]: row for row in rows(folder / "models.csv")}
    for row in rows(folder / "operating_points.csv"):
        point = _point(row, models[row["label"]]["architecture"])
        points.setdefault(row["label"], {})[point.batch_size] = point
    fits: dict[str, dict[str, Logistic]] = {}
    for row in rows(folder / "logistic_fits.csv"):
        fit = Logistic(span=float(row["L"]), x0=float(row["x0"]), k=float(row["k"]), b0=float(row["b0"]))
        fits.setdefault(row["label"], {})[row["metric"]] = fit
    return MappingProxyType(
        {label: _model(row, points[label], fits.get(label)) for label, row in models.items()}
    )


def _point(row: Row, architecture: str) -> OperatingPoint:
    typical_std_pct, typical_rho = _SPREAD[architecture]
    std_pct, rho = row["power_std_pct"], row["power_autocorr_0p1s"]
    return OperatingPoint(
        batch_size=int(row["batch_size"]),
        mean_power_w=float(row["mean_power_w"]),
        power_std_pct=float(std_pct) if std_pct else typical_std_pct,
        power_rho=max(0.0, float(rho)) if rho else typical_rho,
        mean_itl_s=float(row["mean_itl_ms"]) / 1e3,
        output_tokens_per_s=float(row["output_tokens_per_s"]),
        itl=ItlMixture(
            loc_s=float(row["loc_s"]),
            pi_steady=float(row["pi_steady"]),
            sigma_steady=float(row["sigma_steady"]),
            scale_steady_s=float(row["scale_steady_s"]),
            pi_stall=float(row["pi_stall"]),
            sigma_stall=float(row["sigma_stall"]),
            scale_stall_s=float(row["scale_stall_s"]),
        ),
        source=row["source"],
    )


def _model(
    row: Row, points: Mapping[int, OperatingPoint], fits: Mapping[str, Logistic] | None
) -> ModelFigures:
    ordered = MappingProxyType(dict(sorted(points.items())))
    return ModelFigures(
        label=row["label"],
        model_id=row["model_id"],
        gpu_model=row["gpu_model"],
        gpus_per_replica=int(row["gpus_per_replica"]),
        task=row["task"],
        precision=row["precision"],
        tensor_parallel=int(row["tensor_parallel"]),
        expert_parallel=int(row["expert_parallel"]),
        architecture=row["architecture"],
        itl_deadline_s=float(row["itl_deadline_s"]),
        feasible_batch_sizes=tuple(map(int, row["feasible_batch_sizes"].split())) or tuple(ordered),
        points=ordered,
        logistic=LogisticFits(**fits) if fits else None,
    )
