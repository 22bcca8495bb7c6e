"""What `gridcast characterize` found: the scenario as it is, its P-V curve, its strongest parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from . import summary
from .quantities import TITLES, figure, heading, reasons

OPTIONS: Final = {
    "name": "SCENARIO",
    "params": "--set",
    "seed": "--seed",
    "duration_s": "--duration",
    "pv_points": "--points",
    "pv_max_scale": "--max-scale",
    "sensitivity": "--no-sensitivity",
    "step": "--step",
}
"""The option behind each field."""

CURVE: Final = (
    "mean_power_kw",
    "max_power_kw",
    "worst_vmin",
    "worst_vmax",
    "violation_time_s",
    "integral_violation_pu_s",
)
METRICS: Final = (
    "worst_vmin",
    "worst_vmax",
    "violation_time_s",
    "integral_violation_pu_s",
    "mean_throughput_tps",
    "integrated_throughput_tokens",
    "itl_deadline_fraction",
)
_FILE: Final = ("mean_power_kw", "max_power_kw", *METRICS)


def tables(result: Mapping[str, Any], console: Console) -> Iterator[RenderableType]:
    """As `found.Shown`."""
    default = result["default"]
    if default.get("metrics"):
        yield summary.tables({"metrics": default["metrics"]}, title=f"{result['scenario']} as it is")
    else:
        yield f"{result['scenario']} as it is: {default['status']}, {default.get('reason')}"
    yield _curve(result["pv_curve"])
    yield from reasons(
        (f"scale {point['scale']:.4g}", point["reason"])
        for point in result["pv_curve"]
        if point["status"] != "done"
    )
    yield limit(result)
    if result["sensitivity"]:
        yield _sensitivity(result)
        yield from reasons(
            (f"{one['parameter']}={_value(one[side]['value'])}", one[side]["reason"])
            for one in result["sensitivity"]
            for side in ("low", "high")
            if one[side]["status"] != "done"
        )


def limit(result: Mapping[str, Any]) -> str:
    """The hosting limit in one sentence."""
    found = result["hosting_limit"]
    if found is None:
        tried = max((point["scale"] for point in result["pv_curve"]), default=1)
        return f"Hosting limit: none up to {tried:g} x as it is."
    power = figure("mean_power_kw", found["mean_power_kw"])
    return f"Hosting limit: {power} kW ({found['scale']:.3g} x as it is), {found['limited_by']} beyond."


def _curve(points: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        Column("scale", justify="right"),
        *(Column(heading(name), justify="right") for name in CURVE),
        title="P-V curve: the datacenters' power, and what it does to the voltages",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for point in points:
        if point["status"] == "done":
            table.add_row(f"{point['scale']:.4g}", *(figure(name, point.get(name)) for name in CURVE))
        else:
            table.add_row(f"{point['scale']:.4g}", Text(point["status"], "red"))
    return table


def _sensitivity(result: Mapping[str, Any]) -> Table:
    metric = telling_metric(result)
    table = Table(
        Column("parameter", overflow="fold"),
        Column("lower", justify="right"),
        Column(TITLES[metric], justify="right"),
        Column("as it is", justify="right"),
        Column("higher", justify="right"),
        Column(TITLES[metric], justify="right"),
        title=f"Sensitivity: {heading(metric)}; {figure(metric, base_of(result, metric))} as it is",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for one in by_spread(result, metric):
        low, high = one["low"], one["high"]
        table.add_row(
            Text(one["parameter"]),
            _value(low["value"]),
            _outcome(low, metric),
            _value(one["base"]),
            _value(high["value"]),
            _outcome(high, metric),
        )
    return table


def telling_metric(result: Mapping[str, Any]) -> str:
    """By which parameters are told apart: the violation, or the lowest voltage where the scenario as it is has none."""
    violation = "integral_violation_pu_s"
    return violation if base_of(result, violation) else "worst_vmin"


def by_spread(result: Mapping[str, Any], metric: str) -> list[Mapping[str, Any]]:
    """The parameters, those first that move the metric most."""

    def spread(one: Mapping[str, Any]) -> float:
        values = [base_of(result, metric), of(one["low"], metric), of(one["high"], metric)]
        known = [value for value in values if value is not None]
        return max(known) - min(known) if known else 0.0

    return sorted(result["sensitivity"], key=spread, reverse=True)


def base_of(result: Mapping[str, Any], metric: str) -> float | None:
    """A metric of the scenario as it is."""
    return of(result["default"], metric)


def of(point: Mapping[str, Any], metric: str) -> float | None:
    """A metric of a point; None where it failed."""
    value = (point.get("metrics") or {}).get(metric)
    return float(value) if isinstance(value, (int, float)) else None


def _outcome(variant: Mapping[str, Any], metric: str) -> Text:
    if variant["status"] == "done":
        return Text(figure(metric, of(variant, metric)))
    return Text(variant["status"], "red")


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def columns(result: Mapping[str, Any]) -> Sequence[str]:
    """As `found.Shown`."""
    return ("part", "index", "scale", "parameter", "direction", "value", "status", "reason", *_FILE)


def rows(result: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    """As `found.Shown`: the scenario as it is, each point of the curve, each parameter's two values."""
    default = result["default"]
    yield {"part": "default", **default, **(default.get("metrics") or {})}
    for point in result["pv_curve"]:
        yield {"part": "pv", **point}
    for one in result["sensitivity"]:
        about = {"part": "sensitivity", "index": one["index"], "parameter": one["parameter"]}
        for side in ("low", "high"):
            variant = one[side]
            yield {**about, "direction": side, **variant, **(variant.get("metrics") or {})}
