"""Steering: what dies is recovered without a trace in the ticks, and what people command is done, once and at once."""

from __future__ import annotations

import asyncio
import os

from bench.report import Report
from bench.service import Service, service

from . import drill, flood, pace
from .setting import LEASE_S


def run(*, quick: bool) -> Report:
    report = Report(title=f"Steering (leases of {LEASE_S:g} s)")
    os.environ["GRIDCAST_LEASE_S"] = str(LEASE_S)
    try:
        with service("--workers", "2") as running:
            asyncio.run(drill.drill(running, report, times=3 if quick else 20))
        with service("--workers", "1", "--slots", "64") as running:
            _pace(running, report, quick=quick)
            flood.flood(running, report, count=1_000 if quick else 10_000)
    finally:
        del os.environ["GRIDCAST_LEASE_S"]
    return report


def commands(*, quick: bool) -> Report:
    """The part of it that every change to the way of a tick is looked at with."""
    report = Report(title="Commands, and sessions at real time")
    with service("--workers", "1", "--slots", "64") as running:
        _pace(running, report, quick=quick)
    return report


def _pace(running: Service, report: Report, *, quick: bool) -> None:
    asyncio.run(pace.latency(running, report))
    pace.crowd(running, report, count=16 if quick else 64, seconds=10 if quick else 60)
