"""The simulations that an operation is made of: a list that is known from the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gridcast.scenarios.catalogue import catalogue
from gridcast.scenarios.config import ScenarioConfig
from gridcast.scenarios.errors import FieldError, ScenarioError
from gridcast.scenarios.feeders import load_feeder
from gridcast.scenarios.resolving import parse_config, resolve

from .models import SITE, CharacterizeConfig, HeatmapConfig, OperationConfig, ScanConfig
from .parameters import NumericParameter, lower_and_higher, numeric_parameters, sensitive_parameters
from .scaling import scaled

Part = Literal["default", "pv", "sensitivity", "cell", "site", "scenario"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One simulation and its place in the result: `place` are the first fields of the item that tells what came of it.

    `configured` makes its whole config; ScenarioError where the scenario refuses it.
    """

    part: Part
    place: Mapping[str, Any]
    configured: Callable[[], dict[str, Any]]


def points_of(asked: OperationConfig) -> list[Point]:
    """All points, in the order in which they are begun.

    Raises:
        ScenarioError: the scenario does not exist, or refuses what all points have in common.
    """
    match asked:
        case CharacterizeConfig():
            return list(_characterized(asked))
        case HeatmapConfig():
            return list(_cells(asked))
        case ScanConfig():
            return [*_sites(asked), *(_scenarios(asked) if asked.scenarios else ())]


def scales(asked: CharacterizeConfig) -> list[float]:
    """Sizes of the datacenters that the P-V curve tries, evenly from 0 to the largest."""
    return spread(0.0, asked.pv_max_scale, asked.pv_points)


def axis(parameter: NumericParameter, low: float, high: float, steps: int) -> list[float]:
    """Values of a parameter from `low` to `high`: whole and each once where it takes only whole numbers."""
    values = spread(low, high, steps)
    if parameter.kind == "float":
        return values
    return [float(whole) for whole in dict.fromkeys(map(round, values))]


def spread(low: float, high: float, steps: int) -> list[float]:
    """`steps` values evenly from `low` to `high`, both included, without the noise of binary fractions."""
    return [float(f"{low + (high - low) * n / (steps - 1):.12g}") for n in range(steps)]


def axes(asked: HeatmapConfig) -> tuple[list[float], list[float]]:
    """Values of x and of y."""
    known = {parameter.path: parameter for parameter in numeric_parameters(base_of(asked))}
    return (
        axis(known[asked.param_x], asked.x_min, asked.x_max, asked.x_steps),
        axis(known[asked.param_y], asked.y_min, asked.y_max, asked.y_steps),
    )


def base_of(asked: CharacterizeConfig | HeatmapConfig) -> ScenarioConfig:
    """The scenario that is asked about, with what all points have in common."""
    return resolve(asked.name, asked.overrides, asked.seed)


def _characterized(asked: CharacterizeConfig) -> Iterator[Point]:
    base = base_of(asked)
    yield Point(part="default", place={}, configured=lambda: base.model_dump(mode="json"))
    for index, scale in enumerate(scales(asked)):
        yield Point(part="pv", place={"index": index, "scale": scale}, configured=_checked(base, scale))
    if not asked.sensitivity:
        return
    for index, parameter in enumerate(sensitive_parameters(base)):
        ends = lower_and_higher(base, parameter, asked.step)
        for direction, value in zip(("low", "high"), ends, strict=True):
            yield Point(
                part="sensitivity",
                place={
                    "index": index,
                    "parameter": parameter.path,
                    "direction": direction,
                    "base": parameter.value,
                    "value": value,
                },
                configured=_varied(asked, parameter, value),
            )


def _checked(base: ScenarioConfig, scale: float) -> Callable[[], dict[str, Any]]:
    return lambda: parse_config(scaled(base, scale)).model_dump(mode="json")


def _varied(
    asked: CharacterizeConfig, parameter: NumericParameter, value: float | None
) -> Callable[[], dict[str, Any]]:
    def configured() -> dict[str, Any]:
        if value is None:
            words = f"is {parameter.value:g}, and its field allows nothing beyond"
            raise ScenarioError([FieldError(loc=(parameter.path,), msg=words)])
        return _resolved(asked.name, {**asked.overrides, parameter.path: value}, asked.seed)

    return configured


def _resolved(name: str, overrides: Mapping[str, Any], seed: int = 0) -> dict[str, Any]:
    return resolve(name, overrides, seed).model_dump(mode="json")


def _cells(asked: HeatmapConfig) -> Iterator[Point]:
    known = {parameter.path: parameter for parameter in numeric_parameters(base_of(asked))}
    whole = {path for path in (asked.param_x, asked.param_y) if known[path].kind == "int"}

    def cell(values: Mapping[str, float]) -> Callable[[], dict[str, Any]]:
        typed = {path: int(value) if path in whole else value for path, value in values.items()}
        return lambda: _resolved(asked.name, {**asked.overrides, **typed}, asked.seed)

    xs, ys = axes(asked)
    for y, y_value in enumerate(ys):
        for x, x_value in enumerate(xs):
            yield Point(
                part="cell",
                place={"x": x, "y": y},
                configured=cell({asked.param_x: x_value, asked.param_y: y_value}),
            )


def _sites(asked: ScanConfig) -> Iterator[Point]:
    sites = [(feeder, bus) for feeder in asked.feeders for bus in load_feeder(feeder).candidate_sites]
    for index, (feeder, bus) in enumerate(sites):
        session = {"scenario": feeder, "overrides": {**asked.overrides, SITE: bus}}
        yield _scanned("site", {"index": index, "feeder": feeder, "bus": bus}, session)


def _scenarios(asked: ScanConfig) -> Iterator[Point]:
    names = [name for name, scenario in catalogue().items() if scenario.feeder in asked.feeders]
    for index, name in enumerate(names):
        place = {"index": index, "scenario": name, "feeder": catalogue()[name].feeder}
        yield _scanned("scenario", place, {"scenario": name, "overrides": asked.overrides})


def _scanned(part: Part, place: Mapping[str, Any], session: Mapping[str, Any]) -> Point:
    """`session` is the body of a request that computes the same ticks."""
    return Point(
        part=part,
        place={**place, "session": session},
        configured=lambda: _resolved(session["scenario"], session["overrides"]),
    )
