"""Traces, where OpenTelemetry is installed (`gridcast[trace]`) and `GRIDCAST_TRACE` asks for them. Off, they cost a look at
a variable and load nothing.

One trace leads from the request that starts a session through queue, claim, fork, build and first publish to the first
tick that a viewer is given. Children tell their times to their worker, which tells the spans: they load nothing at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .errors import BadSettings
from .settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

_NAME = "gridcast"

_tracer: Tracer | None = None
_provider: TracerProvider | None = None


def set_up_traces(settings: Settings, *, process: str) -> None:
    """Send spans by OTLP where the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, ...) say, if that is asked for.

    Raises:
        BadSettings: it is asked for, and OpenTelemetry is not installed.
    """
    if settings.trace == "off":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise BadSettings(
            "GRIDCAST_TRACE: OpenTelemetry is not installed; pip install 'gridcast[trace]', or leave it `off`"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": f"{_NAME}-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use(provider)


def use(provider: TracerProvider | None) -> None:
    """Make spans with `provider` from now on; `None`: make none."""
    global _tracer, _provider
    _provider = provider
    _tracer = None if provider is None else provider.get_tracer(_NAME)


def shut_down() -> None:
    """Send what was not sent yet; returns when that is done."""
    if _provider is not None:
        _provider.shutdown()
    use(None)


def enabled() -> bool:
    return _tracer is not None


@contextlib.contextmanager
def span(name: str, parent: str | None = None, /, **attributes: Any) -> Iterator[None]:
    """A span around the block; `parent` is the `traceparent` of its parent, else it is the present one's."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, context=_context(parent), attributes=attributes):
        yield


def told(name: str, parent: str | None, /, *, began_s: float, ended_s: float, **attributes: Any) -> None:
    """A span that is over already (unix seconds), below `parent`; without one there is no trace that it belongs to."""
    if _tracer is None or parent is None:
        return
    made = _tracer.start_span(
        name, context=_context(parent), start_time=int(began_s * 1e9), attributes=attributes
    )
    made.end(int(ended_s * 1e9))


def carried() -> str | None:
    """The present span as a `traceparent` (W3C), to be stored with what it causes."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def _context(parent: str | None) -> Any:
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: Mapping[str, str] = {"traceparent": parent}
    return TraceContextTextMapPropagator().extract(carrier)
