"""The numbers of a scenario: which there are, which of them matter most, and what a little more or less of one is."""

from __future__ import annotations

import bisect
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gridcast.scenarios.capacity import first_overload
from gridcast.scenarios.config import ScenarioConfig

Kind = Literal["int", "float"]

SENSITIVE = 15
"""Parameters of a sensitivity analysis: what fits on one tornado chart."""

PER_UNIT_SHARE = 0.1
"""Voltages and tap ratios about 1 pu move by this share of a relative step: 20 % more voltage is no operating point."""

_PER_UNIT = ("source_pu", "initial_taps", "v_ref")

_MATTER: tuple[tuple[str, str], ...] = (
    ("", "source_pu"),
    ("datacenters", "base_kw_per_phase"),
    ("datacenters", "power_factor"),
    ("datacenters", "replicas"),
    ("datacenters", "initial_batch_size"),
    ("controllers", "voltage_dual_step_size"),
    ("controllers", "primal_step_size"),
    ("controllers", "step_size"),
    ("controllers", "full_output_voltage_error_pu"),
    ("controllers", "gpus_per_shift"),
    ("generators", "peak_kw"),
    ("loads", "peak_kw"),
    ("storages", "rated_power_kw"),
    ("initial_taps", ""),
    ("controllers", "w_throughput"),
    ("controllers", "w_switch"),
    ("controllers", "latency_dual_step_size"),
    ("controllers", "sensitivity_perturbation_kw"),
    ("controllers", "deadband"),
    ("controllers", "deadband_pu"),
    ("datacenters", "itl_deadline_s"),
)
"""(part of the scenario, last word of the path), in the order in which each gets its first place among those that matter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericParameter:
    """A number of a scenario: its dotted path, its value (None: left to its default), and the bounds of its field."""

    path: str
    value: float | None
    kind: Kind
    title: str
    low: float | None = None
    high: float | None = None

    @property
    def leaf(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(".")[2]

    def clipped(self, value: float) -> float:
        """The nearest value that the field takes."""
        if self.low is not None:
            value = max(value, self.low)
        if self.high is not None:
            value = min(value, self.high)
        return round(value) if self.kind == "int" else value


def numeric_parameters(config: ScenarioConfig) -> list[NumericParameter]:
    """Every number of a scenario, in the order of its fields; what a heatmap's axes may be."""
    return list(_of_model("", config))


def sensitive_parameters(config: ScenarioConfig) -> list[NumericParameter]:
    """The `SENSITIVE` numbers that are varied to see what matters.

    Each row of `_MATTER` gives one in turn, its largest first (a datacenter's by its GPUs), until there are enough: so
    that every kind of part is represented before any is represented twice. Left out are numbers that change how is
    measured instead of what happens (durations, periods, seeds, the band), those that are 0 or unset, and disabled
    controllers.
    """
    groups: list[list[NumericParameter]] = [[] for _ in _MATTER]
    for parameter in numeric_parameters(config):
        part, leaf = parameter.path.partition(".")[0], parameter.leaf
        for group, (wanted_part, wanted_leaf) in zip(groups, _MATTER, strict=True):
            if wanted_leaf in ("", leaf) and wanted_part in ("", part) and parameter.value:
                group.append(parameter)
                break
    for group in groups:
        group.sort(key=lambda parameter: -_weight(config, parameter))
    chosen: list[NumericParameter] = []
    for turn in range(max(map(len, groups))):
        chosen += [group[turn] for group in groups if turn < len(group) and _acts(config, group[turn])]
    return chosen[:SENSITIVE]


def lower_and_higher(
    config: ScenarioConfig, parameter: NumericParameter, step: float
) -> tuple[float | None, float | None]:
    """The values a relative `step` below and above; None where nothing is allowed there.

    A whole number moves by at least 1, a batch size to the next feasible one beyond the step (or the last there is),
    a voltage or a tap ratio by `PER_UNIT_SHARE` of the step, replicas only as far up as there are GPUs.
    """
    if parameter.value is None:
        return None, None
    value = parameter.value
    if parameter.leaf == "initial_batch_size":
        return _batch_sizes(config, parameter, step)
    if any(word in parameter.path.split(".") for word in _PER_UNIT):
        step *= PER_UNIT_SHARE
    change = abs(value) * step
    if parameter.kind == "int":
        change = max(1, round(change))
    lower, higher = (_short(parameter.clipped(value + sign * change)) for sign in (-1, 1))
    if parameter.leaf == "replicas":
        higher = _most_replicas(config, parameter, round(higher))
    return (lower if lower < value else None), (higher if higher > value else None)


