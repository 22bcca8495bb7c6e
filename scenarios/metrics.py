"""The figures by which whole runs are judged: one number each for a run, as the `summary` entry tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of a run's summary; `better` is the direction that most people want."""

    title: str
    unit: str
    better: Direction


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "integral_violation_pu_s": Metric(
            title="Voltage violation, integrated over time and buses", unit="pu s", better="minimize"
        ),
        "violation_time_s": Metric(title="Time with a voltage outside the band", unit="s", better="minimize"),
        "worst_vmin": Metric(title="Lowest voltage", unit="pu", better="maximize"),
        "worst_vmax": Metric(title="Highest voltage", unit="pu", better="minimize"),
        "mean_throughput_tps": Metric(title="Mean throughput", unit="tokens/s", better="maximize"),
        "integrated_throughput_tokens": Metric(title="Tokens in all", unit="tokens", better="maximize"),
        "itl_deadline_fraction": Metric(
            title="Share of samples that miss the latency deadline", unit="1", better="minimize"
        ),
    }
)
"""Names are OpenG2G's (`VoltageStats`, `PerformanceStats`)."""
