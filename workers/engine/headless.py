"""A simulation at engine speed, without viewers: in goes a whole config, out come its metrics and a few facts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from gridcast.broadcaster import BrokerUnavailable, Settings
from gridcast.broadcaster.client import sync_client
from gridcast.broadcaster.simulations import FailureKind, Result, finish
from gridcast.scenarios import ScenarioConfig, ScenarioError, parse_config
from gridcast.workers.orders import Exit, Order, Report

from .build import build
from .columns import Gatherer, Layout
from .digest import Digest
from .errors import EngineError, PowerFlowDiverged
from .facts import Facts
from .link import FIRST_RETRY_S, Drained
from .reasons import reason_of
from .summary import Summary

log = structlog.get_logger(__name__)

BLOCK_TICKS = 256
REPORT_S = 0.25
"""How often the worker is told how far it is at most."""
NICE = 10
"""People wait for sessions; nobody stares at these."""


def simulate(
    config: ScenarioConfig,
    *,
    specs_dir: Path | None = None,
    draining: Callable[[], bool] = lambda: False,
    progress: Callable[[int, float], None] = lambda tick, done: None,
) -> Result:
    """The same ticks as a session of this config without commands, to the last bit.

    `progress` is told the ticks done and their share. A power flow that diverges is a result, like
    everything that another attempt would meet again.

    Raises:
        Drained: told to end before it was done.
    """
    began_s = time.monotonic()
    tick = 0
    try:
        simulation = build(config, specs_dir=specs_dir)
        coordinator = simulation.coordinator
        coordinator.reset()
        coordinator.start()
        gatherer = Gatherer(simulation, Layout.of(simulation))
        summary, facts, digest = Summary(simulation), Facts.of(simulation), Digest()
        while tick < config.n_ticks:
            for _ in range(min(BLOCK_TICKS, config.n_ticks - tick)):
                gatherer.add(coordinator.step())
                tick += 1
            block = gatherer.take()
            digest.update(block)
            summary.add(block)
            facts.add(block)
            progress(tick, tick / config.n_ticks)
            if draining():
                raise Drained
    except (EngineError, ScenarioError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
        kind: FailureKind = "diverged" if isinstance(error, PowerFlowDiverged) else "invalid"
        reason = reason_of(error, tick=tick, t_s=tick * config.tick_s)
        return Result(
            reason=reason,
            kind=kind,
            ticks=tick,
            simulated_s=tick * config.tick_s,
            wall_s=time.monotonic() - began_s,
        )
    return Result(
        metrics=summary.metrics(),
        facts=facts.told(),
        digest=digest.hex(),
        ticks=tick,
        simulated_s=tick * config.tick_s,
        wall_s=time.monotonic() - began_s,
    )


def host_simulation(
    order: Order,
    settings: Settings,
    *,
    draining: Callable[[], bool],
    send: Callable[[Report], None],
) -> Exit:
    """Compute one in this process, which must have done nothing with OpenDSS before, and store what came out."""
    os.nice(NICE)
    told_at = time.monotonic()

    def progress(tick: int, done: float) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at >= REPORT_S:
            told_at = now
            send(Report(pid=os.getpid(), tick=tick, lag_s=0.0, done=done))

    try:
        result = simulate(
            parse_config(order.record["config"]),
            specs_dir=settings.specs_dir,
            draining=draining,
            progress=progress,
        )
    except Drained:
        return Exit.DRAINED
    redis = sync_client(settings)
    try:
        while True:
            try:
                finish(redis, order.id, result, ttl_s=settings.results_ttl_s)
                return Exit.DONE
            except BrokerUnavailable:
                if draining():
                    return Exit.DRAINED
                time.sleep(FIRST_RETRY_S)
    finally:
        redis.close()
