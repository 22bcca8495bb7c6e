"""From a scenario to a simulation that can start.

`build` makes it of accelerated classes, which are bit-identical to OpenG2G's and what sessions run; `build_stock` of
OpenG2G's own, for tests and benches; `warm` loads and caches what children share by fork.
"""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from openg2g.controller.ofo import OFOBatchSizeController
from openg2g.controller.rule_based import RuleBasedBatchSizeController
from openg2g.controller.storage import LocalVoltageStorageDroopController
from openg2g.coordinator import Coordinator
from openg2g.datacenter.offline import OfflineDatacenter, OfflineDatacenterState
from openg2g.grid.base import GridState
from openg2g.grid.opendss import OpenDSSGrid

from gridcast.scenarios import ScenarioConfig, catalogue, load_feeder
from gridcast.scenarios.fields import exact

from .case import MASTER_FILE, case_text
from .fast_controllers import FastStorageDroop
from .fast_coordinator import FastCoordinator
from .fast_datacenter import FastDatacenter
from .fast_grid import FastGrid
from .parts import Kit, make_parts
from .simulation import ModelInfo, Simulation, Site, StorageSite
from .workload import load_workload, workload_name


def build(config: ScenarioConfig, *, specs_dir: Path | None = None) -> Simulation:
    """The scenario with accelerated classes: every `TickOutput` equals that of `build_stock` to the last bit.

    `specs_dir` is an OpenG2G spec cache; None, or one that lacks a model and cannot be filled, means measured
    figures for the whole run (see `workload`). Raises EngineError when the scenario cannot be built.
    """
    kit = Kit(
        grid=partial(FastGrid, case=case_text(config.feeder)),
        datacenter=FastDatacenter,
        ofo=OFOBatchSizeController,
        rule_based=RuleBasedBatchSizeController,
        storage_droop=FastStorageDroop,
    )
    parts = make_parts(config, kit, specs_dir=specs_dir)
    coordinator = FastCoordinator(
        datacenters=list(parts.datacenters.values()),
        grid=parts.grid,
        controllers=parts.controllers,
        disabled=[controller.name for controller in config.controllers if not controller.enabled],
        total_duration_s=config.duration_s,
    )
    return Simulation(
        config=config,
        workload=parts.workload,
        coordinator=coordinator,
        grid=parts.grid,
        datacenters={
            site.name: Site(
                name=site.name,
                bus=site.bus,
                backend=parts.datacenters[site.name],
                models=tuple(
                    ModelInfo(
                        label=model.label,
                        gpus_per_replica=model.gpus_per_replica,
                        itl_deadline_s=model.itl_deadline_s,
                        feasible_batch_sizes=model.feasible_batch_sizes,
                    )
                    for model in site.models
                ),
            )
            for site in config.datacenters
        },
        storages={
            storage.name: StorageSite(
                name=storage.name,
                bus=storage.bus,
                rated_power_kw=storage.rated_power_kw,
                capacity_kwh=storage.capacity_kwh,
                resource=parts.storages[storage.name],
            )
            for storage in config.storages
        },
        controllers=parts.controllers,
        regulators=tuple(regulator.name for regulator in load_feeder(config.feeder).regulators),
    )


def build_stock(
    config: ScenarioConfig, *, specs_dir: Path | None = None
) -> Coordinator[OfflineDatacenterState, GridState]:
    """The same scenario with OpenG2G's own classes, which keep every state; disabled controllers are left out.

    The case lies in a folder of its own for as long as the grid lives.
    """
    folder = TemporaryDirectory(prefix="gridcast-case-")
    (Path(folder.name) / MASTER_FILE).write_text(case_text(config.feeder), "utf-8")
    kit = Kit(
        grid=partial(OpenDSSGrid, dss_case_dir=folder.name),
        datacenter=OfflineDatacenter,
        ofo=OFOBatchSizeController,
        rule_based=RuleBasedBatchSizeController,
        storage_droop=LocalVoltageStorageDroopController,
    )
    parts = make_parts(config, kit, specs_dir=specs_dir)
    weakref.finalize(parts.grid, folder.cleanup)
    enabled = {controller.name for controller in config.controllers if controller.enabled}
    return Coordinator(
        datacenters=list(parts.datacenters.values()),
        grid=parts.grid,
        controllers=[controller for name, controller in parts.controllers.items() if name in enabled],
        total_duration_s=config.duration_s,
    )


def warm(*, specs_dir: Path | None = None) -> None:
    """Make and cache what the catalogue's scenarios need: cases, power traces, fits, training traces.

    For a fork server: its children share all of it. Takes about a second, and leaves OpenDSS alone.
    """
    for scenario in catalogue().values():
        config = scenario.config
        case_text(config.feeder)
        name = workload_name([model for site in config.datacenters for model in site.models], specs_dir)
        for site in config.datacenters:
            workload = load_workload(name, site.models, dt_s=exact(site.dt_s), specs_dir=specs_dir)
            for model in site.models:
                for size in model.feasible_batch_sizes:
                    workload.inference.power_templates.template(model.label, size)
