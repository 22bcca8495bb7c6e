"""The `schema` entry says what the numbers mean."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import orjson

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build
from gridcast.workers.engine.columns import Gatherer, Layout
from gridcast.workers.engine.schema import schema
from gridcast.workers.versions import versions
from tests.goldens import golden, on_the_wire
from tests.workers.engine.runs import in_process

BATTERY = {"name": "battery", "bus": "671", "rated_power_kw": 500.0, "capacity_kwh": 1000.0}
OVERRIDES = {"duration_s": 100, "storages": [BATTERY], "controllers.0.enabled": False}


def schema_of_a_run() -> tuple[bytes, int, int]:
    """(entry, number of voltages of a tick, number of regulators of a tick)"""
    simulation = build(resolve("ieee13-ofo", OVERRIDES))
    simulation.coordinator.reset()
    simulation.coordinator.start()
    layout = Layout.of(simulation)
    gatherer = Gatherer(simulation, layout)
    gatherer.add(simulation.coordinator.step())
    numbers = gatherer.take().numbers
    entry = orjson.dumps(schema(simulation, session_id="k3v9", scenario="ieee13-ofo", now_s=5.0))
    return entry, numbers[0, layout.voltages].size, numbers[0, layout.taps].size


def test_the_entry_is_the_golden_one_and_fits_the_ticks(processes: ProcessPoolExecutor) -> None:
    entry, voltages, taps = in_process(processes, schema_of_a_run)
    expected = golden("schema")
    assert on_the_wire(entry, offset=3) == expected
    assert len(expected["bus_phases"]) == voltages
    assert len(expected["regulators"]) == taps


def test_versions_name_what_a_run_depends_on() -> None:
    assert {"gridcast", "openg2g", "dss_python_backend", "numpy"} <= versions().keys()
    assert all(versions().values())