def _most_replicas(config: ScenarioConfig, parameter: NumericParameter, wanted: int) -> int:
    """As many of a model as fit beside the others, at most those wanted, at least those there are."""
    _, site, _, model, _ = parameter.path.split(".")
    datacenter = config.datacenters[int(site)]
    deployment = datacenter.models[int(model)]

    def too_many(replicas: int) -> bool:
        more = deployment.model_copy(update={"replicas": replicas})
        models = [more if one is deployment else one for one in datacenter.models]
        return first_overload(datacenter.model_copy(update={"models": tuple(models)})) is not None

    counts = range(deployment.replicas + 1, wanted + 1)
    return deployment.replicas + bisect.bisect_left(counts, True, key=too_many)


def _batch_sizes(
    config: ScenarioConfig, parameter: NumericParameter, step: float
) -> tuple[float | None, float | None]:
    _, site, _, model, _ = parameter.path.split(".")
    deployment = config.datacenters[int(site)].models[int(model)]
    value = deployment.initial_batch_size
    sizes = sorted(deployment.feasible_batch_sizes)
    smaller, larger = [size for size in sizes if size < value], [size for size in sizes if size > value]
    far_smaller = [size for size in smaller if size <= value * (1 - step)]
    far_larger = [size for size in larger if size >= value * (1 + step)]
    return (
        max(far_smaller) if far_smaller else min(smaller, default=None),
        min(far_larger) if far_larger else max(larger, default=None),
    )


def _short(value: float) -> float:
    """Without the noise of binary fractions."""
    return value if isinstance(value, int) else float(f"{value:.12g}")


def _weight(config: ScenarioConfig, parameter: NumericParameter) -> float:
    """What makes one of its kind larger than another."""
    parts = parameter.path.split(".")
    if parts[0] != "datacenters":
        return abs(parameter.value or 0.0) if parts[0] != "controllers" else 0.0
    datacenter = config.datacenters[int(parts[1])]
    if parts[2] == "models":
        model = datacenter.models[int(parts[3])]
        return float(model.replicas * model.gpus_per_replica)
    return float(datacenter.total_gpu_capacity)


def _acts(config: ScenarioConfig, parameter: NumericParameter) -> bool:
    parts = parameter.path.split(".")
    return parts[0] != "controllers" or config.controllers[int(parts[1])].enabled


def _of_model(prefix: str, model: BaseModel) -> Iterator[NumericParameter]:
    for name, field in type(model).model_fields.items():
        yield from _of_value(f"{prefix}{name}", getattr(model, name), field)


def _of_value(path: str, value: Any, field: FieldInfo) -> Iterator[NumericParameter]:
    if isinstance(value, BaseModel):
        yield from _of_model(f"{path}.", value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _of_value(f"{path}.{key}", item, field)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for n, item in enumerate(value):
            yield from _of_value(f"{path}.{n}", item, field)
    else:
        yield from _of_number(path, value, field)


def _of_number(path: str, value: Any, field: FieldInfo) -> Iterator[NumericParameter]:
    found = {} if isinstance(value, bool | str) else _numbers(field.annotation, field.metadata)
    kind = (
        "int" if isinstance(value, int) else "float" if isinstance(value, float) else next(iter(found), None)
    )
    if isinstance(value, bool | str) or kind is None:
        return
    bounds = found.get(kind, ())
    yield NumericParameter(
        path=path,
        value=value,
        kind="int" if kind == "int" else "float",
        title=field.title or path,
        low=next((bound.ge for bound in bounds if isinstance(bound, Ge)), None),  # type: ignore[arg-type]
        high=next((bound.le for bound in bounds if isinstance(bound, Le)), None),  # type: ignore[arg-type]
    )


def _numbers(annotation: Any, metadata: Sequence[Any] = ()) -> dict[str, Sequence[Any]]:
    """Kinds of numbers that a field takes, with the bounds of each."""
    if annotation in (int, float):
        return {annotation.__name__: [*_flat(metadata)]}
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _numbers(args[0], [*metadata, *args[1:]])
    if origin in (Union, types.UnionType):
        return {kind: bounds for arg in args for kind, bounds in _numbers(arg, metadata).items()}
    if origin in (dict, tuple):
        return {kind: bounds for arg in args[-1:] + args[:1] for kind, bounds in _numbers(arg).items()}
    return {}


def _flat(metadata: Sequence[Any]) -> Iterator[Any]:
    for item in metadata:
        yield from item.metadata if isinstance(item, FieldInfo) else (item,)
