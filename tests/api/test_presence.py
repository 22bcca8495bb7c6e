"""Who watches a session, as others and the API are told where accounts are on: name, colour, since when, coming, going."""

from __future__ import annotations

import time
from typing import Any

import httpx2

from gridcast.broadcaster import Settings
from tests.api.serving import receive_until, serving
from tests.api.signed import bearer, with_accounts
from tests.waiting import PATIENCE_S

HERE = '{"type":"playhead","tick":null}'


async def test_viewers_are_told_by_name_who_comes_and_who_goes_over_two_processes(settings: Settings) -> None:
    async with serving(with_accounts(settings)) as here, serving(with_accounts(settings)) as there:

        async def ask(method: str, path: str, body: object = None) -> Any:
            # Without certificates, which take longer to load than anything here.
            async with httpx2.AsyncClient(base_url=here.http, timeout=PATIENCE_S, verify=False) as http:
                return (await http.request(method, path, json=body, headers=bearer("ada"))).json()

        body = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
        session = (await ask("POST", "/api/sessions", body))["id"]
        link = await ask("POST", f"/api/sessions/{session}/shares", {})
        share = {"Gridcast-Share": link["share"]}

        async def told(viewer: Any, *names: str) -> list[dict[str, Any]]:
            """The first news in which just these are there."""
            while True:
                frame = await receive_until(viewer, type="viewers", count=len(names))
                if sorted(one["name"] for one in frame["viewers"]) == sorted(names):
                    return list(frame["viewers"])

        began = time.time()
        async with here.watch(session_id=session, additional_headers=bearer("ada")) as ada:
            await ada.send(HERE)
            [alone] = await told(ada, "ada")
            assert alone["you"] is True
            guest = f"guest:{link['id']}"
            async with (
                there.watch(session_id=session, additional_headers={**bearer("bob"), **share}) as bob,
                there.watch(session_id=session, additional_headers=share),
            ):
                await bob.send(HERE)
                all_of_them = await told(ada, "ada", "bob", guest)
                assert all(began - 1 <= one["since"] <= time.time() + 1 for one in all_of_them)
                seen_by_bob = await told(bob, "ada", "bob", guest)
                colors = [{one["name"]: one["color"] for one in seen} for seen in (all_of_them, seen_by_bob)]
                assert colors[0] == colors[1], "one of them has two colours"
                assert colors[0]["ada"] == alone["color"]
                listed = await ask("GET", f"/api/sessions/{session}/viewers")
                assert {one["name"]: one["color"] for one in listed["viewers"]} == colors[0]
                assert listed["count"] == 3
            await told(ada, "ada")
