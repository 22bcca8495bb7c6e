"""Pictures of what operations found, as PNG. Needs no display.

Only who asks for one pays for it: the library takes a second to load, so nothing else imports this module.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .characterize import base_of, by_spread, limit, of, telling_metric
from .quantities import axis, figure

Result = Mapping[str, Any]

DPI: Final = 150
STYLE: Final[Mapping[str, Any]] = {
    "font.family": "DejaVu Sans",  # comes with the library, so a picture is the same everywhere
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.6,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.9,
    "hatch.linewidth": 0.6,
}
INK: Final = "#222222"
BLUE: Final = "#0072b2"
ORANGE: Final = "#d55e00"
GREY: Final = "#8c8c8c"
PALE: Final = "#f2f2f2"

CLASSES: Final[Mapping[str, tuple[str, str]]] = {
    "within_band": ("#009e73", "o"),
    "undervoltage": ("#0072b2", "v"),
    "overvoltage": ("#d55e00", "^"),
    "both": ("#cc79a7", "D"),
    "oscillating": ("#e69f00", "s"),
    "diverged": ("#000000", "X"),
}
"""Colour (Okabe and Ito's, which most people can tell apart) and marker of each class, so that neither is needed alone."""
UNKNOWN: Final = (GREY, "x")


def picture(result: Result, feeders: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The result of an operation as a PNG file.

    Args:
        feeders: for a scan, the scenario of each feeder whose sites were tried, as `GET /api/scenarios/{name}` tells it.
    """
    draw: Mapping[str, Callable[[], Figure]] = {
        "characterize": lambda: characterization(result),
        "heatmap": lambda: heatmap(result),
        "scan": lambda: sites(result, feeders),
    }
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its keys are a Literal of all that there are
        drawn = draw[str(result["op"])]()
        FigureCanvasAgg(drawn)
        file = io.BytesIO()
        drawn.savefig(file, format="png", dpi=DPI)
    return file.getvalue()


def characterization(result: Result) -> Figure:
    """The P-V curve with the violation below it, and beside them the tornado chart."""
    told = result["sensitivity"]
    drawn = Figure(figsize=(12 if told else 7, max(5.5, 1.6 + 0.3 * len(told))), layout="constrained")
    drawn.suptitle(f"{result['scenario']}, {result['duration_s']:g} s each", x=0.01, ha="left")
    grid = drawn.add_gridspec(2, 2 if told else 1, height_ratios=(3, 1))
    voltage = drawn.add_subplot(grid[0, 0])
    violation = drawn.add_subplot(grid[1, 0], sharex=voltage)
    _curve(result, voltage, violation)
    if told:
        _tornado(result, drawn.add_subplot(grid[:, 1]))
    return drawn


def _curve(result: Result, voltage: Axes, violation: Axes) -> None:
    points = result["pv_curve"]
    done = [point for point in points if point["status"] == "done"]
    power_kw = [point["mean_power_kw"] for point in done]
    voltage.plot(power_kw, _numbers(done, "worst_vmin"), "o-", color=BLUE, ms=3.5, label="lowest voltage")
    voltage.plot(power_kw, _numbers(done, "worst_vmax"), "s-", color=ORANGE, ms=3, label="highest voltage")
    violation.plot(power_kw, _numbers(done, "integral_violation_pu_s"), "o-", color=INK, ms=3)
    default = result["default"]
    if default.get("metrics") and default.get("mean_power_kw") is not None:
        at = (default["mean_power_kw"], of(default, "worst_vmin") or np.nan)
        voltage.plot(*at, "D", mfc="white", mec=BLUE, ms=7, label="as it is")
    voltage.axhspan(result["v_min"], result["v_max"], color="#e8f3ee", zorder=0, label="allowed band")
    if found := result["hosting_limit"]:
        for axes in (voltage, violation):
            axes.axvline(found["mean_power_kw"], color=INK, ls="--", lw=1)
        voltage.plot([], [], color=INK, ls="--", lw=1, label="hosting limit")
    failed = [point for point in points if point["status"] != "done"]
    if failed:
        _mark_failed(voltage, failed, default.get("mean_power_kw"))
    voltage.set_title(f"P-V curve\n{limit(result)}")
    voltage.set_ylabel("voltage [pu]")
    voltage.tick_params(labelbottom=False)
    voltage.legend(loc="best")
    violation.set_xlabel("mean power of all datacenters [kW]")
    violation.set_ylabel("violation [pu s]")
    violation.set_ylim(bottom=0)


def _mark_failed(axes: Axes, failed: Sequence[Mapping[str, Any]], base_kw: float | None) -> None:
    """Points without figures stand on the lower edge, where their power would about be."""
    if base_kw is None:
        return
    bottom = axes.get_xaxis_transform()
    places = [point["scale"] * base_kw for point in failed]
    kinds = ", ".join(dict.fromkeys(point["status"] for point in failed))
    axes.plot(places, [0.02] * len(places), "X", color=INK, ms=6, transform=bottom, ls="", label=kinds)


def _tornado(result: Result, axes: Axes) -> None:
    metric = telling_metric(result)
    base = base_of(result, metric)
    told = by_spread(result, metric)
    for n, one in enumerate(told):
        for side, colour, hatch in (("low", BLUE, ""), ("high", ORANGE, "////")):
            value = of(one[side], metric)
            if value is None:
                told_of = f" {side}: {one[side]['status']}"
                axes.text(base or 0, n, told_of, va="center", ha="left", fontsize=7, color=INK)
            else:
                start = value if base is None else base
                axes.barh(
                    n, value - start, left=start, height=0.7, color=colour, hatch=hatch, edgecolor="white"
                )
    if base is not None:
        axes.axvline(base, color=INK, lw=1)
    axes.set_yticks(range(len(told)), [_span(one) for one in told], fontsize=7.5)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(axis(metric))
    axes.set_title(f"Sensitivity ({figure(metric, base)} as it is)")
    axes.legend(
        handles=[
            Patch(facecolor=BLUE, label="lower value"),
            Patch(facecolor=ORANGE, hatch="////", edgecolor="white", label="higher value"),
        ],
        loc="lower right",
    )


def _span(one: Mapping[str, Any]) -> str:
    return f"{one['parameter']}\n{_short(one['low']['value'])} .. {_short(one['high']['value'])}"


def heatmap(result: Result) -> Figure:
    """The values as cells, failures hatched, the best cell and the scenario itself marked."""
    x, y = np.array(result["x"], dtype=float), np.array(result["y"], dtype=float)
    values = np.array(result["values"], dtype=float).reshape(len(y), len(x))
    drawn = Figure(figsize=(8, 6), layout="constrained")
    axes = drawn.add_subplot()
    axes.grid(visible=False)
    axes.set_facecolor(PALE)
    x_edges, y_edges = _edges(x), _edges(y)
    cells = axes.pcolormesh(x_edges, y_edges, np.ma.masked_invalid(values), cmap="cividis")
    marks: list[Artist] = []
    for row, column in zip(*np.nonzero(np.isnan(values)), strict=True):
        axes.fill_between(
            x_edges[column : column + 2],
            y_edges[row],
            y_edges[row + 1],
            facecolor=PALE,
            edgecolor=GREY,
            hatch="////",
            linewidth=0,
        )
    if np.isnan(values).any():
        marks.append(Patch(facecolor=PALE, edgecolor=GREY, hatch="////", label="failed"))
    if best := result["best"]:
        told = f"best, {figure(result['metric'], best['value'])}"
        at = (x[best["x"]], y[best["y"]])
        marks += axes.plot(*at, "*", color="white", mec="black", ms=15, ls="", label=told)
    base = result.get("baseline") or {}
    if _inside(base.get("x"), x_edges) and _inside(base.get("y"), y_edges):
        at = (base["x"], base["y"])
        marks += axes.plot(*at, "P", color="white", mec="black", ms=9, ls="", label="as it is")
    drawn.colorbar(cells, ax=axes, label=axis(result["metric"], result.get("unit")), pad=0.02)
    axes.set_xlabel(result["param_x"])
    axes.set_ylabel(result["param_y"])
    axes.set_title(f"{result['scenario']}, {result['duration_s']:g} s each", pad=24 if marks else 6)
    if marks:
        axes.legend(handles=marks, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.3)
    return drawn


def _edges(centres: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of cells around values that grow; a single one, which whole numbers can come to, is one wide."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2
    return np.concatenate(
        ([2 * centres[0] - middles[0]], middles, [2 * centres[-1] - middles[-1]]), dtype=np.float64
    )


def _inside(value: object, edges: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return isinstance(value, (int, float)) and bool(edges[0] <= value <= edges[-1])


def sites(result: Result, feeders: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The one-line diagram of each feeder with a mark at each site that was tried, and how many of each class there are."""
    panels = max(1, len(feeders))
    drawn = Figure(figsize=(max(7.0, 5 * panels), 5.6), layout="constrained")
    drawn.suptitle(f"Candidate sites, {result['duration_s']:g} s each", x=0.01, ha="left")
    for n, (name, scenario) in enumerate(feeders.items()):
        axes = drawn.add_subplot(1, panels, n + 1)
        _one_line(axes, scenario["feeder"])
        _marks(axes, scenario["feeder"], [site for site in result["sites"] if site["feeder"] == name])
        axes.set_title(name)
    if not feeders:
        _counts(drawn.add_subplot(), result["counts"])
        return drawn
    times = Counter(site["class"] or "not known" for site in result["sites"])
    shown = {**CLASSES, **({"not known": UNKNOWN} if times["not known"] else {})}
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="", ms=6, label=f"{name} ({times[name]})")
        for name, (colour, marker) in shown.items()
    ]
    drawn.legend(handles=handles, loc="outside lower left", ncols=len(handles))
    return drawn


