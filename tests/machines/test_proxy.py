"""The proxy of docker-compose.yml goes where the name `api` leads now, so it follows the scale."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.machines.plant import Plant, signed_in
from tests.waiting import seen

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOT_FOUND = re.compile(r'gridcast_api_responses_total\{[^}]*status="404"[^}]*\} (\d+)')
REQUESTS = 12


async def answers(plant: Plant) -> list[int]:
    """How many of some requests to the proxy each API has answered; they ask for what is nowhere, as nobody else does."""

    async def count() -> list[int]:
        told = [
            await plant.viewers[0].call(
                httpx2.get,
                f"http://{plant.door(api)}/metrics",
                headers=signed_in("root", role="admin"),
                trust_env=False,
            )
            for api in plant.apis
        ]
        return [sum(int(found) for found in NOT_FOUND.findall(answer.text)) for answer in told]

    before = await count()
    for _ in range(REQUESTS):
        url = f"http://{plant.doors[0]}/api/sessions/n0where"
        answer = await plant.viewers[0].call(httpx2.get, url, headers=signed_in("ada"), trust_env=False)
        assert answer.status_code == 404
    return [now - then for now, then in zip(await count(), before, strict=True)]


async def test_it_follows_the_scale(plant: Plant) -> None:
    if plant.proxy is None:
        pytest.skip("*** SKIPPED: there is no Caddy (apt-get install caddy) ***")
    plant.scale(plant.apis[2:])
    await seen(lambda: answers(plant), lambda found: found == [0, 0, REQUESTS])
    plant.scale(plant.apis)
    await seen(lambda: answers(plant), lambda found: min(found) > 0 and sum(found) == REQUESTS)
