"""The SDK tells who alone steers, and changes it."""

from __future__ import annotations

import time

import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.client import AsyncClient, Problem, Wheel
from tests.api.serving import serving
from tests.api.signed import token, with_accounts


async def test_the_wheel_goes_from_hand_to_hand(settings: Settings) -> None:
    async with (
        serving(with_accounts(settings)) as api,
        AsyncClient(api.http, token=token("ada")) as ada,
    ):
        run = await ada.create("ieee13", overrides={"duration_s": 60})
        _, secret = await api.services.accounts.book.share(
            Channel.session(run.id), role="controller", expires=time.time() + 60, by="ada", note=None
        )
        assert await run.wheel() == Wheel(holder=None, since=None, asked=[])
        taken = await run.turn_wheel("take")
        assert taken.holder == "ada"
        async with AsyncClient(api.http, token=token("bob"), share=secret) as bob:
            theirs = bob.run(run.id)
            with pytest.raises(Problem, match="ada has the wheel") as refused:
                await theirs.command("pause")
            assert refused.value.status == 409
            assert (await theirs.turn_wheel("ask")).asked == ["bob"]
            with pytest.raises(Problem, match="only whoever has it"):
                await theirs.turn_wheel("give", "bob")
            assert (await run.turn_wheel("give", "bob")).holder == "bob"
            await theirs.command("pause")
            assert (await theirs.turn_wheel("let-go")).holder is None
            await theirs.turn_wheel("take")
            await run.turn_wheel("take")
            await theirs.turn_wheel("ask")
            assert (await run.turn_wheel("refuse", "bob")).asked == []
