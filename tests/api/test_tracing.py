"""One trace leads from the request that starts a session to the first tick at a viewer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from gridcast.broadcaster import Settings, tracing
from gridcast.broadcaster.errors import BadSettings
from gridcast.workers.main import SessionWorker
from tests.api.serving import receive_until, serving
from tests.valkey import ValkeyServer
from tests.waiting import PATIENCE_S, until

pytest.importorskip("opentelemetry.sdk", reason="the extra `trace` is not installed")

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WHOLE = {
    "POST /api/sessions",
    "queue",
    "claim",
    "fork",
    "build",
    "first publish",
    "first tick at a viewer",
}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    yield exporter
    tracing.shut_down()


@pytest.fixture
async def settings(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """With a broker of its own, since a worker looks at it."""
    folder = tmp_path_factory.mktemp("traced")
    server = ValkeyServer(folder)
    server.start()
    yield Settings(redis_url=server.url, dir=folder)
    server.stop()


async def test_from_the_click_to_the_first_tick(settings: Settings, spans: InMemorySpanExporter) -> None:
    worker = SessionWorker(settings)
    working = asyncio.create_task(worker.run())
    async with serving(settings) as api, httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        body = {"scenario": "ieee13", "overrides": {"duration_s": 10}}
        response = await http.post("/api/sessions", json=body, headers={"traceparent": CALLER})
        session_id = response.json()["id"]
        async with api.watch(session_id=session_id) as viewer:
            await receive_until(viewer, type="status", status="completed")
        await until(lambda: {span.name for span in spans.get_finished_spans()} >= WHOLE)
    worker.stop()
    await working
    found = {span.name: span for span in spans.get_finished_spans()}
    assert {f"{span.context.trace_id:032x}" for span in found.values() if span.context} == {CALLER[3:35]}
    post = found["POST /api/sessions"]
    assert post.parent is not None
    assert f"{post.parent.span_id:016x}" == CALLER[36:52]
    assert post.context is not None
    for name in WHOLE - {"POST /api/sessions"}:
        parent = found[name].parent
        assert parent is not None, name
        assert parent.span_id == post.context.span_id, name
        attributes = found[name].attributes
        assert attributes is not None
        assert attributes["session"] == session_id
    order = ["POST /api/sessions", "queue", "claim", "fork", "build", "first publish"]
    begins = [found[name].start_time or 0 for name in order]
    assert begins == sorted(begins)
    assert (found["first tick at a viewer"].end_time or 0) > begins[-1]


def test_off_it_does_nothing() -> None:
    assert not tracing.enabled()
    assert tracing.carried() is None
    with tracing.span("x"):
        assert tracing.carried() is None
    tracing.told("x", CALLER, began_s=1.0, ended_s=2.0)


def test_asked_for_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(BadSettings, match=r"gridcast\[trace\]"):
        tracing.set_up_traces(Settings(trace="otlp"), process="api")
