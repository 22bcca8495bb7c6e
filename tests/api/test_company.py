"""Who watches with whom, and where each one looks: told to those who asked, when it changes, over all API processes."""

from __future__ import annotations

import asyncio
from typing import Any

import fakeredis
import httpx2
import orjson
import pytest
from websockets.asyncio.client import ClientConnection

from gridcast.api import company
from gridcast.api.audience import Audience
from gridcast.api.company import NEWS_EVERY_S, Herald, News
from gridcast.api.frames import Frame
from gridcast.api.inbound import parse
from gridcast.api.models import PlayheadFrame
from gridcast.api.playhead import MOVES_PER_S, Mailbox, Playhead
from gridcast.broadcaster import Channel, Company, Presence, Settings, Viewer
from gridcast.broadcaster.presence import SHOWN, TTL_S
from gridcast.broadcaster.wheel import Wheel
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_until, serving
from tests.api.test_audience import Clock, Outlet
from tests.goldens import golden
from tests.waiting import PATIENCE_S, until

CHANNEL = Channel.session("k3v9")


def viewer(n: int) -> Viewer:
    return Viewer(id=f"v{n}", name="ada", since=float(n))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def presence(clock: Clock) -> Presence:
    return Presence(fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), protocol=2), now=clock)


@pytest.fixture
def audience(presence: Presence, clock: Clock) -> Audience:
    return Audience(presence, stall_s=10.0, heartbeat_s=15.0, clock=clock)


class Ear:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.deaf = False
        self.heard: list[dict[str, Any]] = []

    def tell(self, news: Frame) -> bool:
        if not self.deaf:
            self.heard.append(orjson.loads(news.payload))
        return not self.deaf


def test_the_frames_are_the_golden_ones() -> None:
    ada, ben = Viewer(id="v1", name="ada", since=5.0), Viewer(id="v2", name="ben", since=6.0)
    wheel = Wheel(holder="ada", since=5.5, asked={"ben": 7.0})
    news = News(Company(count=2, shown=[ada, ben], ticks={"v2": 371}), wheel)
    assert orjson.loads(news.for_viewer("v1").payload) == golden("viewers")
    assert parse(orjson.dumps(golden("playhead")).decode()) == PlayheadFrame(type="playhead", tick=371)


def test_those_who_are_not_shown_share_one_frame() -> None:
    news = News(Company(count=2, shown=[viewer(1)], ticks={}), None)
    assert news.for_viewer("v8") is news.for_viewer("v9")
    assert news.for_viewer("v1") is not news.for_viewer("v9")


def test_a_playhead_moves_four_times_a_second_and_what_comes_faster_is_dropped(clock: Clock) -> None:
    playhead = Playhead(clock=clock)
    for tick in range(MOVES_PER_S + 1):
        playhead.move(tick)
    assert playhead.tick == MOVES_PER_S - 1
    clock.now += 1 / MOVES_PER_S
    playhead.move(70)
    playhead.move(80)
    assert playhead.tick == 70
    clock.now += 60
    for tick in range(MOVES_PER_S + 1):
        playhead.move(tick)
    assert playhead.tick == MOVES_PER_S - 1


async def test_a_mailbox_holds_only_the_newest() -> None:
    mailbox = Mailbox()
    newest = Frame(b"2")
    assert mailbox.tell(Frame(b"1"))
    assert mailbox.tell(newest)
    assert await mailbox.take() is newest
    waiting = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    mailbox.tell(newest)
    assert await waiting is newest


async def test_news_comes_at_once_then_once_a_second_and_only_when_there_is_any(
    presence: Presence, audience: Audience, clock: Clock
) -> None:
    herald = Herald(presence, audience, clock=clock)
    async with audience.seat(CHANNEL, viewer(1), None) as one:
        one.ear = ear = Ear()
        await herald.go_round()
        assert [news["count"] for news in ear.heard] == [1]
        async with audience.seat(CHANNEL, viewer(2), None) as two:
            clock.now += NEWS_EVERY_S - 0.01
            await herald.go_round()
            assert len(ear.heard) == 1
            clock.now += 0.01
            await herald.go_round()
            assert [news["count"] for news in ear.heard] == [1, 2]
            clock.now += 5
            await herald.go_round()
            assert len(ear.heard) == 2
            two.playhead.move(7)
            await herald.go_round()
            assert [v["tick"] for v in ear.heard[-1]["viewers"]] == [None, 7]
            assert [v.get("you") for v in ear.heard[-1]["viewers"]] == [True, None]
        clock.now += NEWS_EVERY_S
        await herald.go_round()
        assert [v["id"] for v in ear.heard[-1]["viewers"]] == ["v1"]


async def test_who_did_not_ask_is_told_nothing_and_who_is_behind_is_told_later(
    presence: Presence, audience: Audience, clock: Clock
) -> None:
    herald = Herald(presence, audience, clock=clock)
    async with (
        audience.seat(CHANNEL, viewer(1), Outlet()) as silent,
        audience.seat(CHANNEL, viewer(2), None) as slow,
    ):
        slow.ear = ear = Ear()
        ear.deaf = True
        await herald.go_round()
        clock.now += NEWS_EVERY_S
        await herald.go_round()
        assert ear.heard == []
        ear.deaf = False
        clock.now += NEWS_EVERY_S
        await herald.go_round()
        assert [news["count"] for news in ear.heard] == [2]
        assert isinstance(silent.outlet, Outlet)
        assert silent.outlet.beats == []


