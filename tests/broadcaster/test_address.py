"""Addresses of brokers: one server, sentinels that know which one it is, a cluster; passwords out of files."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from gridcast.broadcaster import load_settings
from gridcast.broadcaster.address import Nodes, Sentinels, nodes_in, place, sentinels_in
from gridcast.broadcaster.client import async_client, async_pubsub_client, channels_of, sync_client
from gridcast.broadcaster.cluster import Cluster
from gridcast.broadcaster.errors import BadSettings


@pytest.mark.parametrize(
    ("url", "hosts", "master", "database"),
    [
        ("redis+sentinel://a", (("a", 26379),), "mymaster", 0),
        ("redis+sentinel://a:1,b/grid", (("a", 1), ("b", 26379)), "grid", 0),
        ("redis+sentinel://[::1]:5/grid/2", (("::1", 5),), "grid", 2),
    ],
)
def test_sentinels_are_named_with_their_master(
    url: str, hosts: tuple[tuple[str, int], ...], master: str, database: int
) -> None:
    wanted = Sentinels(hosts=hosts, master=master, database=database, username=None, password=None)
    assert sentinels_in(url) == wanted


def test_the_password_in_the_address_is_the_brokers_and_is_not_shown() -> None:
    url = "redis+sentinel://:p%40ss@a,b/grid"
    watched = sentinels_in(url)
    assert watched is not None
    assert watched.password == "p@ss"
    assert place(url) == "grid of a:26379,b:26379"
    assert place("redis://:secret@broker:7000/0") == "broker:7000"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("broker:6379", "redis://"),
        ("http://broker", "redis://"),
        ("redis+sentinel://", "HOST"),
        ("redis+sentinel://a:b/grid", "HOST"),
        ("redis+sentinel://a,/grid", "HOST"),
        ("redis+sentinel://a/grid/first", "number of a database"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_what_is_needed(url: str, told: str) -> None:
    with pytest.raises(BadSettings, match=f"GRIDCAST_REDIS_URL.*{told}"):
        load_settings(redis_url=url)


def test_a_password_comes_from_its_file_unless_the_address_has_one(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("of the file\n")
    for url, wanted in (
        ("redis://broker", "of the file"),
        ("redis://:own@broker", "own"),
        ("redis+sentinel://a,b/grid", "of the file"),
        ("redis+sentinel://:own@a,b/grid", "own"),
    ):
        settings = load_settings(redis_url=url, redis_password_file=file)
        for client in (async_client(settings), sync_client(settings)):
            assert client.connection_pool.connection_kwargs["password"] == wanted


@pytest.mark.parametrize("content", [None, " \n"])
def test_a_password_file_that_holds_none_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadSettings, match=r"GRIDCAST_REDIS_PASSWORD_FILE.*password"):
        load_settings(redis_password_file=file)


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    url = "redis+cluster://me:p%40ss@a:7000,b,[::1]:7001"
    hosts = (("a", 7000), ("b", 6379), ("::1", 7001))
    assert nodes_in(url) == Nodes(hosts=hosts, username="me", password="p@ss")
    assert place(url) == "cluster of a:7000,b:6379,::1:7001"
    assert nodes_in("redis+cluster://a/0") == Nodes(hosts=(("a", 6379),), username=None, password=None)
    assert nodes_in("redis://a") is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("a,b", r"redis\+cluster://"),
        ("http://a", r"redis\+cluster://"),
        ("redis+cluster://", "HOST"),
        ("redis+cluster://a:b", "HOST"),
        ("redis+cluster://a,", "HOST"),
        ("redis+cluster://a/1", "database 0"),
        ("redis+sentinel://a/grid/first", "number of a database"),
    ],
)
def test_an_address_of_channels_that_leads_nowhere_is_refused_likewise(url: str, told: str) -> None:
    with pytest.raises(BadSettings, match=f"GRIDCAST_CHANNELS_URL.*{told}"):
        load_settings(channels_url=url)


def test_a_cluster_for_all_is_refused_with_where_it_belongs() -> None:
    with pytest.raises(BadSettings, match=r"GRIDCAST_REDIS_URL: .*GRIDCAST_CHANNELS_URL"):
        load_settings(redis_url="redis+cluster://a")


@pytest.mark.parametrize("given", [None, ""])
def test_without_an_address_of_their_own_channels_are_at_the_same_client(given: str | None) -> None:
    settings = load_settings(channels_url=given)
    assert settings.channels_url is None
    one, blocking = async_client(settings), sync_client(settings)
    assert channels_of(one) is one
    assert channels_of(blocking) is blocking


def test_the_channels_broker_has_a_password_of_its_own(tmp_path: Path) -> None:
    for name in ("main", "channels"):
        (tmp_path / name).write_text(f"of {name}")
    given = {"redis_password_file": tmp_path / "main", "channels_password_file": tmp_path / "channels"}
    apart = load_settings(channels_url="redis://other:7000", **given)
    for client in (async_client(apart), sync_client(apart)):
        assert client.connection_pool.connection_kwargs["password"] == "of main"
        assert channels_of(client).connection_pool.connection_kwargs["password"] == "of channels"  # type: ignore[type-var]
    for url, wanted in (("redis+cluster://a", "of channels"), ("redis+cluster://:own@a", "own")):
        clustered = load_settings(channels_url=url, **given)
        cluster = cast("Cluster", channels_of(async_client(clustered)))
        assert cluster.connection_kwargs["password"] == wanted
        listening = async_pubsub_client(clustered).connection_pool.connection_kwargs
        assert listening["password"] == wanted
