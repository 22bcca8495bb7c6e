"""Simulations run in processes of their own: OpenDSS is one engine per process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from openg2g.coordinator import Coordinator
from openg2g.datacenter.command import SetBatchSize, ShiftReplicas
from openg2g.grid.command import SetTaps
from openg2g.grid.config import TapPosition

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build, build_stock
from gridcast.workers.engine.fingerprint import fingerprint

Kind = Literal["fast", "stock"]
Overrides = Mapping[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def own_processes(at_once: int) -> Iterator[ProcessPoolExecutor]:
    """An executor whose every task has a process of its own, forked from a server that has OpenG2G imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(at_once, mp_context=context, max_tasks_per_child=1) as executor:
        yield executor


def coordinator_of(kind: Kind, scenario: str, overrides: Overrides) -> Coordinator[Any, Any]:
    config = resolve(scenario, overrides)
    return build(config).coordinator if kind == "fast" else build_stock(config)


def tick_digests(kind: Kind, scenario: str, overrides: Overrides) -> list[str]:
    """One digest for each tick of a whole run."""
    return [_digest(output) for output in coordinator_of(kind, scenario, overrides).run_iter()]


def commanded_digests(kind: Kind, scenario: str, overrides: Overrides) -> list[str]:
    """The same for a run into which a person commands, between ticks, a batch size, taps and a shift of replicas."""
    coordinator = coordinator_of(kind, scenario, overrides)
    datacenter = coordinator._datacenters[0]
    label = datacenter._models[0].model_label
    commands = {
        7: SetBatchSize(batch_size_by_model={label: 64}, target=datacenter),
        20: SetTaps(tap_position=TapPosition(regulators={"creg1a": 1.025})),
        33: ShiftReplicas(model_label=label, replica_delta=-16, target=datacenter),
        34: ShiftReplicas(model_label=label, replica_delta=8, target=datacenter),
    }
    digests = []
    coordinator.reset()
    coordinator.start()
    for tick in range(60):
        if tick in commands:
            coordinator.dispatch_commands([commands[tick]])
        digests.append(_digest(coordinator.step()))
    coordinator.stop()
    return digests


def first_difference(one: Sequence[str], other: Sequence[str]) -> int | None:
    """Number of the first tick that differs; None for equal runs."""
    if one == other:
        return None
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _digest(output: Any) -> str:
    return sha256(fingerprint(output)).hexdigest()


def in_process(executor: ProcessPoolExecutor, task: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a task that ran in a process of its own."""
    return executor.submit(partial(task, *args, **kwargs)).result(timeout=100)


def working_directory_after_start(scenario: str) -> tuple[Path, Path]:
    """(before, after) compiling a case."""
    before = Path.cwd()
    coordinator = coordinator_of("fast", scenario, {"duration_s": 1})
    coordinator.reset()
    coordinator.start()
    return before, Path.cwd()
