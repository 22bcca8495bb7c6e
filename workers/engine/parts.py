"""The OpenG2G parts of a scenario, made of whichever classes a `Kit` names: OpenG2G's own, or the accelerated ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from openg2g.controller.base import Controller
from openg2g.controller.batch_size_schedule import (
    BatchSizeChange,
    BatchSizeSchedule,
    BatchSizeScheduleController,
)
from openg2g.controller.load_shift import LoadShiftConfig as ShiftSettings
from openg2g.controller.load_shift import LoadShiftController
from openg2g.controller.ofo import OFOBatchSizeController, OFOConfig
from openg2g.controller.rule_based import RuleBasedBatchSizeController
from openg2g.controller.rule_based import RuleBasedConfig as RuleSettings
from openg2g.controller.storage import LocalVoltageStorageDroopController
from openg2g.controller.storage import StorageDroopConfig as DroopSettings
from openg2g.controller.tap_schedule import TapScheduleController
from openg2g.datacenter.config import DatacenterConfig as Facility
from openg2g.datacenter.config import (
    PowerAugmentationConfig,
    ReplicaSchedule,
    TrainingRun,
    TrainingSchedule,
)
from openg2g.datacenter.offline import OfflineDatacenter, OfflineWorkload
from openg2g.datacenter.workloads.training import TrainingTrace, TrainingTraceParams
from openg2g.grid.config import TapPosition, TapSchedule
from openg2g.grid.generator import ConstantGenerator, Generator, SyntheticPV
from openg2g.grid.load import ConstantLoad, ExternalLoad, SyntheticLoad
from openg2g.grid.opendss import OpenDSSGrid
from openg2g.grid.storage import BatteryStorage

from gridcast.scenarios import ScenarioConfig
from gridcast.scenarios.controllers import (
    BatchSizeScheduleConfig,
    ControllerConfig,
    LoadShiftConfig,
    OfoConfig,
    RuleBasedConfig,
    StorageDroopConfig,
    TapScheduleConfig,
)
from gridcast.scenarios.datacenters import DatacenterConfig, ModelDeployment
from gridcast.scenarios.datacenters import TrainingTrace as TraceConfig
from gridcast.scenarios.fields import exact
from gridcast.scenarios.resources import ExternalLoadConfig, GeneratorConfig, StorageConfig

from .case import MASTER_FILE
from .workload import Workload, WorkloadName, load_workload, workload_name


@dataclass(frozen=True, kw_only=True)
class Kit:
    """The classes to build with; `grid` knows its case already."""

    grid: Callable[..., OpenDSSGrid]
    datacenter: type[OfflineDatacenter]
    ofo: type[OFOBatchSizeController]
    rule_based: type[RuleBasedBatchSizeController]
    storage_droop: type[LocalVoltageStorageDroopController]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that a coordinator needs, keyed by the names of the scenario and in its order."""

    workload: WorkloadName
    grid: OpenDSSGrid
    datacenters: Mapping[str, OfflineDatacenter]
    storages: Mapping[str, BatteryStorage]
    controllers: Mapping[str, Controller[Any, Any]]


def make_parts(config: ScenarioConfig, kit: Kit, *, specs_dir: Path | None) -> Parts:
    """The parts of a scenario, wired together."""
    deployments = [model for datacenter in config.datacenters for model in datacenter.models]
    name = workload_name(deployments, specs_dir)
    workloads = {
        site.name: load_workload(name, site.models, dt_s=exact(site.dt_s), specs_dir=specs_dir)
        for site in config.datacenters
    }
    grid = kit.grid(
        dss_master_file=MASTER_FILE,
        dt_s=exact(config.grid_dt_s),
        source_pu=config.source_pu,
        initial_tap_position=_initial_taps(config),
        exclude_buses=config.exclude_buses,
    )
    datacenters = {}
    for site in config.datacenters:
        datacenter = _datacenter(kit, config, site, workloads[site.name])
        grid.attach_dc(
            datacenter, bus=site.bus, connection_type=site.connection, power_factor=site.power_factor
        )
        datacenters[site.name] = datacenter
    for generator in config.generators:
        grid.attach_generator(_generator(generator), bus=generator.bus, power_factor=generator.power_factor)
    for load in config.loads:
        grid.attach_load(_load(load), bus=load.bus, power_factor=load.power_factor)
    storages = {}
    for storage in config.storages:
        storages[storage.name] = _storage(storage)
        grid.attach_storage(storages[storage.name], bus=storage.bus, connection_type=storage.connection)
    wiring = _Wiring(kit, config, grid, datacenters, storages, workloads)
    return Parts(
        workload=name,
        grid=grid,
        datacenters=datacenters,
        storages=storages,
        controllers={controller.name: wiring.controller(controller) for controller in config.controllers},
    )


