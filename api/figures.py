"""All figures of `/metrics`, made when they are asked for: of this process, and of the workers what their heartbeats tell.

docs/metrics.md says what each one means; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gridcast.broadcaster import BrokerUnavailable
from gridcast.broadcaster.histogram import Histogram, ToldHistogram, cumulative
from gridcast.broadcaster.totals import TOTALS
from gridcast.broadcaster.workers import Heartbeat

from .services import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What the broker says of the others."""

    beats: Sequence[Heartbeat]
    queues: Mapping[str, int]


async def elsewhere(services: Services) -> Elsewhere | None:
    """Ask the broker; `None` while it is away."""
    try:
        return Elsewhere(
            beats=await services.heartbeats.alive(),
            queues={
                "sessions": await services.queue.depth(),
                "simulations": await services.queue.batch_depth(),
                "coordinators": await services.queue.coordinate_depth(),
            },
        )
    except BrokerUnavailable:
        return None


class Figures(Collector):
    """One scrape."""

    def __init__(self, services: Services, others: Elsewhere | None) -> None:
        self._services = services
        self._others = others

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from self._counters()
        stats = self._services.stats
        yield _histogram(
            "gridcast_api_delivery_seconds",
            "From writing entries until they were handed to those who watch live, one value for each batch",
            stats.delivery_s,
        )
        yield _histogram(
            "gridcast_api_response_seconds", "From a request until its answer begins", stats.response_s
        )
        if self._others is not None:
            yield from _of_workers(self._others)

    def _gauges(self) -> Iterator[Metric]:
        services = self._services
        audience = services.audience
        gauges: dict[str, tuple[str, float]] = {
            "viewers": ("Open WebSockets and event streams", len(audience)),
            "websockets": ("Open WebSockets", sum(seat.outlet is not None for seat in audience)),
            "channels": ("Channels that somebody watches through this process", len(services.hub.channels)),
            "subscribers": ("Readers of channels in this process", sum(services.hub.channels.values())),
            "window_bytes": ("Newest entries kept in memory", services.hub.window_bytes),
            "full_cache_bytes": ("Entries translated into the full format", services.full.size_bytes),
            "live_tail_up": ("1 if the canary came back lately", float(services.hub.healthy)),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"gridcast_api_{name}", text, value=value)

    def _counters(self) -> Iterator[Metric]:
        stats = self._services.stats
        counters = {
            "frames": ("Frames handed to viewers", stats.frames),
            "bytes": ("Bytes handed to viewers", stats.bytes),
            "viewers_let_go": ("Viewers cut because they did not keep up", stats.viewers_let_go),
            "catch_ups": ("Viewers at the live edge that had to go on from the log", stats.catch_ups),
            "log_pages": ("Pages of logs read for those who are behind", TOTALS.log_pages),
            "sessions_created": ("Sessions created", stats.sessions_created),
            "commands": ("Commands stored", stats.commands),
            "audit_failures": ("Audit records that could not be stored", TOTALS.audit_failures),
        }
        for name, (text, total) in counters.items():
            yield CounterMetricFamily(f"gridcast_api_{name}", text, value=total)
        resets = CounterMetricFamily(
            "gridcast_api_resets", "Readers that were told what they miss", labels=["reason"]
        )
        for reason in ("trimmed", "epoch", "ahead"):
            resets.add_metric([reason], TOTALS.resets[reason])
        yield resets
        refused = CounterMetricFamily("gridcast_api_limited", "Refused by a limit", labels=["limit"])
        for limit in ("requests", "commands", "sockets", "sessions", "analyses"):
            refused.add_metric([limit], self._services.limits.refused[limit])
        yield refused
        responses = CounterMetricFamily(
            "gridcast_api_responses", "HTTP responses", labels=["method", "status"]
        )
        for (method, status), count in sorted(stats.responses.items()):
            responses.add_metric([method, str(status)], count)
        yield responses


def _of_workers(others: Elsewhere) -> Iterator[Metric]:
    """The same from every API process: take the largest over them, not the sum."""
    yield GaugeMetricFamily("gridcast_workers", "Live workers", value=len(others.beats))
    depth = GaugeMetricFamily("gridcast_queue_depth", "Jobs that wait for a worker", labels=["queue"])
    for queue, jobs in others.queues.items():
        depth.add_metric([queue], jobs)
    yield depth
    yield GaugeMetricFamily(
        "gridcast_recordings_paused",
        "Sessions whose recording waits for its store, on all workers",
        value=sum(s.get("recording") == "paused" for beat in others.beats for s in beat["sessions"]),
    )
    slots = GaugeMetricFamily("gridcast_worker_slots", "Sessions that a worker takes", labels=["worker"])
    sessions = GaugeMetricFamily("gridcast_worker_sessions", "Sessions that it runs", labels=["worker"])
    lag = GaugeMetricFamily(
        "gridcast_worker_lag_seconds", "How far the slowest of them is behind its pace", labels=["worker"]
    )
    simulations = GaugeMetricFamily(
        "gridcast_worker_simulations", "Simulations without viewers that it runs", labels=["worker"]
    )
    ticks = CounterMetricFamily("gridcast_worker_ticks", "Ticks published", labels=["worker"])
    lost = CounterMetricFamily(
        "gridcast_worker_leases_lost", "Children whose session another worker took over", labels=["worker"]
    )
    recoveries = CounterMetricFamily(
        "gridcast_worker_recoveries",
        "Sessions put back into the queue: their lease lapsed, or their child ended too early",
        labels=["worker", "reason"],
    )
    publish = HistogramMetricFamily(
        "gridcast_worker_publish_seconds",
        "From handing entries to the broker until it has them, one value for each call",
        labels=["worker"],
    )
    waited = HistogramMetricFamily(
        "gridcast_worker_queue_wait_seconds",
        "From asking for a worker until this one took the session",
        labels=["worker"],
    )
    for beat in others.beats:
        worker = [beat["id"]]
        slots.add_metric(worker, beat["slots"])
        sessions.add_metric(worker, len(beat["sessions"]))
        lag.add_metric(worker, max((session["lag_s"] for session in beat["sessions"]), default=0.0))
        figures = beat.get("figures")
        if figures is None:
            continue
        simulations.add_metric(worker, figures["simulations"])
        ticks.add_metric(worker, figures["ticks"])
        lost.add_metric(worker, figures["leases_lost"])
        for reason in ("lapsed", "ended"):
            recoveries.add_metric([*worker, reason], figures["recoveries"].get(reason, 0))
        _add(publish, worker, figures["publish_s"])
        _add(waited, worker, figures["queue_wait_s"])
    yield from (slots, sessions, lag, simulations, ticks, lost, recoveries, publish, waited)


def _add(family: HistogramMetricFamily, labels: list[str], told: ToldHistogram) -> None:
    family.add_metric(labels, buckets=cumulative(told["bounds"], told["counts"]), sum_value=told["sum"])


def _histogram(name: str, text: str, histogram: Histogram) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text)
    _add(family, [], histogram.told())
    return family
