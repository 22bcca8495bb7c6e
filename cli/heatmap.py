"""`gridcast heatmap`: its axes, and what it found: the values, or their shades where the terminal is too narrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSON

from .exits import CliError, Exit
from .quantities import UNITS, figure, heading, reasons
from .values import finite

OPTIONS: Final = {
    "name": "SCENARIO",
    **{
        field: f"--{axis}"
        for axis in "xy"
        for field in (f"param_{axis}", f"{axis}_min", f"{axis}_max", f"{axis}_steps")
    },
    "metric": "--metric",
    "params": "--set",
    "seed": "--seed",
    "duration_s": "--duration",
}
"""The option behind each field."""

AXIS: Final = "PATH=MIN:MAX:STEPS"
EXAMPLE: Final = "controllers.0.primal_step_size=0.01:0.2:15"
SHADES: Final = " ░▒▓█"
ASCII_SHADES: Final = " .:*#"
FAILED: Final = "x"
BEST: Final = "o"
CELL_WIDTH: Final = 10


def axis_of(name: str, text: str) -> dict[str, JSON]:
    """The fields of an axis, `x` or `y`; the service says what of them makes no sense.

    Raises:
        CliError: `text` is no `PATH=MIN:MAX:STEPS`.
    """
    path, _, range_ = text.partition("=")
    try:
        low, high, steps = range_.split(":")
        numbers = {f"{name}_min": finite(low), f"{name}_max": finite(high), f"{name}_steps": int(steps)}
    except ValueError:
        numbers = {}
    if not numbers or not path.strip():
        raise CliError(Exit.BAD_INPUT, f"--{name} {text!r}: write it as {AXIS}, such as {EXAMPLE}")
    return {f"param_{name}": path.strip(), **numbers}


def tables(result: Mapping[str, Any], console: Console) -> Iterator[RenderableType]:
    """As `found.Shown`."""
    metric = result["metric"]
    unit = result.get("unit") or UNITS.get(metric)
    yield f"{result['scenario']}: {heading(metric) if metric in UNITS else f'{metric}, {unit}'}"
    yield f"x: {result['param_x']}, y: {result['param_y']}"
    if console.width >= CELL_WIDTH * (len(result["x"]) + 1):
        yield _values(result)
    else:
        yield from _shades(result, ascii_only=not console.encoding.startswith("utf"))
    yield _best(result)
    base = result.get("baseline") or {}
    yield f"The scenario itself: x {_number(base.get('x'))}, y {_number(base.get('y'))}."
    yield from reasons(
        (f"({_number(result['x'][cell['x']])}, {_number(result['y'][cell['y']])})", cell["reason"])
        for cell in result["failures"]
    )


def _values(result: Mapping[str, Any]) -> Table:
    best = result["best"] or {}
    table = Table(
        Column("y \\ x", justify="right"),
        *(Column(_number(x), justify="right", no_wrap=True) for x in result["x"]),
        box=None,
        pad_edge=False,
    )
    for row in _from_the_top(result):
        cells = [
            Text("failed", "red")
            if value is None
            else Text(f"{value:.4g}", "bold" if (n, row) == (best.get("x"), best.get("y")) else "")
            for n, value in enumerate(result["values"][row])
        ]
        table.add_row(_number(result["y"][row]), *cells)
    return table


def _shades(result: Mapping[str, Any], *, ascii_only: bool) -> Iterator[str]:
    """One or two characters for each cell, from the lowest value to the highest."""
    shades = ASCII_SHADES if ascii_only else SHADES
    known = [value for row in result["values"] for value in row if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    best = result["best"] or {}

    def shade(x: int, y: int, value: float | None) -> str:
        if value is None:
            return FAILED * 2
        if (x, y) == (best.get("x"), best.get("y")):
            return BEST * 2
        share = (value - low) / (high - low) if high > low else 0.0
        return shades[round(share * (len(shades) - 1))] * 2

    for row in _from_the_top(result):
        cells = "".join(shade(x, row, value) for x, value in enumerate(result["values"][row]))
        yield f"{_number(result['y'][row]):>{CELL_WIDTH}} |{cells}|"
    yield f"{'':>{CELL_WIDTH}}  x from {_number(result['x'][0])} to {_number(result['x'][-1])}"
    steps = ", ".join(
        f"'{shades[n]}' {figure(result['metric'], low + (high - low) * n / (len(shades) - 1))}"
        for n in range(len(shades))
    )
    yield f"{'':>{CELL_WIDTH}}  {steps}; '{FAILED}' failed, '{BEST}' best"


def _best(result: Mapping[str, Any]) -> str:
    best = result["best"]
    if best is None:
        return "Best: none, every cell failed."
    x, y = result["x"][best["x"]], result["y"][best["y"]]
    at = f"{result['param_x']}={_number(x)}, {result['param_y']}={_number(y)}"
    return f"Best: {figure(result['metric'], best['value'])} at {at}."


def _from_the_top(result: Mapping[str, Any]) -> range:
    """Rows as on a chart: the largest y first."""
    return range(len(result["y"]) - 1, -1, -1)


def _number(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, (int, float)) else "-"


def columns(result: Mapping[str, Any]) -> Sequence[str]:
    """As `found.Shown`."""
    return (result["param_x"], result["param_y"], "status", "reason", result["metric"])


def rows(result: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    """As `found.Shown`: the cells, row by row."""
    failures = {(cell["x"], cell["y"]): cell for cell in result["failures"]}
    for n, (y, values) in enumerate(zip(result["y"], result["values"], strict=True)):
        for m, (x, value) in enumerate(zip(result["x"], values, strict=True)):
            failed = failures.get((m, n), {"status": "done"})
            about = {"status": failed["status"], "reason": failed.get("reason")}
            yield {result["param_x"]: x, result["param_y"]: y, **about, result["metric"]: value}