def _datacenter(
    kit: Kit, config: ScenarioConfig, site: DatacenterConfig, workload: Workload
) -> OfflineDatacenter:
    training = TrainingSchedule()
    for overlay in site.training:
        run = TrainingRun(
            n_gpus=overlay.n_gpus,
            trace=_training_trace(overlay.trace),
            target_peak_W_per_gpu=overlay.target_peak_w_per_gpu,
        )
        training |= run.at(t_start=overlay.t_start_s, t_end=overlay.t_end_s)
    return kit.datacenter(
        Facility(
            gpus_per_server=site.gpus_per_server,
            base_kw_per_phase=site.base_kw_per_phase,
            power_factor=site.power_factor,
        ),
        OfflineWorkload(
            inference_data=workload.inference,
            replica_schedules={model.label: _schedule(model) for model in site.models},
            initial_batch_sizes=_initial_batch_sizes(site),
            training=training,
        ),
        name=site.name,
        dt_s=exact(site.dt_s),
        seed=config.datacenter_seed(site),
        power_augmentation=PowerAugmentationConfig(
            amplitude_scale_range=site.power_augmentation.amplitude_scale_range,
            noise_fraction=site.power_augmentation.noise_fraction,
        ),
        total_gpu_capacity=site.total_gpu_capacity,
    )


def _initial_taps(config: ScenarioConfig) -> TapPosition | None:
    return TapPosition(regulators=dict(config.initial_taps)) if config.initial_taps else None


def _schedule(model: ModelDeployment) -> ReplicaSchedule:
    schedule = ReplicaSchedule(initial=model.replicas)
    for ramp in model.ramps:
        schedule = schedule.ramp_to(ramp.target, t_start=ramp.t_start_s, t_end=ramp.t_end_s)
    return schedule


def _initial_batch_sizes(site: DatacenterConfig) -> dict[str, int]:
    return {model.label: model.initial_batch_size for model in site.models}


@lru_cache(maxsize=32)
def _training_trace(trace: TraceConfig) -> TrainingTrace:
    return TrainingTrace.generate(
        TrainingTraceParams(
            duration_s=trace.duration_s,
            dt_s=trace.dt_s,
            seed=trace.seed,
            P_hi=trace.p_hi_w,
            P_lo=trace.p_lo_w,
            sigma_hi=trace.sigma_hi_w,
            sigma_lo=trace.sigma_lo_w,
            seg_lo_range=trace.seg_lo_s,
            seg_hi_range=trace.seg_hi_s,
            dip_prob_per_sec=trace.dip_prob_per_s,
            dip_depth_range=trace.dip_depth_w,
            dip_dur_range=trace.dip_dur_s,
            smooth_window_s=trace.smooth_window_s,
            ramp_s=trace.ramp_s,
            ramp_from=trace.ramp_from_w,
        )
    )


def _generator(config: GeneratorConfig) -> Generator:
    if config.profile == "constant":
        return ConstantGenerator(config.peak_kw)
    return SyntheticPV(config.peak_kw, site_idx=config.site_idx)


def _load(config: ExternalLoadConfig) -> ExternalLoad:
    if config.profile == "constant":
        return ConstantLoad(config.peak_kw)
    return SyntheticLoad(config.peak_kw, site_idx=config.site_idx)


def _storage(config: StorageConfig) -> BatteryStorage:
    return BatteryStorage(
        name=config.name,
        rated_power_kw=config.rated_power_kw,
        capacity_kwh=config.capacity_kwh,
        initial_soc=config.initial_soc,
        reserve_soc=config.reserve_soc,
        charge_efficiency=config.charge_efficiency,
        discharge_efficiency=config.discharge_efficiency,
        idle_loss_percent=config.idle_loss_percent,
        apparent_power_kva=config.apparent_power_kva,
    )


