"""What a run's numbers depend on besides scenario, seed, commands and versions: the content of the workload."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from .simulation import Simulation
from .workload import model_spec

_SPEC_FILES = ("trace.csv", "itl_fit.json", "logistic_fit.json")


def workload_hash(simulation: Simulation, specs_dir: Path | None) -> str:
    """SHA-256 over the figures that the run's models are simulated from: our tables, or the files of the spec cache."""
    if simulation.workload == "measured-figures" or specs_dir is None:
        return _tables_hash()
    specs = {
        model_spec(model).cache_hash()
        for datacenter in simulation.config.datacenters
        for model in datacenter.models
    }
    return _specs_hash(specs_dir, tuple(sorted(specs)))


@cache
def _tables_hash() -> str:
    folder = files("gridcast.scenarios").joinpath("data", "llm")
    tables = sorted(
        (table for table in folder.iterdir() if table.name.endswith(".csv")), key=lambda table: table.name
    )
    found = sha256()
    for table in tables:
        found.update(sha256(table.read_bytes()).digest())
    return found.hexdigest()


@cache
def _specs_hash(specs_dir: Path, specs: tuple[str, ...]) -> str:
    found = sha256()
    for spec in specs:
        for name in _SPEC_FILES:
            found.update(sha256((specs_dir / spec / name).read_bytes()).digest())
    return found.hexdigest()
