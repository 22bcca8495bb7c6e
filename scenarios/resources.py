"""What else hangs on the feeder: generators (PV), loads that vary in time, batteries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .fields import BusName, Fraction01, Model, PositiveKilowatts, PowerFactor, SafeName


class GeneratorConfig(Model):
    """A generator that feeds the same power into each phase of its bus."""

    bus: BusName = Field(title="Bus", description="Three-phase bus at which it feeds in.")
    profile: Literal["synthetic_pv", "constant"] = Field(
        default="synthetic_pv",
        title="Profile",
        description="synthetic_pv: OpenG2G's PV curves with clouds, shaped for one hour; constant: peak_kw always.",
    )
    peak_kw: PositiveKilowatts = Field(title="Peak", description="Peak power per phase in kW.")
    site_idx: Annotated[int, Field(ge=0, le=2)] = Field(
        default=0, title="Curve", description="Which of the three synthetic PV curves."
    )
    power_factor: PowerFactor = Field(default=1.0, title="Power factor", description="No unit.")


class ExternalLoadConfig(Model):
    """A load that varies in time, the same on each phase of its bus."""

    bus: BusName = Field(title="Bus", description="Three-phase bus at which it draws power.")
    profile: Literal["synthetic", "constant"] = Field(
        default="synthetic",
        title="Profile",
        description="synthetic: OpenG2G's load curves, shaped for one hour; constant: peak_kw always.",
    )
    peak_kw: PositiveKilowatts = Field(title="Peak", description="Peak power per phase in kW.")
    site_idx: Annotated[int, Field(ge=0, le=4)] = Field(
        default=0, title="Curve", description="Which of the five synthetic load curves."
    )
    power_factor: PowerFactor = Field(default=0.96, title="Power factor", description="Lagging; no unit.")


class StorageConfig(Model):
    """A three-phase battery (OpenG2G's `BatteryStorage`)."""

    name: SafeName = Field(
        title="Name", description="Letters, digits, _ and -; unique, also without regard to case."
    )
    bus: BusName = Field(title="Bus", description="Three-phase bus of the feeder's medium-voltage part.")
    connection: Literal["wye", "delta"] = Field(
        default="wye", title="Connection", description="Of the battery."
    )
    rated_power_kw: PositiveKilowatts = Field(
        title="Rated power", description="Most it charges or discharges, all phases together, in kW."
    )
    capacity_kwh: Annotated[float, Field(gt=0.0, le=1e7)] = Field(
        title="Capacity", description="Energy in kWh."
    )
    initial_soc: Fraction01 = Field(
        default=0.5, title="Charge", description="State of charge at the start, 0 to 1."
    )
    reserve_soc: Fraction01 = Field(
        default=0.0, title="Reserve", description="Charge that is never used, 0 to 1."
    )
    charge_efficiency: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0, title="Charging efficiency", description="0 to 1."
    )
    discharge_efficiency: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0, title="Discharging efficiency", description="0 to 1."
    )
    idle_loss_percent: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        default=0.0, title="Idle loss", description="Percent of the rated power."
    )
    apparent_power_kva: PositiveKilowatts = Field(
        default_factory=lambda data: data["rated_power_kw"],
        title="Apparent power",
        description="Rating in kVA; at least the rated power, and equal to it by default.",
    )
