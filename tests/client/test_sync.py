"""`Client`: the same without `await`; whatever is left open ends with it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gridcast.client import Client, CommandRejected, Gap, Ticks
from tests.client.scripted import N_TICKS, SUMMARY, Scripted, in_a_thread, reset, whole
from tests.client.test_sequel import tick_numbers
from tests.waiting import PATIENCE_S


@pytest.fixture
def service() -> Iterator[Scripted]:
    with in_a_thread(Scripted()) as scripted:
        yield scripted


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gridcast-client")]


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_run_is_read_in_a_plain_loop(service: Scripted) -> None:
    service.log = [reset(6), *whole()[5:]]
    with Client(service.url) as client:
        items = list(client.run("abc").stream())
    assert tick_numbers(items) == list(range(N_TICKS))
    assert not any(isinstance(item, Gap) for item in items)
    assert threads() == []


def test_leaving_the_loop_closes_the_stream(service: Scripted) -> None:
    service.hold = True
    with Client(service.url) as client:
        run = client.run("abc")
        for item in run.stream():
            if isinstance(item, Ticks):
                break
        wait_until(lambda: service.streaming == 0)
        assert run.session().id == "abc"


def test_closing_the_client_closes_what_is_still_open(service: Scripted) -> None:
    service.hold = True
    client = Client(service.url)
    stream = client.run("abc").stream()
    next(stream)
    client.close()
    assert threads() == []
    wait_until(lambda: service.streaming == 0)
    with pytest.raises(RuntimeError, match="closed"):
        next(stream)
    with pytest.raises(RuntimeError, match="closed"):
        client.scenarios()
    client.close()


def test_a_thread_that_waits_is_let_go_when_the_client_closes(service: Scripted) -> None:
    service.hold = True
    client = Client(service.url)
    told: list[BaseException] = []
    items: list[object] = []

    def read() -> None:
        try:
            items.extend(client.run("abc").stream())
        except RuntimeError as error:
            told.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: service.streaming == 1)
    client.close()
    reader.join(PATIENCE_S)
    assert not reader.is_alive()
    assert [str(error) for error in told] == ["this client is closed"]


def test_threads_share_a_client(service: Scripted) -> None:
    found: list[list[int]] = []
    with Client(service.url) as client:

        def read() -> None:
            found.append(tick_numbers(list(client.run("abc").stream())))

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(PATIENCE_S)
    assert found == [list(range(N_TICKS))] * 4


def test_an_interrupted_wait_leaves_the_client_usable(
    service: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.hold = True
    with Client(service.url) as client:
        run = client.run("abc")
        stream = run.stream()
        first = next(stream)
        with monkeypatch.context() as patched:
            patched.setattr("concurrent.futures.Future.result", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                next(stream)
        assert first is not None
        wait_until(lambda: service.streaming == 0)
        assert run.session().id == "abc"


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_forgotten_client_ends_its_thread(service: Scripted) -> None:
    client = Client(service.url)
    client.run("abc").session()
    del client
    gc.collect()
    wait_until(lambda: threads() == [])


def test_a_stream_in_a_cycle_that_the_collector_finds_in_the_clients_own_thread_is_closed(
    service: Scripted,
) -> None:
    service.hold = True
    with Client(service.url) as client:
        holder: list[Any] = [client.run("abc").stream()]
        next(holder[0])
        holder.append(holder)
        gc.disable()
        try:
            del holder
            client._background.call(_collect())
        finally:
            gc.enable()
        wait_until(lambda: service.streaming == 0)


async def _collect() -> None:
    gc.collect()


def test_errors_are_those_of_the_async_client(service: Scripted) -> None:
    service.rejects = "it is paused"
    with Client(service.url) as client:
        with pytest.raises(CommandRejected, match="it is paused"):
            client.run("abc").command("pause").wait_applied()
        service.hold = True
        with pytest.raises(TimeoutError):
            client.run("abc").wait(timeout_s=0.02)


def test_the_shape_of_a_script(service: Scripted) -> None:
    service.session = {"status": "completed", "summary": SUMMARY}
    with Client(service.url) as client:
        run = client.create("ieee13", overrides={"duration_s": 2}, seed=3)
        assert service.posted[0]["overrides"] == {"duration_s": 2}
        assert run.wait().ticks == N_TICKS
        assert run.history(from_tick=2, to_tick=4).to_arrow()["tick"].to_pylist() == [2, 3, 4]
        assert [session.id for session in client.sessions()] == ["abc"]
        assert repr(run) == f"<Run abc at {service.url}>"
