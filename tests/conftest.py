"""Fixtures for all tests."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridcast.broadcaster import Settings
from tests.turns import Turns, in_turns
from tests.valkey import ValkeyServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    files = dict.fromkeys(item.nodeid.partition("::")[0] for item in items)
    places = {file: place for place, file in enumerate(in_turns(files))}
    items.sort(key=lambda item: places[item.nodeid.partition("::")[0]])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Turns:
    return Turns(config, log)


@pytest.fixture(scope="module", autouse=True)
def nothing_left_over() -> None:
    """What one file of tests leaves to the garbage collector is not blamed on a test of another."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One server for all tests of a run that do not hurt it."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(shared_valkey: ValkeyServer) -> ValkeyServer:
    """A running server with no keys in it; not to be killed, frozen or filled."""
    shared_valkey.empty()
    return shared_valkey


@pytest.fixture
def valkey_url(valkey: ValkeyServer) -> str:
    return valkey.url


@pytest.fixture
def mortal_valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server of the test's own, to kill, freeze and restart."""
    server = ValkeyServer(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(valkey_url: str, tmp_path: Path) -> Settings:
    """Settings that point at the test's broker and folder."""
    return Settings(redis_url=valkey_url, dir=tmp_path / "gridcast", lease_s=2.0)
