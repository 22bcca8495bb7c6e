"""The catalogue: the experiments of OpenG2G's documentation, by names that scripts rely on.

`{feeder}` runs the documented fleet without control; its variants differ by their controllers alone, so that they
compare. Where a documented experiment cannot be run as it stands, the description says what is different.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from . import fleets
from .config import ScenarioConfig

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A named, checked description of one simulation."""

    name: str
    title: str
    description: str
    config: ScenarioConfig

    @property
    def feeder(self) -> str:
        """Name of the feeder."""
        return self.config.feeder


@cache
def catalogue() -> Mapping[str, Scenario]:
    """Name -> scenario, in the order in which they are shown."""
    return MappingProxyType({scenario.name: scenario for scenario in _scenarios()})


def config_schema() -> Json:
    """JSON Schema of a configuration, with titles, descriptions, units and bounds: a form can be built from it."""
    return ScenarioConfig.model_json_schema(mode="validation")


def _scenarios() -> Iterator[Scenario]:
    for fleet in fleets.FLEETS:
        yield from _variants(fleet)
    yield from _with_storage(fleets.IEEE123)
    yield _load_shift()


def _variants(fleet: fleets.Fleet) -> Iterator[Scenario]:
    feeder, nodes = fleet.feeder, fleet.feeder.removeprefix("ieee")
    title = f"IEEE {nodes}"
    taps, ofo = [_taps(fleet.tap_schedule)], _ofo(fleet)
    yield _scenario(feeder, f"{title}, no control", f"{fleet.story} Nothing reacts to the voltages.", fleet)
    yield _scenario(
        f"{feeder}-taps",
        f"{title}, tap schedule",
        f"{fleet.story} Regulator taps follow a fixed schedule.",
        fleet,
        taps,
    )
    yield _scenario(
        f"{feeder}-rule-based",
        f"{title}, rule-based batch sizes",
        f"{fleet.story} Batch sizes follow the worst voltage violation in proportion; taps stay.",
        fleet,
        _rule_based(fleet),
    )
    yield _scenario(
        f"{feeder}-ofo",
        f"{title}, OFO",
        f"{fleet.story} Online feedback optimisation sets the batch sizes; taps stay.",
        fleet,
        ofo,
    )
    yield _scenario(
        f"{feeder}-ofo-taps",
        f"{title}, OFO and tap schedule",
        f"{fleet.story} Online feedback optimisation sets the batch sizes while taps follow their schedule.",
        fleet,
        [*taps, *ofo],
    )


def _with_storage(fleet: fleets.Fleet) -> Iterator[Scenario]:
    modes = {"qv": "reactive power (Q-V droop)", "pv": "real power (P-V droop)"}
    for mode, words in modes.items():
        droop = {"type": "storage_droop", "name": "storage", "mode": mode}
        yield _scenario(
            f"{fleet.feeder}-storage-{mode}",
            f"IEEE 123, OFO and batteries, {mode[0].upper()}-V droop",
            f"{fleet.story} OFO sets the batch sizes; a battery beside each datacenter answers its own voltage with "
            f"{words}.",
            fleet,
            [*_ofo(fleet), droop],
            storages=fleets.STORAGES,
        )


def _load_shift() -> Scenario:
    fleet = fleets.LOAD_SHIFT
    shift = {"type": "load_shift", "gpus_per_shift": 8}
    return _scenario(
        "ieee123-load-shift",
        "IEEE 123, OFO and load shifting",
        f"{fleet.story} OFO sets the batch sizes; when they are at their limit, replicas move to other datacenters. "
        "OpenG2G's example puts z2_nw at bus 33, which has one phase only; here z2_nw and z3_se stand where the other "
        "scenarios have them.",
        fleet,
        [_taps(fleet.tap_schedule), *_ofo(fleet), shift],
        initial_taps=fleets.LOAD_SHIFT_TAPS,
    )


def _scenario(
    name: str,
    title: str,
    description: str,
    fleet: fleets.Fleet,
    controllers: list[Json] | None = None,
    **more: Any,
) -> Scenario:
    config: Json = {"feeder": fleet.feeder, "datacenters": fleet.datacenters}
    config |= {"generators": fleet.generators, "loads": fleet.loads, "controllers": controllers or [], **more}
    return Scenario(
        name=name, title=title, description=description, config=ScenarioConfig.model_validate(config)
    )


def _taps(schedule: list[Json]) -> Json:
    return {"type": "tap_schedule", "name": "taps", "schedule": schedule}


def _ofo(fleet: fleets.Fleet) -> list[Json]:
    return [{"type": "ofo", **_of(fleet, site, "ofo"), **fleet.ofo} for site in fleet.sites]


def _rule_based(fleet: fleets.Fleet) -> list[Json]:
    """With the gain and deadband of OpenG2G's comparison of controllers."""
    gains = {"step_size": 0.3, "deadband": 0.005}
    return [{"type": "rule_based", **_of(fleet, site, "rule-based"), **gains} for site in fleet.sites]


def _of(fleet: fleets.Fleet, site: str, kind: str) -> Json:
    return {"name": kind if len(fleet.sites) == 1 else f"{kind}-{site}", "datacenter": site}
