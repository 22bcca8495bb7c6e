"""Share links, visibility, lists and tickets: who sees what, until when, and how often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.api.auth import visits
from gridcast.broadcaster import BrokerUnavailable, Channel, NoChannel, Settings
from gridcast.broadcaster.access import MAX_SHARES, TICKET_S
from gridcast.broadcaster.names import WORKERS, owned_key, public_key, worker_key
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_all, receive_until, serving
from tests.api.signed import bearer, with_accounts
from tests.waiting import PATIENCE_S, seen, until

ADA, BOB, ROOT = "ada", "bob", "root"
SHORT = {"scenario": "ieee13", "overrides": {"duration_s": 60}}


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come sooner, so that tests do."""
    monkeypatch.setattr(visits, "CHECK_S", 0.1)


@pytest.fixture
async def api(settings: Settings, _hurried: None) -> AsyncIterator[Api]:
    async with serving(with_accounts(settings)) as running:
        yield running


class Person:
    """Somebody with headers."""

    def __init__(self, api: Api, headers: dict[str, str]) -> None:
        self.headers = headers
        self._url = api.http

    async def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        # Without certificates, which take longer to load than anything here.
        async with httpx2.AsyncClient(base_url=self._url, timeout=PATIENCE_S, verify=False) as http:
            return await http.request(method, path, json=body, headers=self.headers)

    async def done(self, method: str, path: str, body: object = None) -> Any:
        response = await self.ask(method, path, body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def session(self, **more: Any) -> str:
        return str((await self.done("POST", "/api/sessions", {**SHORT, **more}))["id"])

    async def ids(self, path: str = "/api/sessions") -> list[str]:
        """Of all pages of a list, two by two."""
        found, cursor = [], ""
        while True:
            page = await self.done("GET", f"{path}?limit=2{cursor}")
            assert len(page["items"]) <= 2
            found += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


def user(api: Api, name: str, **claims: Any) -> Person:
    return Person(api, bearer(name, role="admin" if name == ROOT else None, **claims))


def nobody(api: Api) -> Person:
    return Person(api, {})


def holder(api: Api, secret: str) -> Person:
    return Person(api, {"Gridcast-Share": secret})


async def share(owner: Person, session_id: str, **wanted: Any) -> dict[str, Any]:
    made: dict[str, Any] = await owner.done("POST", f"/api/sessions/{session_id}/shares", wanted)
    return made


# --- who asks --------------------------------------------------------------------------------------------------------


async def test_me_says_who_one_is(api: Api) -> None:
    assert await user(api, ADA).done("GET", "/api/me") == {"name": "ada", "admin": False, "auth": "on"}
    assert await user(api, ROOT).done("GET", "/api/me") == {"name": "root", "admin": True, "auth": "on"}
    assert await nobody(api).done("GET", "/api/me") == {"name": None, "admin": False, "auth": "on"}


async def test_without_accounts_everybody_is_the_local_user(settings: Settings) -> None:
    async with serving(settings) as api:
        assert await nobody(api).done("GET", "/api/me") == {"name": "local", "admin": False, "auth": "off"}
        assert (await nobody(api).ask("POST", "/api/sessions", SHORT)).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        bearer(ADA, exp=time.time() - 5),
        {"Authorization": "Bearer x"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YWRhOng="},
        {"Gridcast-Share": "session.k3v9.abcdefghjk.AAAAAAAAAAAAAAAAAAAAAA"},
        {"Gridcast-Share": "nonsense"},
    ],
)
async def test_what_is_not_valid_is_refused_also_where_nothing_would_be_needed(
    api: Api, headers: dict[str, str]
) -> None:
    response = await Person(api, headers).ask("GET", "/api/sessions")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert (await Person(api, headers).ask("GET", "/healthz")).status_code == 200


@pytest.mark.parametrize("name", ["token", "access_token", "share"])
async def test_a_token_in_an_address_is_refused_with_what_to_do_instead(api: Api, name: str) -> None:
    response = await user(api, ADA).ask("GET", f"/api/sessions?{name}=abc")
    assert response.status_code == 422
    assert "Authorization: Bearer" in response.json()["detail"]
    assert "abc" not in response.text
    async with api.connect(
        f"/sim/stream?scenario=ieee13&{name}=abc", additional_headers=bearer(ADA)
    ) as viewer:
        assert (await receive_all(viewer))[1] == 1008