async def test_an_error_that_nobody_foresaw_ends_a_round_and_not_the_news(
    presence: Presence, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("PAUSE_S", "AFTER_ERROR_S"):
        monkeypatch.setattr(company, pause, 0)
    fail_once = [ValueError("a viewer that cannot be read"), TypeError("nor this one")]
    known, place = presence.glances, presence.place

    async def glances(channels: list[Channel]) -> Any:
        if fail_once:
            raise fail_once.pop()
        return await known(channels)

    placed: list[dict[str, int]] = []

    async def placing(channel: Channel, process: str, ticks: dict[str, int]) -> None:
        placed.append(ticks)
        if len(placed) == 1:
            raise ValueError("no place")
        await place(channel, process, ticks)

    monkeypatch.setattr(presence, "glances", glances)
    monkeypatch.setattr(presence, "place", placing)
    async with audience.seat(CHANNEL, viewer(1), None) as one:
        one.ear = ear = Ear()
        one.playhead.move(7)
        rounds = asyncio.create_task(Herald(presence, audience).run())
        await until(lambda: bool(ear.heard), what="the news of a later round")
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)
    assert placed == [{"v1": 7}] * 2, "what moved in a round that failed is passed on in the next"
    assert [v["tick"] for v in ear.heard[-1]["viewers"]] == [7]


async def test_of_many_only_the_first_fifty_are_shown_and_all_are_counted(presence: Presence) -> None:
    await presence.announce(CHANNEL, [viewer(n) for n in range(1000)])
    await presence.place(CHANNEL, "p", {"v3": 5, "v999": 6})
    company = await presence.company(CHANNEL)
    assert company.count == 1000
    assert [v.id for v in company.shown] == [f"v{n}" for n in range(SHOWN)]
    assert company.ticks == {"v3": 5}


async def test_news_for_hundreds_comes_less_often(
    presence: Presence, audience: Audience, clock: Clock
) -> None:
    herald = Herald(presence, audience, clock=clock)
    ears = []
    async with audience.seat(CHANNEL, viewer(0), None) as mover:
        seats = [audience.seat(CHANNEL, viewer(n), None) for n in range(1, 401)]
        for opening in seats:
            seat = await opening.__aenter__()
            seat.ear = Ear()
            ears.append(seat.ear)
        await herald.go_round()
        mover.playhead.move(1)
        clock.now += 3.9
        await herald.go_round()
        assert {len(ear.heard) for ear in ears} == {1}
        clock.now += 0.2
        await herald.go_round()
        assert {len(ear.heard) for ear in ears} == {2}
        for opening in seats:
            await opening.__aexit__(None, None, None)


async def test_what_a_killed_process_left_behind_is_cleared_away(presence: Presence, clock: Clock) -> None:
    await presence.announce(CHANNEL, [viewer(1)])
    await presence.place(CHANNEL, "killed", {"v1": 5})
    clock.now += TTL_S
    await presence.announce(CHANNEL, [viewer(2)])
    assert (await presence.company(CHANNEL)).ticks == {}
    await presence.announce(CHANNEL, [viewer(1)])
    assert (await presence.company(CHANNEL)).ticks == {}


async def next_news(socket: ClientConnection, **wanted: Any) -> list[Any]:
    """The viewers of the next frame of which each field in `wanted` holds for the other viewer."""
    while True:
        frame = await receive_until(socket, type="viewers")
        others = [v for v in frame["viewers"] if not v.get("you")]
        if len(others) == 1 and all(others[0][name] == value for name, value in wanted.items()):
            return list(frame["viewers"])


async def test_two_tabs_at_two_api_processes_see_each_others_playheads(
    settings: Settings, producer: Producer
) -> None:
    await producer.begin()
    async with serving(settings) as first, serving(settings) as second:
        async with first.watch("?since=live") as ada, second.watch("?since=live") as ben:
            for socket in (ada, ben):
                await receive(socket)
                await socket.send('{"type":"playhead","tick":null}')
            await next_news(ada, tick=None)
            await ben.send('{"type":"playhead","tick":12}')
            seen = await next_news(ada, tick=12)
            assert [v.get("you") for v in seen] == [True, None]
            await ada.send('{"type":"playhead","tick":3}')
            await next_news(ben, tick=3)
            async with httpx2.AsyncClient() as http:
                told = (await http.get(f"{first.http}/api/sessions/k3v9/viewers")).json()
            assert told["count"] == 2
            assert sorted(v["tick"] for v in told["viewers"]) == [3, 12]
            await ben.close()
            gone = await receive_until(ada, type="viewers", count=1)
            assert [v["tick"] for v in gone["viewers"]] == [3]
        # Nothing of it is in the log.
        assert {entry.type for entry in await producer.channels.page(producer.channel, after=0)} == {
            "status",
            "schema",
        }


async def test_an_event_stream_hears_of_the_others_without_ids(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with (
        httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http,
        http.stream("GET", "/api/sessions/k3v9/events?since=live") as response,
    ):
        lines = response.aiter_lines()
        blocks: list[list[str]] = [[]]
        while not any("event: viewers" in block for block in blocks[:-1]):
            line = await anext(lines)
            if line:
                blocks[-1].append(line)
            else:
                blocks.append([])
    kinds = [line for block in blocks for line in block if line.startswith(("event:", "id:"))]
    assert kinds == ["event: heartbeat", "event: viewers"]
    said = next(block[1] for block in blocks if "event: viewers" in block)
    assert orjson.loads(said.removeprefix("data: "))["viewers"][0]["you"] is True
