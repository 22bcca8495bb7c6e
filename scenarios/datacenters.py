"""Datacenters of a scenario: which models they serve, with how many replicas, when, and what trains beside them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from . import workloads
from .errors import listed, shown
from .fields import (
    MAX_GPUS,
    BatchSize,
    BusName,
    Items,
    Kilowatts,
    Label,
    Model,
    Period,
    PowerFactor,
    Range,
    SafeName,
    Seed,
    TimeS,
)

Watts = Annotated[float, Field(ge=0.0, le=100_000.0)]
Replicas = Annotated[int, Field(ge=0, le=MAX_GPUS)]


class ReplicaRamp(Model):
    """A linear change of the replica count, from what it was to `target`."""

    target: Replicas = Field(title="Target replicas", description="Replica count at the end of the ramp.")
    t_start_s: TimeS = Field(
        title="Start", description="Simulated time at which the ramp starts, in seconds."
    )
    t_end_s: TimeS = Field(
        title="End", description="Simulated time at which the target is reached, in seconds."
    )

    @model_validator(mode="after")
    def _ordered(self) -> ReplicaRamp:
        if self.t_end_s < self.t_start_s:
            raise PydanticCustomError(
                "ramp_order",
                "ends at {end} s, before it starts at {start} s",
                {"end": self.t_end_s, "start": self.t_start_s},
            )
        return self


class ModelDeployment(Model):
    """One language model at one datacenter.

    The measured figures belong to the label: `gpus_per_replica` and the batch sizes with data are read from
    `workloads`, not chosen.
    """

    label: Label = Field(
        title="Model",
        description="Label of a measured model.",
        json_schema_extra=lambda schema: schema.update(enum=list(workloads.labels())),
    )
    replicas: Annotated[int, Field(ge=1, le=MAX_GPUS)] = Field(
        title="Replicas",
        description="Replicas at the start. At least 1: OpenG2G never starts a model that begins with none.",
    )
    ramps: Items[ReplicaRamp] = Field(
        default=(), max_length=64, title="Ramps", description="Changes of the replica count over time."
    )
    initial_batch_size: BatchSize = Field(
        default=128, title="Batch size", description="Batch size at the start; one of the feasible ones."
    )
    feasible_batch_sizes: Items[BatchSize] = Field(
        default_factory=lambda data: workloads.figures(data["label"]).feasible_batch_sizes,
        min_length=1,
        max_length=64,
        title="Feasible batch sizes",
        description="Batch sizes that controllers and people may choose; each must have measured data.",
    )
    itl_deadline_s: Annotated[float, Field(gt=0.0, le=60.0)] = Field(
        default_factory=lambda data: workloads.figures(data["label"]).itl_deadline_s,
        title="Latency deadline",
        description="Deadline for the mean inter-token latency, in seconds.",
    )

    @property
    def gpus_per_replica(self) -> int:
        """GPUs of one replica, as measured."""
        return workloads.figures(self.label).gpus_per_replica

    @model_validator(mode="before")
    @classmethod
    def _known_label(cls, data: Any) -> Any:
        """Before the other fields: their defaults are looked up by the label."""
        label = data.get("label") if isinstance(data, dict) else None
        if isinstance(label, str) and label not in workloads.labels():
            raise PydanticCustomError(
                "unknown_model",
                "no measured data for model {label}; known models: {known}",
                {"label": shown(label), "known": listed(workloads.labels(), 12), "at": "label"},
            )
        return data


class TrainingTrace(Model):
    """Parameters of OpenG2G's synthetic training power trace of one GPU (`TrainingTraceParams`)."""

    duration_s: Annotated[float, Field(ge=1.0, le=86_400.0)] = Field(
        default=1000.0, title="Length", description="Length of the trace in seconds; it repeats."
    )
    dt_s: Annotated[float, Field(ge=0.01, le=60.0)] = Field(
        default=0.1, title="Step", description="Sampling step of the trace in seconds."
    )
    seed: Seed = Field(default=2, title="Seed", description="Random seed of the trace.")
    p_hi_w: Annotated[float, Field(ge=1.0, le=100_000.0)] = Field(
        default=225.0, title="High plateau", description="Mean power of high plateaus in W."
    )
    p_lo_w: Watts = Field(default=175.0, title="Low plateau", description="Mean power of low plateaus in W.")
    sigma_hi_w: Watts = Field(default=50.0, title="High noise", description="Noise in high plateaus in W.")
    sigma_lo_w: Watts = Field(default=50.0, title="Low noise", description="Noise in low plateaus in W.")
    seg_lo_s: Range = Field(
        default=(10.0, 15.0), title="Low plateaus", description="[shortest, longest] in seconds."
    )
    seg_hi_s: Range = Field(
        default=(35.0, 40.0), title="High plateaus", description="[shortest, longest] in seconds."
    )
    dip_prob_per_s: Annotated[float, Field(ge=0.0, le=10.0)] = Field(
        default=0.010, title="Dips", description="Expected brief dips per second."
    )
    dip_depth_w: Range = Field(default=(120.0, 125.0), title="Dip depth", description="[least, most] in W.")
    dip_dur_s: Range = Field(
        default=(0.06, 0.14), title="Dip length", description="[shortest, longest] in seconds."
    )
    smooth_window_s: Annotated[float, Field(ge=0.0, le=3600.0)] = Field(
        default=0.30, title="Smoothing", description="Width of the moving average in seconds."
    )
    ramp_s: Annotated[float, Field(ge=0.0, le=3600.0)] = Field(
        default=18.0, title="Warm-up", description="Length of the warm-up ramp in seconds."
    )
    ramp_from_w: Watts = Field(
        default=50.0, title="Warm-up from", description="Power at the start of the ramp in W."
    )

    @model_validator(mode="after")
    def _possible(self) -> TrainingTrace:
        samples = self.duration_s / self.dt_s
        if not 2 <= samples <= 1_000_000:
            raise _at(
                "dt_s", f"gives {samples:.0f} samples over {self.duration_s:g} s; allowed are 2 to 1000000"
            )
        for name in ("seg_lo_s", "seg_hi_s"):  # a plateau of no samples would never end the generator's loop
            _ordered_range(name, getattr(self, name), least=self.dt_s, most=86_400.0)
        _ordered_range("dip_depth_w", self.dip_depth_w, least=0.0, most=100_000.0)
        _ordered_range("dip_dur_s", self.dip_dur_s, least=0.0, most=3600.0)
        if self.smooth_window_s > self.duration_s:
            raise _at(
                "smooth_window_s",
                f"is {self.smooth_window_s:g} s, longer than the trace ({self.duration_s:g} s)",
            )
        return self


