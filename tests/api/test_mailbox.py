"""Letters for one reader."""

from __future__ import annotations

import asyncio

import pytest

from gridcast.api.mailbox import Mailbox


async def test_letters_are_taken_in_the_order_in_which_they_came() -> None:
    box: Mailbox[int] = Mailbox()
    box.put_nowait(1)
    box.put_nowait(2)
    assert [await box.get(), await box.get(), box.empty()] == [1, 2, True]


async def test_a_reader_waits_for_a_letter() -> None:
    box: Mailbox[int] = Mailbox()
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    assert not reading.done()
    box.put_nowait(1)
    box.put_nowait(2)
    assert (await reading, box.empty()) == (1, False)


async def test_a_reader_that_is_cancelled_takes_nothing() -> None:
    box: Mailbox[int] = Mailbox()
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put_nowait(1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await box.get() == 1
