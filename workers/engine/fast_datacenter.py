"""OpenG2G's trace-based datacenter, stepped with less work and the same bits.

What is saved: servers are allocated only when a demand changes (the allocation is a pure function of the demands),
all models go through one set of arrays, latency distributions are reduced to the parameters of their draws, and no
history is kept. What must stay: the order of every sum, and every draw from every random stream.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openg2g.clock import SimulationClock
from openg2g.common import ThreePhase
from openg2g.datacenter.command import DatacenterCommand, SetBatchSize, ShiftReplicas
from openg2g.datacenter.config import ReplicaSchedule
from openg2g.datacenter.offline import OfflineDatacenter, OfflineDatacenterState
from openg2g.events import EventEmitter

from .errors import EngineError, RefusedCommand
from .latency import LatencyPlan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LAYOUTS = 64
"""Allocations that are remembered: enough for replicas that go back and forth, a few MB at most."""


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Which servers carry which model, as flat arrays in which the models follow one another."""

    servers: Ints
    parts: dict[str, slice]
    stagger: Ints
    amplitude: Floats
    phase_keys: Ints
    """Phase of each server, plus three times the position of its model."""
    active_replicas: dict[str, int]
    phase_share: dict[str, Floats]


class _Replicas:
    """The scheduled replica count of one model, for times that never go back."""

    def __init__(self, schedule: ReplicaSchedule) -> None:
        self._schedule = schedule
        self._starts = sorted(start for _target, start, _end in schedule._ramps)
        self._ends = [end for _target, _start, end in schedule._ramps]
        self._value = 0
        self._valid_before_s = -math.inf

    def at(self, t_s: float) -> int:
        """The count at a time, rounded as OpenG2G does."""
        if t_s >= self._valid_before_s:
            self._value = round(self._schedule.count_at(t_s))
            ramping = any(start <= t_s <= end for start, end in zip(self._starts, self._ends, strict=True))
            later = next((start for start in self._starts if start > t_s), math.inf)
            self._valid_before_s = -math.inf if ramping else later
        return self._value


