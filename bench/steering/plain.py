"""Plain OpenG2G with the commands of a session: reads `{overrides, applied}`, writes the state in each tick."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import orjson
from openg2g.datacenter.command import SetBatchSize, ShiftReplicas
from openg2g.grid.command import SetStoragePower, SetTaps
from openg2g.grid.config import TapPosition

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build_stock

from .setting import SCENARIO


def plain_openg2g() -> None:
    """Run OpenG2G's own classes with these commands, write the state in each tick."""
    given = orjson.loads(sys.stdin.buffer.read())
    config = resolve(SCENARIO, given["overrides"])
    coordinator = build_stock(config)
    (site,), grid = coordinator._datacenters, coordinator.grid
    battery = grid._storage_attachments[0].storage
    controllers = dict(zip((c.name for c in config.controllers), coordinator.controllers, strict=True))
    off: set[str] = set()
    by_tick: dict[int, list[dict[str, Any]]] = {}
    for done in given["applied"]:
        by_tick.setdefault(done["tick"], []).append(done)
    rows = []
    coordinator.reset()
    coordinator.start()
    for tick in range(config.n_ticks):
        for done in by_tick.get(tick, []):
            match done["command"], done["args"]:
                case "set_batch_size", args:
                    coordinator.dispatch_commands(
                        [SetBatchSize(batch_size_by_model=args["batch_size_by_model"], target=site)]
                    )
                case "shift_replicas", args:
                    coordinator.dispatch_commands(
                        [ShiftReplicas(args["model"], args["replica_delta"], target=site)]
                    )
                case "set_taps", args:
                    coordinator.dispatch_commands([SetTaps(TapPosition(regulators=args["regulators"]))])
                case "set_storage_power", args:
                    coordinator.dispatch_commands(
                        [SetStoragePower(battery, args["power_kw"], args["reactive_power_kvar"])]
                    )
                case "set_controller", args:
                    off = off - {args["name"]} if args["enabled"] else off | {args["name"]}
        coordinator.controllers[:] = [c for name, c in controllers.items() if name not in off]
        output = coordinator.step()
        here, there, stored = output.dc_states[site.name], output.grid_state, battery.state
        rows.append(
            [
                [_rounded(there.voltages[bus], "abc"[phase - 1], 5) for bus, phase in grid.v_index],
                here.batch_size_by_model,
                here.active_replicas_by_model,
                there.tap_positions.regulators,
                {
                    "p_kw": _rounded(stored, "power_kw", 3),
                    "q_kvar": _rounded(stored, "reactive_power_kvar", 3),
                    "soc": _rounded(stored, "soc", 6),
                },
            ]
        )
    sys.stdout.buffer.write(orjson.dumps(rows))


def _rounded(state: Any, name: str, digits: int) -> float:
    """As the `ticks` entry rounds."""
    return float(np.round(getattr(state, name), digits))


if __name__ == "__main__":
    plain_openg2g()