async def test_who_is_not_signed_in_hears_nothing_of_what_exists(api: Api) -> None:
    mine = await user(api, ADA).session()
    for there in (mine, "abcdefghjk", "NO ID"):
        assert (await nobody(api).ask("GET", f"/api/sessions/{there}")).status_code == 401
    assert (await user(api, BOB).ask("GET", "/api/sessions/abcdefghjk")).status_code == 404
    assert (await user(api, BOB).ask("GET", "/api/sessions/NO ID")).status_code == 404


# --- whose it is -----------------------------------------------------------------------------------------------------


async def test_what_one_makes_is_ones_own_and_commands_bear_ones_name(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    assert (await ada.done("GET", f"/api/sessions/{mine}"))["owner"] == "ada"
    await ada.done("POST", f"/api/sessions/{mine}/commands", {"command": "pause"})
    [command] = await api.services.commands.read(Channel.session(mine), after="0-0")
    assert command.by == "user:ada"


async def test_a_fork_belongs_to_who_made_it_and_is_private(api: Api) -> None:
    parent = await user(api, ADA).session(visibility="public")
    fork = await user(api, BOB).done("POST", f"/api/sessions/{parent}/fork", {"at_tick": 0})
    assert (fork["owner"], fork["visibility"]) == ("bob", "private")
    assert (await user(api, ADA).ask("GET", f"/api/sessions/{fork['id']}")).status_code == 403


async def test_one_key_of_two_users_makes_two_sessions(api: Api) -> None:
    made = []
    for name in (ADA, BOB):
        person = user(api, name)
        person.headers["Idempotency-Key"] = "the-same"
        made.append(await person.session())
    assert made[0] != made[1]


async def test_lists_hold_what_one_may_see_in_order_page_by_page(api: Api) -> None:
    ada, bob, root = user(api, ADA), user(api, BOB), user(api, ROOT)
    made: list[tuple[str, str]] = []
    for n in range(9):
        whose = "public" if n % 3 == 2 else (ADA, BOB)[n % 3]
        person = {ADA: ada, BOB: bob}.get(whose, bob)
        made.append((whose, await person.session(visibility="public" if whose == "public" else "private")))

    def of(*whose: str) -> list[str]:
        return [ident for who, ident in reversed(made) if who in whose]

    assert await ada.ids() == of(ADA, "public")
    assert await bob.ids() == of(BOB, "public")
    assert await nobody(api).ids() == of("public")
    assert await root.ids() == of(ADA, BOB, "public")


async def test_a_list_costs_the_same_however_much_others_have(api: Api) -> None:
    """Not even looked at: what others own is in other lists."""
    ada, bob = user(api, ADA), user(api, BOB)
    mine = await ada.session()
    for _ in range(60):
        await bob.session()
    page = await ada.done("GET", "/api/sessions?limit=50")
    assert ([item["id"] for item in page["items"]], page["next_cursor"]) == ([mine], None)


async def test_what_was_deleted_leaves_all_lists(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session(visibility="public")
    await ada.done("DELETE", f"/api/sessions/{mine}")
    redis = api.services.redis
    assert await redis.zcard(owned_key("session", ADA)) == await redis.zcard(public_key("session")) == 0


async def test_workers_tell_of_ones_own_sessions_only(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    sessions = [{"id": ident, "pid": 1, "attempt": 1, "tick": 0, "lag_s": 0.0} for ident in (mine, "other")]
    beat = {"id": "w1", "host": "h", "pid": 1, "slots": 4, "sessions": sessions}
    redis = api.services.redis
    await redis.set(worker_key("w1"), orjson.dumps(beat))
    await redis.zadd(WORKERS, {"w1": time.time() + 60})

    async def told(person: Person) -> list[str]:
        [worker] = (await person.done("GET", "/api/workers"))["workers"]
        return [session["id"] for session in worker["sessions"]]

    assert await told(ada) == [mine]
    assert await told(user(api, BOB)) == []
    assert await told(user(api, ROOT)) == [mine, "other"]


# --- share links -----------------------------------------------------------------------------------------------------


async def test_a_share_lets_its_holder_in_for_what_it_says_and_nowhere_else(api: Api) -> None:
    ada = user(api, ADA)
    mine, other = await ada.session(), await ada.session()
    made = await share(ada, mine, note="for the lab")
    assert (made["role"], made["by"], made["note"]) == ("viewer", "ada", "for the lab")
    assert made["url"] == f"{api.http}/sessions/{mine}?share={made['share']}"
    guest = holder(api, made["share"])
    assert (await guest.done("GET", f"/api/sessions/{mine}"))["id"] == mine
    assert (
        await guest.ask("POST", f"/api/sessions/{mine}/commands", {"command": "pause"})
    ).status_code == 403
    assert (await guest.ask("GET", f"/api/sessions/{other}")).status_code == 401
    steering = holder(api, (await share(ada, mine, role="controller"))["share"])
    assert (
        await steering.ask("POST", f"/api/sessions/{mine}/commands", {"command": "pause"})
    ).status_code == 202


async def test_a_share_with_one_letter_changed_is_none(api: Api) -> None:
    ada = user(api, ADA)
    mine, other = await ada.session(), await ada.session()
    secret = str((await share(ada, mine))["share"])
    last = "A" if secret[-2] != "A" else "B"
    for forged in (secret.replace(mine, other), secret[:-2] + last + secret[-1], secret + "x", secret[:-1]):
        assert (await holder(api, forged).ask("GET", f"/api/sessions/{mine}")).status_code == 401


async def test_shares_are_listed_without_their_secret_until_they_are_withdrawn(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    made = await share(ada, mine)
    listed = await ada.ask("GET", f"/api/sessions/{mine}/shares")
    assert [item["id"] for item in listed.json()["items"]] == [made["id"]]
    assert made["share"].rpartition(".")[2] not in listed.text
    assert (await holder(api, made["share"]).ask("GET", f"/api/sessions/{mine}")).status_code == 200
    assert (await ada.ask("DELETE", f"/api/sessions/{mine}/shares/{made['id']}")).status_code == 204
    assert (await ada.done("GET", f"/api/sessions/{mine}/shares"))["items"] == []
    assert (await holder(api, made["share"]).ask("GET", f"/api/sessions/{mine}")).status_code == 403
    assert (await ada.ask("DELETE", f"/api/sessions/{mine}/shares/{made['id']}")).status_code == 404


async def test_a_share_ends_by_itself(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    book, channel = api.services.accounts.book, Channel.session(mine)
    expires = time.time() + 1.0
    _, secret = await book.share(channel, role="viewer", expires=expires, by=ADA, note=None)
    guest = holder(api, secret)
    assert (await guest.ask("GET", f"/api/sessions/{mine}")).status_code == 200
    response = await seen(
        lambda: guest.ask("GET", f"/api/sessions/{mine}"), lambda response: response.status_code != 200
    )
    assert (response.status_code, time.time() >= expires) == (403, True)


async def test_a_thing_has_a_bounded_number_of_shares_of_which_ended_ones_do_not_count(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    book, channel = api.services.accounts.book, Channel.session(mine)
    await book.share(channel, role="viewer", expires=time.time() - 1, by=ADA, note=None)
    for _ in range(MAX_SHARES):
        await book.share(channel, role="viewer", expires=time.time() + 60, by=ADA, note=None)
    response = await ada.ask("POST", f"/api/sessions/{mine}/shares", {})
    assert (response.status_code, response.json()["type"]) == (409, "urn:gridcast:problem:too-many-shares")
    assert 0 < await api.services.redis.ttl(channel.shares) <= 62


@pytest.mark.parametrize("expires_in_s", [59, 365 * 86400 + 1, "week", 60.5])
async def test_a_share_that_ends_too_soon_or_never_is_not_made(api: Api, expires_in_s: Any) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    asked = await ada.ask("POST", f"/api/sessions/{mine}/shares", {"expires_in_s": expires_in_s})
    assert asked.status_code == 422
    for allowed in (60, 365 * 86400):
        await share(ada, mine, expires_in_s=allowed)


async def test_nothing_of_a_deleted_thing_comes_back_by_sharing_or_showing_it(api: Api) -> None:
    book, channel = api.services.accounts.book, Channel.session("abcdefghjk")
    with pytest.raises(NoChannel):
        await book.show_to(channel, "public", created=1.0)
    with pytest.raises(NoChannel):
        await book.share(channel, role="viewer", expires=time.time() + 60, by=ADA, note=None)
    redis = api.services.redis
    assert await redis.exists(channel.meta, channel.shares, public_key("session")) == 0


async def test_what_becomes_public_is_seen_by_all_and_what_becomes_private_no_more(api: Api) -> None:
    ada, bob = user(api, ADA), user(api, BOB)
    mine = await ada.session()
    path = f"/api/sessions/{mine}"
    assert (await bob.ask("GET", path)).status_code == 403
    await ada.done("PUT", f"{path}/visibility", {"visibility": "public"})
    assert (await bob.done("GET", path))["visibility"] == "public"
    assert await bob.ids() == await nobody(api).ids() == [mine]
    await ada.done("PUT", f"{path}/visibility", {"visibility": "private"})
    assert (await bob.ask("GET", path)).status_code == 403
    assert await bob.ids() == await nobody(api).ids() == []


# --- tickets ---------------------------------------------------------------------------------------------------------


async def ticket(person: Person, path: str) -> str:
    return str((await person.done("POST", "/api/tickets", {"path": path}))["ticket"])


async def test_a_ticket_opens_its_path_once_for_whom_it_was_issued(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    path = f"/api/ws/sessions/{mine}"
    opened = f"{path}?ticket={await ticket(ada, path)}&since=live"
    async with api.connect(opened) as viewer:
        assert (await receive(viewer))["role"] == "owner"
    async with api.connect(opened) as viewer:
        assert await receive_all(viewer) == ([], 4401)


async def test_of_two_sockets_with_one_ticket_one_is_let_in(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    path = f"/api/ws/sessions/{mine}"

    async def outcome(opened: str) -> str:
        async with api.connect(opened) as viewer:
            try:
                return str((await receive(viewer))["type"])
            except Exception:  # noqa: BLE001  # whatever a closed socket raises
                return "closed"

    for _ in range(20):
        opened = f"{path}?ticket={await ticket(ada, path)}"
        assert sorted(await asyncio.gather(outcome(opened), outcome(opened))) == ["closed", "hello"]


async def test_a_ticket_opens_nothing_else(api: Api) -> None:
    ada = user(api, ADA)
    mine, other = await ada.session(), await ada.session()
    issued = await ticket(ada, f"/api/ws/sessions/{mine}")
    async with api.connect(f"/api/ws/sessions/{other}?ticket={issued}") as viewer:
        assert (await receive_all(viewer))[1] == 4401
    issued = await ticket(ada, f"/api/sessions/{mine}")
    response = await nobody(api).ask("GET", f"/api/sessions/{mine}?ticket={issued}")
    assert response.status_code == 401


async def test_a_ticket_ends_within_seconds(api: Api) -> None:
    await ticket(user(api, ADA), "/api/ws/sessions/x")
    [key] = await api.services.redis.keys("gridcast:ticket:*")
    assert 0 < await api.services.redis.ttl(key) <= TICKET_S


async def test_a_ticket_gives_the_right_of_a_share_and_no_more(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    guest = holder(api, (await share(ada, mine))["share"])
    path = f"/api/ws/sessions/{mine}"
    async with api.connect(f"{path}?ticket={await ticket(guest, path)}") as viewer:
        assert (await receive(viewer))["role"] == "viewer"


async def test_a_ticket_opens_an_event_stream(api: Api) -> None:
    ada = user(api, ADA)
    mine = await ada.session()
    path = f"/api/sessions/{mine}/events"
    url = f"{path}?ticket={await ticket(ada, path)}&since=0"
    async with (
        httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http,
        http.stream("GET", url) as response,
    ):
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line.startswith("id:"):
                break


# --- revocation on what is open --------------------------------------------------------------------------------------


def test_five_seconds_are_what_the_docs_promise() -> None:
    assert visits.CHECK_S == 5


@pytest.fixture
async def running(api: Api, settings: Settings) -> AsyncIterator[Producer]:
    """A session of ada's that the test writes, k3v9."""
    producer = Producer(settings)
    await producer.create(owner=ADA)
    await producer.take()
    yield producer
    await producer.aclose()


async def test_a_withdrawn_share_closes_the_open_socket_of_its_holder_and_of_nobody_else(
    api: Api, running: Producer
) -> None:
    ada = user(api, ADA)
    made, kept = await share(ada, "k3v9"), await share(ada, "k3v9")
    async with (
        api.watch(additional_headers={"Gridcast-Share": made["share"]}) as ended,
        api.watch(additional_headers={"Gridcast-Share": kept["share"]}) as other,
        api.watch(additional_headers=ada.headers) as owner,
    ):
        for viewer in (ended, other, owner):
            await receive_until(viewer, type="status")
        await ada.ask("DELETE", f"/api/sessions/k3v9/shares/{made['id']}")
        frames, code = await receive_all(ended)
        assert (frames, code) == ([], 4403)
        await running.status("running")
        for viewer in (other, owner):
            await receive_until(viewer, type="status", status="running")
    await until(lambda: len(api.services.accounts.warden) == 0, what="the end of all visits")


async def test_a_share_that_was_withdrawn_through_another_process_closes_sockets_here_too(
    api: Api, running: Producer
) -> None:
    made = await share(user(api, ADA), "k3v9")
    async with api.watch(additional_headers={"Gridcast-Share": made["share"]}) as viewer:
        await receive_until(viewer, type="status")
        # As that one does it, but for the word to this one's own warden.
        await api.services.accounts.book.withdraw(running.channel, made["id"])
        assert (await receive_all(viewer))[1] == 4403


async def test_what_becomes_private_is_closed_to_those_who_only_watched(api: Api, running: Producer) -> None:
    ada = user(api, ADA)
    await ada.done("PUT", "/api/sessions/k3v9/visibility", {"visibility": "public"})
    async with api.watch() as anonymous, api.watch(additional_headers=bearer(BOB)) as stranger:
        assert (await receive(anonymous))["role"] == "viewer"
        assert (await receive(stranger))["role"] == "viewer"
        await ada.done("PUT", "/api/sessions/k3v9/visibility", {"visibility": "private"})
        assert (await receive_all(anonymous))[1] == 4401
        assert (await receive_all(stranger))[1] == 4403


async def test_a_token_that_ends_closes_the_socket_and_not_before(api: Api, running: Producer) -> None:
    expires = int(time.time()) + 3
    async with api.watch(additional_headers=bearer(ADA, exp=expires)) as viewer:
        await receive_until(viewer, type="status")
        assert (await receive_all(viewer))[1] == 4401
        assert time.time() >= expires


async def test_a_controller_whose_share_is_withdrawn_from_something_public_may_watch_on_but_not_steer(
    api: Api, running: Producer
) -> None:
    ada = user(api, ADA)
    made = await share(ada, "k3v9", role="controller")
    await ada.done("PUT", "/api/sessions/k3v9/visibility", {"visibility": "public"})
    async with api.watch(additional_headers={"Gridcast-Share": made["share"]}) as viewer:
        assert (await receive(viewer))["role"] == "controller"
        await ada.ask("DELETE", f"/api/sessions/k3v9/shares/{made['id']}")

        async def refused() -> bool:
            await viewer.send('{"type":"command","id":"c1","command":"pause"}')
            await viewer.send('{"type":"ping"}')
            frames: Sequence[dict[str, Any]] = []
            while not frames or frames[-1]["type"] != "pong":
                frames = [*frames, await receive(viewer)]
            return any(frame.get("code") == "forbidden" for frame in frames)

        await seen(refused)


async def test_an_event_stream_ends_with_its_right(api: Api, running: Producer) -> None:
    ada = user(api, ADA)
    made = await share(ada, "k3v9")
    headers = {"Gridcast-Share": made["share"]}

    async def read() -> None:
        async with http.stream("GET", "/api/sessions/k3v9/events", headers=headers) as response:
            lines = response.aiter_lines()
            assert "retry" in await anext(lines)
            await ada.ask("DELETE", f"/api/sessions/k3v9/shares/{made['id']}")
            async for _ in lines:
                pass

    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        with pytest.raises(httpx2.TransportError):
            await read()
        assert (await http.get("/api/sessions/k3v9/events", headers=headers)).status_code == 403


async def test_an_answer_that_is_still_waited_for_is_refused_once_its_right_has_ended(
    api: Api, running: Producer
) -> None:
    ada = user(api, ADA)
    made = await share(ada, "k3v9", role="controller")
    guest = holder(api, made["share"])
    path = "/api/sessions/k3v9/commands?wait=true"
    waiting = asyncio.create_task(guest.ask("POST", path, {"command": "pause", "id": "c1"}))
    await seen(lambda: api.services.commands.read(running.channel, after="0-0"))
    await ada.ask("DELETE", f"/api/sessions/k3v9/shares/{made['id']}")
    warden = api.services.accounts.warden
    await until(lambda: any(visit.ended for visit in warden), what="the end of the visit")
    await running.answer()
    assert (await waiting).status_code == 403


async def test_while_the_broker_is_asked_in_vain_tokens_end_all_the_same(
    api: Api, running: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(channels: Sequence[Channel]) -> list[Any]:
        raise BrokerUnavailable("away")

    async with (
        api.watch(additional_headers=bearer(ADA, exp=time.time() + 4)) as short,
        api.watch(additional_headers=bearer(ADA)) as long,
    ):
        for viewer in (short, long):
            await receive_until(viewer, type="status")
        monkeypatch.setattr(api.services.accounts.book, "read", away)
        assert (await receive_all(short))[1] == 4401
        await long.send('{"type":"ping"}')
        await receive_until(long, type="pong")


async def test_a_deleted_session_is_said_to_be_deleted_also_to_who_only_watched(
    api: Api, running: Producer
) -> None:
    ada = user(api, ADA)
    await ada.done("PUT", "/api/sessions/k3v9/visibility", {"visibility": "public"})
    async with api.watch() as anonymous:
        await receive_until(anonymous, type="status")
        await ada.ask("DELETE", "/api/sessions/k3v9")
        assert (await receive_all(anonymous))[1] == 4404
