"""Controllers of a scenario: one entry for each OpenG2G controller, applied in their order every time they are due.

Fields carry the names of OpenG2G's own configuration classes (`OFOConfig`, `RuleBasedConfig`, ...).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .fields import (
    BatchSize,
    BusName,
    Gain,
    Items,
    Label,
    Model,
    Period,
    PerUnit,
    SafeName,
    ScheduledTaps,
    TimeS,
)

_BOUND = "Voltage bound that it acts on, in pu; null: the scenario's."


class _Controller(Model):
    type: str
    name: SafeName = Field(
        default_factory=lambda data: data["type"], title="Name", description="Unique; its type by default."
    )
    enabled: bool = Field(
        default=True, title="Enabled", description="A disabled controller's steps are skipped."
    )
    dt_s: Period = Field(default=1.0, title="Period", description="Time between two of its steps in seconds.")


class TapChange(Model):
    """Regulators that are set to new ratios at one time."""

    t_s: TimeS = Field(title="Time", description="Simulated time in seconds.")
    taps: ScheduledTaps = Field(
        min_length=1, title="Taps", description="Regulator -> tap ratio (17 steps of 0.00625 about 1)."
    )


class TapScheduleConfig(_Controller):
    """Sets regulator taps at given times."""

    type: Literal["tap_schedule"] = "tap_schedule"
    schedule: Items[TapChange] = Field(
        default=(), max_length=1000, title="Schedule", description="What changes when; each time once."
    )


class BatchSizeChange(Model):
    """One model's batch size from one time on."""

    t_s: TimeS = Field(title="Time", description="Simulated time in seconds.")
    model: Label = Field(title="Model", description="Label of a model of the datacenter.")
    batch_size: BatchSize = Field(title="Batch size", description="One of the model's feasible batch sizes.")


class BatchSizeScheduleConfig(_Controller):
    """Sets batch sizes of one datacenter at given times."""

    type: Literal["batch_size_schedule"] = "batch_size_schedule"
    datacenter: SafeName = Field(title="Datacenter", description="Name of the datacenter that it controls.")
    schedule: Items[BatchSizeChange] = Field(
        default=(),
        max_length=1000,
        title="Schedule",
        description="What changes when; each model once at a time.",
    )


class RuleBasedConfig(_Controller):
    """Batch sizes of one datacenter follow the worst voltage violation, in proportion."""

    type: Literal["rule_based"] = "rule_based"
    datacenter: SafeName = Field(title="Datacenter", description="Name of the datacenter that it controls.")
    step_size: Gain = Field(
        default=10.0, title="Gain", description="Change of log2(batch size) per pu of violation and step."
    )
    deadband: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.0001, title="Deadband", description="Violations below this are ignored, in pu."
    )
    latency_guard: bool = Field(
        default=True, title="Latency guard", description="No larger batch while latency misses its deadline."
    )
    zone_buses: Annotated[tuple[BusName, ...], Field(strict=False, min_length=1, max_length=512)] | None = (
        Field(default=None, title="Zone", description="Buses that it looks at; null: all monitored ones.")
    )
    v_min: PerUnit | None = Field(default=None, title="Lowest voltage", description=_BOUND)
    v_max: PerUnit | None = Field(default=None, title="Highest voltage", description=_BOUND)


class OfoConfig(_Controller):
    """Online feedback optimisation of the batch sizes of one datacenter (a primal-dual method)."""

    type: Literal["ofo"] = "ofo"
    datacenter: SafeName = Field(title="Datacenter", description="Name of the datacenter that it controls.")
    primal_step_size: Gain = Field(default=0.05, title="Primal step", description="Step in log2(batch size).")
    w_throughput: Gain = Field(default=0.1, title="Throughput weight", description="Weight in the objective.")
    w_switch: Gain = Field(default=0.0, title="Switching weight", description="Cost of changing batch sizes.")
    voltage_gradient_scale: Gain = Field(
        default=1e6, title="Voltage scale", description="Scale of the voltage term in the gradient."
    )
    voltage_dual_step_size: Gain = Field(default=0.5, title="Voltage dual step", description="Ascent step.")
    latency_dual_step_size: Gain = Field(default=1.0, title="Latency dual step", description="Ascent step.")
    sensitivity_update_interval: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        default=0,
        title="Sensitivity update",
        description="Steps between estimates of dv/dp; 0: once at the start.",
    )
    sensitivity_perturbation_kw: Annotated[float, Field(gt=0.0, le=100_000.0)] = Field(
        default=100.0, title="Perturbation", description="Size of the test step for dv/dp, in kW."
    )
    v_min: PerUnit | None = Field(default=None, title="Lowest voltage", description=_BOUND)
    v_max: PerUnit | None = Field(default=None, title="Highest voltage", description=_BOUND)


class StorageDroopConfig(_Controller):
    """Batteries answer the voltage of their own bus, with reactive (qv) or real power (pv)."""

    type: Literal["storage_droop"] = "storage_droop"
    mode: Literal["qv", "pv"] = Field(default="qv", title="Mode", description="qv sets kvar, pv sets kW.")
    storages: Annotated[tuple[SafeName, ...], Field(strict=False, min_length=1, max_length=32)] | None = (
        Field(default=None, title="Storages", description="Names of the batteries; null: all.")
    )
    v_ref: PerUnit = Field(default=1.0, title="Reference", description="Voltage without any output, in pu.")
    deadband_pu: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        default=0.005, title="Deadband", description="Deviation without any output, in pu."
    )
    full_output_voltage_error_pu: Annotated[float, Field(gt=0.0, le=0.5)] = Field(
        default=0.05,
        title="Full output",
        description="Deviation at full output, in pu; more than the deadband.",
    )
    droop_gain_per_pu: Annotated[float, Field(gt=0.0, le=1e9)] | None = Field(
        default=None, title="Gain", description="kvar (qv) or kW (pv) per pu; null: from the rating."
    )
    max_abs_output: Annotated[float, Field(gt=0.0, le=1e6)] | None = Field(
        default=None, title="Limit", description="kvar (qv) or kW (pv); null: the rating."
    )
    allow_negative_output: bool = Field(
        default=True, title="Both ways", description="Also absorb kvar, or charge, at high voltage."
    )
    voltage_statistic: Literal["minimum", "mean", "latest"] = Field(
        default="minimum", title="Statistic", description="Of the voltages since its last step."
    )


class LoadShiftConfig(_Controller):
    """Moves replicas between datacenters when batch sizes are at their limit and a violation stays."""

    type: Literal["load_shift"] = "load_shift"
    datacenters: Annotated[tuple[SafeName, ...], Field(strict=False, min_length=2, max_length=32)] | None = (
        Field(default=None, title="Datacenters", description="Names of those that take part; null: all.")
    )
    gpus_per_shift: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=8, title="GPUs per shift", description="GPUs worth of replicas moved in one step."
    )
    v_min: PerUnit | None = Field(default=None, title="Lowest voltage", description=_BOUND)
    v_max: PerUnit | None = Field(default=None, title="Highest voltage", description=_BOUND)


ControllerConfig = Annotated[
    TapScheduleConfig
    | BatchSizeScheduleConfig
    | RuleBasedConfig
    | OfoConfig
    | StorageDroopConfig
    | LoadShiftConfig,
    Field(discriminator="type"),
]

SiteController = BatchSizeScheduleConfig | RuleBasedConfig | OfoConfig
"""Controllers of one datacenter."""

BoundedController = RuleBasedConfig | OfoConfig | LoadShiftConfig
"""Controllers with voltage bounds of their own."""
