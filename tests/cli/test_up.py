"""`gridcast up`: what it starts, how it is kept running, and that nothing of it is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import httpx2
import pytest
import redis

from tests.cli.started import Started, alive, started
from tests.waiting import until

PORT = ("--port", "0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "here"


async def gone(pids: set[int]) -> None:
    await until(lambda: not any(map(alive, pids)), what=f"the end of {pids}")


async def with_workers(up: Started, number: int = 1) -> set[int]:
    """The processes of `up`, once each worker has told of its child."""
    await until(lambda: len(up.grandchildren()) >= number, what="the workers' children")
    return up.pids()


async def test_stdout_is_the_ready_line_and_run_json_says_what_runs(folder: Path) -> None:
    async with started("up", *PORT, "--workers", "2", folder=folder) as up:
        running = up.run_file
        assert up.out == f"ready {running['url']}\n"
        assert running["url"].startswith("http://127.0.0.1:")
        assert set(running) == {"url", "redis_url", "broker_pid", "api_pids", "worker_pids"}
        assert (len(running["api_pids"]), len(running["worker_pids"])) == (1, 2)
        assert all(map(alive, up.pids()))
        assert httpx2.get(f"{up.url}/readyz").status_code == 200
        assert (folder / "run.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
async def test_a_signal_ends_everything(folder: Path, number: signal.Signals, code: int) -> None:
    async with started("up", *PORT, folder=folder) as up:
        pids = await with_workers(up)
        up.process.send_signal(number)
        assert await up.ended() == code
        assert not any(map(alive, pids))
        assert up.run_file == {}
        assert up.out.count("\n") == 1


async def test_killed_itself_it_takes_its_processes_with_it(folder: Path) -> None:
    async with started("up", *PORT, folder=folder) as up:
        running = up.run_file
        up.process.kill()
        await up.ended()
        await gone({running["broker_pid"], *running["api_pids"], *running["worker_pids"]})
        assert up.run_file == running, "nobody was left to remove run.json"
    async with started("up", *PORT, folder=folder) as again:
        assert again.run_file["url"] == again.url != running["url"]


@pytest.mark.parametrize("role", ["api", "worker", "broker"])
async def test_a_process_that_dies_is_started_again(folder: Path, role: str) -> None:
    async with started("up", *PORT, folder=folder) as up:
        before = up.run_file
        [victim] = [before["broker_pid"]] if role == "broker" else before[f"{role}_pids"]
        os.kill(victim, signal.SIGKILL)

        def replaced() -> bool:
            now = up.run_file
            pids = [now["broker_pid"]] if role == "broker" else now[f"{role}_pids"]
            return pids not in ([], [None], [victim])

        await until(replaced, what=f"a new {role}")
        after = up.run_file
        assert (after["url"], after["redis_url"]) == (before["url"], before["redis_url"])
        assert all(map(alive, up.pids() - up.grandchildren()))
        assert not alive(victim)
        assert "starting it again" in up.err


async def test_what_a_dead_worker_left_behind_is_ended(folder: Path) -> None:
    async with started("up", *PORT, folder=folder) as up:
        await with_workers(up)
        [child] = up.grandchildren()
        os.kill(up.run_file["worker_pids"][0], signal.SIGKILL)
        await gone({child})


async def test_one_that_does_not_listen_is_killed_at_the_second_signal(folder: Path) -> None:
    env = {"GRIDCAST_TEST_STANDIN": "stubborn-worker"}
    async with started("up", *PORT, folder=folder, env=env) as up:
        pids = await with_workers(up)
        up.process.send_signal(signal.SIGINT)
        await until(lambda: "once more" in up.err)
        up.process.send_signal(signal.SIGINT)
        assert await up.ended() == 130
        assert not any(map(alive, pids))


async def test_a_second_one_in_the_same_folder_is_refused_and_names_the_first(folder: Path) -> None:
    async with started("up", *PORT, folder=folder) as first:
        async with started("up", *PORT, folder=folder, ready=False) as second:
            assert await second.ended() == 4
            assert first.url in second.err
            assert second.out == ""
        assert all(map(alive, first.pids()))


async def test_a_port_in_use_is_refused_in_words(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with started("up", "--port", port, folder=folder, ready=False) as up:
            assert await up.ended() == 4
            assert f"port {port} of 127.0.0.1 is in use" in up.err


async def test_a_process_that_never_starts_ends_it_with_the_reason(folder: Path) -> None:
    async with started(
        "up", *PORT, folder=folder, env={"GRIDCAST_TEST_STANDIN": "broken-api"}, ready=False
    ) as up:
        assert await up.ended() == 1
        assert "the stand-in is broken" in up.err
        assert "api does not start" in up.err
        assert up.out == ""
        assert not any(map(alive, up.grandchildren()))


async def test_a_setting_that_is_not_valid_ends_it_at_once(folder: Path) -> None:
    env = {"GRIDCAST_TEST_STANDIN": "bad-setting"}
    async with started("up", *PORT, folder=folder, env=env, ready=False) as up:
        assert await up.ended() == 2
        assert up.err.count("GRIDCAST_X is not valid") == 1
        assert "api does not start: a setting is not valid" in up.err
        assert "starting it again" not in up.err


async def test_the_broker_says_nothing_that_doctor_says(folder: Path) -> None:
    async with started("up", *PORT, folder=folder) as up:
        assert "broker" in up.err
        assert "overcommit" not in up.err


async def test_the_broker_keeps_its_data_and_wants_its_password(folder: Path) -> None:
    async with started("up", *PORT, folder=folder) as up:
        url = up.run_file["redis_url"]
        with redis.Redis.from_url(url) as client:
            client.set("kept", "yes")
        port = int(url.rpartition(":")[2].partition("/")[0])
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.get("kept")
        up.process.terminate()
        await up.ended()
    async with started("up", *PORT, folder=folder) as again:
        with redis.Redis.from_url(again.run_file["redis_url"]) as client:
            assert client.get("kept") == b"yes"


async def test_a_named_broker_is_used_and_left_running(folder: Path, valkey_url: str) -> None:
    async with started("up", *PORT, folder=folder, env={"GRIDCAST_REDIS_URL": valkey_url}) as up:
        assert (up.run_file["redis_url"], up.run_file["broker_pid"]) == (valkey_url, None)
        up.process.terminate()
        assert await up.ended() == 0
    with redis.Redis.from_url(valkey_url) as client:
        assert client.ping()


async def test_a_demo_can_end_it_with_its_summary(folder: Path) -> None:
    arguments = ("up", *PORT, "--demo", "ieee13", "--exit-when-done", "--json")
    async with started(*arguments, folder=folder, ready=False) as up:
        assert await up.ended() == 0
        ready, summary = up.out.splitlines()
        assert ready.startswith("ready http://127.0.0.1:")
        assert json.loads(summary)["metrics"]["worst_vmin"] == 0.94
        assert f"{ready.removeprefix('ready ')}/sessions/abc" in up.err


@pytest.mark.parametrize(
    ("behaviour", "code", "words"),
    [("failing-demo", 1, "the power flow did not converge"), ("refused-demo", 2, "unknown scenario")],
)
async def test_a_demo_that_fails_is_told_by_the_exit_code(
    folder: Path, behaviour: str, code: int, words: str
) -> None:
    env = {"GRIDCAST_TEST_STANDIN": behaviour}
    arguments = ("up", *PORT, "--demo", "ieee13", "--exit-when-done")
    async with started(*arguments, folder=folder, env=env, ready=False) as up:
        assert await up.ended() == code
        assert words in up.err