@dataclass(frozen=True)
class _Wiring:
    """What controllers are connected to."""

    kit: Kit
    config: ScenarioConfig
    grid: OpenDSSGrid
    datacenters: Mapping[str, OfflineDatacenter]
    storages: Mapping[str, BatteryStorage]
    workloads: Mapping[str, Workload]

    def controller(self, config: ControllerConfig) -> Controller[Any, Any]:
        match config:
            case TapScheduleConfig():
                return self._tap_schedule(config)
            case BatchSizeScheduleConfig():
                return self._batch_size_schedule(config)
            case RuleBasedConfig():
                return self._rule_based(config)
            case OfoConfig():
                return self._ofo(config)
            case StorageDroopConfig():
                return self._storage_droop(config)
            case LoadShiftConfig():
                return self._load_shift(config)

    def _site(self, name: str) -> DatacenterConfig:
        return next(site for site in self.config.datacenters if site.name == name)

    def _tap_schedule(self, config: TapScheduleConfig) -> TapScheduleController:
        schedule = TapSchedule(
            tuple((change.t_s, TapPosition(regulators=dict(change.taps))) for change in config.schedule)
        )
        return TapScheduleController(schedule=schedule, dt_s=exact(config.dt_s))

    def _batch_size_schedule(self, config: BatchSizeScheduleConfig) -> BatchSizeScheduleController:
        schedules: dict[str, BatchSizeSchedule] = {}
        for change in config.schedule:
            entry = BatchSizeChange(change.batch_size).at(change.t_s)
            schedules[change.model] = schedules[change.model] | entry if change.model in schedules else entry
        return BatchSizeScheduleController(
            datacenter=self.datacenters[config.datacenter], schedules=schedules, dt_s=exact(config.dt_s)
        )

    def _rule_based(self, config: RuleBasedConfig) -> RuleBasedBatchSizeController:
        v_min, v_max = self.config.voltage_bounds(config)
        return self.kit.rule_based(
            self.workloads[config.datacenter].specs,
            datacenter=self.datacenters[config.datacenter],
            grid=self.grid,
            config=RuleSettings(
                step_size=config.step_size,
                v_min=v_min,
                v_max=v_max,
                deadband=config.deadband,
                latency_guard=config.latency_guard,
            ),
            dt_s=exact(config.dt_s),
            exclude_buses=self.config.exclude_buses,
            zone_buses=config.zone_buses,
            initial_batch_sizes=_initial_batch_sizes(self._site(config.datacenter)),
        )

    def _ofo(self, config: OfoConfig) -> OFOBatchSizeController:
        workload = self.workloads[config.datacenter]
        v_min, v_max = self.config.voltage_bounds(config)
        return self.kit.ofo(
            workload.specs,
            datacenter=self.datacenters[config.datacenter],
            grid=self.grid,
            models=workload.logistic,
            config=OFOConfig(
                primal_step_size=config.primal_step_size,
                w_throughput=config.w_throughput,
                w_switch=config.w_switch,
                voltage_gradient_scale=config.voltage_gradient_scale,
                v_min=v_min,
                v_max=v_max,
                voltage_dual_step_size=config.voltage_dual_step_size,
                latency_dual_step_size=config.latency_dual_step_size,
                sensitivity_update_interval=config.sensitivity_update_interval,
                sensitivity_perturbation_kw=config.sensitivity_perturbation_kw,
            ),
            dt_s=exact(config.dt_s),
            initial_batch_sizes=_initial_batch_sizes(self._site(config.datacenter)),
        )

    def _storage_droop(self, config: StorageDroopConfig) -> LocalVoltageStorageDroopController:
        names = self.storages if config.storages is None else config.storages
        buses = {storage.name: storage.bus for storage in self.config.storages}
        return self.kit.storage_droop(
            grid=self.grid,
            storages={self.storages[name]: buses[name] for name in names},
            config=DroopSettings(
                mode=config.mode,
                v_ref=config.v_ref,
                deadband_pu=config.deadband_pu,
                full_output_voltage_error_pu=config.full_output_voltage_error_pu,
                droop_gain_per_pu=config.droop_gain_per_pu,
                max_abs_output=config.max_abs_output,
                allow_negative_output=config.allow_negative_output,
                voltage_statistic=config.voltage_statistic,
            ),
            dt_s=exact(config.dt_s),
        )

    def _load_shift(self, config: LoadShiftConfig) -> LoadShiftController:
        names = list(self.datacenters) if config.datacenters is None else list(config.datacenters)
        v_min, v_max = self.config.voltage_bounds(config)
        models = {name: self._site(name).models for name in names}
        everywhere = [model for served in models.values() for model in served]
        return LoadShiftController(
            config=ShiftSettings(enabled=True, gpus_per_shift=config.gpus_per_shift),
            dt_s=exact(config.dt_s),
            datacenters=[self.datacenters[name] for name in names],
            grid=self.grid,
            models_by_dc={
                self.datacenters[name]: [model.label for model in served] for name, served in models.items()
            },
            gpus_per_replica_by_model={model.label: model.gpus_per_replica for model in everywhere},
            feasible_batch_sizes_by_model={
                model.label: list(model.feasible_batch_sizes) for model in everywhere
            },
            v_min=v_min,
            v_max=v_max,
        )