def _one_line(axes: Axes, feeder: Mapping[str, Any]) -> None:
    places = {bus["name"]: (bus["x"], bus["y"]) for bus in feeder["buses"]}
    for kind in ("lines", "transformers", "regulators"):
        for part in feeder[kind]:
            (x_from, y_from), (x_to, y_to) = places[part["bus_from"]], places[part["bus_to"]]
            axes.plot((x_from, x_to), (y_from, y_to), color=GREY, lw=0.9, zorder=1)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()


def _marks(axes: Axes, feeder: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> None:
    places = {bus["name"]: (bus["x"], bus["y"]) for bus in feeder["buses"]}
    few = len(found) <= 20
    for site in found:
        if site["bus"] not in places:
            continue
        colour, marker = CLASSES.get(site["class"], UNKNOWN)
        at = places[site["bus"]]
        axes.plot(*at, marker=marker, color=colour, ms=7 if few else 4.5, mec="white", mew=0.5, zorder=2)
        axes.annotate(
            site["bus"], at, xytext=(4, 4), textcoords="offset points", fontsize=7 if few else 4.5, color=INK
        )


def _counts(axes: Axes, counts: Mapping[str, int]) -> None:
    names = [name for name in CLASSES if name in counts]
    axes.barh(names, [counts[name] for name in names], color=[CLASSES[name][0] for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("scenarios")


def _numbers(points: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float("nan") if point.get(name) is None else float(point[name]) for point in points]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else "-"
