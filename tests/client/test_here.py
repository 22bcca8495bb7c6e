"""Which service a script means that names none."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridcast.client import Client, NoService
from gridcast.client.here import LOCK, RUN_FILE, service_url

HERE = "http://127.0.0.1:7001"
NAMED = "http://127.0.0.1:7002"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDCAST_URL", raising=False)
    monkeypatch.delenv("GRIDCAST_DIR", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[None]:
    """What a running `gridcast up` leaves in its folder."""
    folder = tmp_path / ".gridcast"
    folder.mkdir()
    (folder / RUN_FILE).write_text(json.dumps({"url": HERE}))
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield
    os.close(lock)


@pytest.mark.usefixtures("running")
def test_the_service_of_this_folder_is_meant() -> None:
    assert service_url() == HERE
    with Client() as client:
        assert client.url == HERE


@pytest.mark.usefixtures("running")
def test_the_environment_comes_first_and_an_argument_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCAST_URL", f"{NAMED}/")
    assert service_url() == NAMED
    assert service_url("http://lab:8000") == "http://lab:8000"


@pytest.mark.usefixtures("running")
def test_another_folder_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("GRIDCAST_DIR", str(tmp_path / ".gridcast"))
    assert service_url() == HERE


def test_what_a_killed_service_left_behind_names_none(tmp_path: Path) -> None:
    (tmp_path / ".gridcast").mkdir()
    (tmp_path / ".gridcast" / RUN_FILE).write_text(json.dumps({"url": HERE}))
    (tmp_path / ".gridcast" / LOCK).touch()
    with pytest.raises(NoService):
        service_url()


def test_where_there_is_none_it_says_what_to_do() -> None:
    with pytest.raises(NoService, match="start `gridcast up` in this folder"):
        Client()


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="write it as http://HOST:PORT"):
        Client("lab:8000")