class TrainingOverlay(Model):
    """A training job beside the inference load, from `t_start_s` to `t_end_s`."""

    n_gpus: Annotated[int, Field(ge=1, le=MAX_GPUS)] = Field(
        title="GPUs", description="GPUs of the training job."
    )
    t_start_s: TimeS = Field(title="Start", description="Simulated time at which it starts, in seconds.")
    t_end_s: TimeS = Field(title="End", description="Simulated time at which it ends, in seconds.")
    target_peak_w_per_gpu: Annotated[float, Field(gt=0.0, le=10_000.0)] = Field(
        default=400.0, title="Peak per GPU", description="The trace is scaled so that its peak is this, in W."
    )
    trace: TrainingTrace = Field(
        default_factory=TrainingTrace, title="Trace", description="The synthetic power trace of one GPU."
    )

    @model_validator(mode="after")
    def _ordered(self) -> TrainingOverlay:
        if self.t_end_s < self.t_start_s:
            raise _at("t_end_s", f"is {self.t_end_s:g} s, before t_start_s ({self.t_start_s:g} s)")
        return self


class PowerAugmentation(Model):
    """How servers of one model differ (OpenG2G's `PowerAugmentationConfig`)."""

    amplitude_scale_range: Range = Field(
        default=(1.0, 1.0), title="Amplitude", description="[low, high] of each server's power multiplier."
    )
    noise_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.0, title="Noise", description="Noise per server as a fraction of its power."
    )

    @model_validator(mode="after")
    def _possible(self) -> PowerAugmentation:
        _ordered_range("amplitude_scale_range", self.amplitude_scale_range, least=0.01, most=10.0)
        return self


class DatacenterConfig(Model):
    """A datacenter at a three-phase bus."""

    name: SafeName = Field(title="Name", description="Letters, digits, _ and -; unique.")
    bus: BusName = Field(title="Bus", description="Three-phase bus of the feeder's medium-voltage part.")
    connection: Literal["wye", "delta"] = Field(
        default="wye", title="Connection", description="Of its three loads."
    )
    power_factor: PowerFactor = Field(default=0.95, title="Power factor", description="Lagging; no unit.")
    gpus_per_server: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=8, title="GPUs per server", description="A server carries one model at a time."
    )
    base_kw_per_phase: Kilowatts = Field(
        default=0.0, title="Base load", description="Constant load per phase in kW."
    )
    total_gpu_capacity: Annotated[int, Field(ge=1, le=MAX_GPUS)] = Field(
        title="GPU capacity", description="GPUs that the datacenter can host for inference."
    )
    models: Items[ModelDeployment] = Field(
        min_length=1, max_length=16, title="Models", description="The language models that it serves."
    )
    training: Items[TrainingOverlay] = Field(
        default=(), max_length=16, title="Training", description="Training jobs beside the inference load."
    )
    seed: Seed = Field(
        default=0,
        title="Seed",
        description="The datacenter's own random seed; it runs with this plus 1000 x the scenario's seed.",
    )
    power_augmentation: PowerAugmentation = Field(
        default_factory=PowerAugmentation,
        title="Server spread",
        description="How its servers differ in power.",
    )
    dt_s: Period = Field(default=0.1, title="Period", description="Time between two of its steps in seconds.")

    def model(self, label: str) -> ModelDeployment | None:
        """The deployment with this label, if it is served here."""
        return next((model for model in self.models if model.label == label), None)


def _at(field: str, message: str) -> PydanticCustomError:
    """A refusal of one field, raised by the model that holds it."""
    return PydanticCustomError("at_field", "{message}", {"message": message, "at": field})


def _ordered_range(field: str, bounds: tuple[float, float], *, least: float, most: float) -> None:
    low, high = bounds
    if not least <= low <= high <= most:
        raise _at(field, f"is [{low:g}, {high:g}]; needed are {least:g} <= low <= high <= {most:g}")