class FastDatacenter(OfflineDatacenter):  # type: ignore[misc]  # OpenG2G has no type information
    """`OfflineDatacenter` whose states are bit-identical, without history, and with commands refused, not half done."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._labels = [ms.model_label for ms in self._models]
        if idle := [label for label in self._labels if self._replica_counts.get(label, 0) <= 0]:
            raise ValueError(
                f"{self.name}: OpenG2G never starts models that begin without replicas: {', '.join(idle)}"
            )
        self._fits = self._workload.inference_data.itl_fits
        self._gpus_per_replica = {ms.model_label: ms.gpus_per_replica for ms in self._models}
        self._forget()

    def reset(self) -> None:
        """Back to the initial conditions."""
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self._noise = np.random.default_rng(self._seed + 12345)  # what OpenG2G seeds its augmenter with
        self._noise_buffer = np.empty(self._pool.num_servers)
        self._schedules = [_Replicas(self._model_schedules[label]) for label in self._labels]
        self._layouts: OrderedDict[tuple[int, ...], _Layout] = OrderedDict()
        self._layout: _Layout | None = None
        self._servers_by_model: tuple[int, ...] = ()
        self._templates: list[Floats] | None = None
        self._latency: LatencyPlan | None = None

    def step(self, clock: SimulationClock, events: EventEmitter) -> OfflineDatacenterState:
        """Advance one period."""
        t_s = clock.time_s
        layout = self._layout_at(t_s)
        if self._latency is None:
            self._latency = LatencyPlan(
                self._fits, self._batch_by_model, layout.active_replicas, self._latency_rng
            )
        server_w = self._server_power(layout)
        state = OfflineDatacenterState(
            time_s=t_s,
            power_w=self._phase_power(layout, server_w, t_s),
            power_by_model_w={
                label: float(np.add.reduce(server_w[part])) for label, part in layout.parts.items()
            },
            active_replicas_by_model=layout.active_replicas.copy(),
            batch_size_by_model=self._batch_by_model.copy(),
            observed_itl_s_by_model=self._latency.draw(),
        )
        self._global_step += 1
        return state

    def apply_control(self, command: DatacenterCommand, events: EventEmitter) -> None:
        """Apply a command from the next step on; RefusedCommand, and no change, for what OpenG2G would choke on later."""
        match command:
            case SetBatchSize():
                self._check_batch_sizes(command)
                self.apply_control_set_batch_size(command, events)
                self._templates = self._latency = None
            case ShiftReplicas():
                if command.model_label not in self._labels:
                    raise RefusedCommand(f"{self.name} does not serve {command.model_label!r}")
                self.apply_control_shift_replicas(command, events)
            case _:
                raise RefusedCommand(f"{self.name} does not know the command {type(command).__name__}")

    @property
    def phase_share_by_model(self) -> dict[str, Floats]:
        """Per model, the fractions of its servers on phases a, b and c, as allocated in the last step."""
        return {} if self._layout is None else self._layout.phase_share

    def _check_batch_sizes(self, command: SetBatchSize) -> None:
        for label, size in command.batch_size_by_model.items():
            if label not in self._labels:
                raise RefusedCommand(f"{self.name} does not serve {label!r}")
            if int(size) not in self._fits.distributions[label]:
                raise RefusedCommand(f"{self.name}: no data for {label} at batch size {size}")

    def _layout_at(self, t_s: float) -> _Layout:
        offsets, gpus, per_server = (
            self._replica_offset_by_model,
            self._gpus_per_replica,
            self._pool.gpus_per_server,
        )
        servers_by_model = tuple(
            [
                math.ceil(max(0, schedule.at(t_s) + offsets[label]) * gpus[label] / per_server)
                for label, schedule in zip(self._labels, self._schedules, strict=True)
            ]
        )
        if self._layout is None or servers_by_model != self._servers_by_model:
            layout = self._layouts.pop(servers_by_model, None)
            self._layout = self._lay_out(servers_by_model) if layout is None else layout
            self._layouts[servers_by_model] = self._layout
            self._servers_by_model = servers_by_model
            self._latency = None
            if len(self._layouts) > _LAYOUTS:
                self._layouts.popitem(last=False)
        return self._layout

    def _lay_out(self, servers_by_model: tuple[int, ...]) -> _Layout:
        pool = self._pool
        try:
            allocation: dict[str, Ints] = pool.allocate(
                {
                    label: n * pool.gpus_per_server
                    for label, n in zip(self._labels, servers_by_model, strict=True)
                }
            )
        except RuntimeError as error:
            raise EngineError(f"{self.name} has not enough servers for its replicas ({error})") from error
        parts, end = {}, 0
        for label, n in zip(self._labels, servers_by_model, strict=True):
            parts[label] = slice(end, end + n)
            end += n
        servers = np.concatenate([allocation[label] for label in self._labels])
        positions = np.repeat(np.arange(len(self._labels)), servers_by_model)
        counts = {
            label: np.bincount(pool.phase_list[found], minlength=3).astype(float)
            for label, found in allocation.items()
            if len(found)
        }
        active = {
            label: n * pool.gpus_per_server // self._gpus_per_replica[label]
            for label, n in zip(self._labels, servers_by_model, strict=True)
        }
        return _Layout(
            servers=servers,
            parts=parts,
            stagger=pool.stagger_offsets[servers],
            amplitude=pool.amplitude_scales[servers],
            phase_keys=pool.phase_list[servers] + 3 * positions,
            active_replicas=active,
            phase_share={label: count / count.sum() for label, count in counts.items()},
        )

    def _server_power(self, layout: _Layout) -> Floats:
        """Power of each server in W, in the order of the layout."""
        if self._templates is None:
            store, sizes = self._workload.inference_data.power_templates, self._batch_by_model
            self._templates = [store.template(label, sizes[label]) for label in self._labels]
        pool = self._pool
        power_w = np.empty(len(layout.servers))
        for template, part in zip(self._templates, layout.parts.values(), strict=True):
            # "wrap" takes the index modulo the length of the template
            at = layout.stagger[part] + self._global_step % len(template)
            template.take(at, mode="wrap", out=power_w[part])
        power_w *= pool.gpus_per_server
        power_w *= layout.amplitude
        if pool.noise_fraction > 0:
            noise = self._noise.standard_normal(out=self._noise_buffer).take(layout.servers)
            noise *= pool.noise_fraction
            noise *= np.maximum(power_w, 1.0)
            power_w += noise
        np.maximum(power_w, 0.0, out=power_w)
        return power_w

    def _phase_power(self, layout: _Layout, server_w: Floats, t_s: float) -> ThreePhase:
        # Both bincount and these loops add in OpenG2G's order: server by server, then model by model from zero, then
        # base load and training. The builtin sum() compensates from Python 3.12 on, so it is out of the question.
        sums = np.bincount(layout.phase_keys, weights=server_w, minlength=3 * len(self._labels)).tolist()
        phases = []
        for phase in range(3):
            total_w = 0.0
            for model_w in sums[phase::3]:
                total_w += model_w
            phases.append(self._base_W_per_phase + total_w)
        for run, t_start, t_end in self._workload.training:
            training_w = run.eval_power(t_s, t_start, t_end) / 3.0
            phases = [power_w + training_w for power_w in phases]
        return ThreePhase(a=phases[0], b=phases[1], c=phases[2])
