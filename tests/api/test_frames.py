"""Frames are what RFC 6455 says, made once and shared."""

from __future__ import annotations

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame as Parsed
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from gridcast.api.frames import Frame, corked, frame_of
from gridcast.broadcaster import Entry, Reset
from gridcast.broadcaster.names import Epoch


def received(data: bytes) -> list[Parsed]:
    """What a conforming client reads."""
    client = ClientProtocol(parse_uri("ws://test/"), state=State.OPEN, max_size=None)
    client.receive_data(data)
    return [event for event in client.events_received() if isinstance(event, Parsed)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_a_client_reads_the_very_payload(size: int) -> None:
    payload = b"x" * size
    [frame] = received(Frame(payload).wire)
    assert (frame.opcode, frame.fin, frame.data) == (Opcode.TEXT, True, payload)


def test_frames_written_back_to_back_are_told_apart() -> None:
    payloads = [b"a", b"b" * 200, b"c" * 70_000]
    assert [frame.data for frame in received(corked([Frame(payload) for payload in payloads]))] == payloads


def test_an_entry_has_one_frame_for_all_viewers_with_the_writers_bytes() -> None:
    entry = Entry(3, b'{"offset":3,"type":"ticks","ts":1.0,"first":0}')
    assert frame_of(entry) is frame_of(entry)
    assert frame_of(entry).wire is frame_of(entry).wire
    assert frame_of(entry).payload is entry.data


@pytest.mark.parametrize(
    ("data", "final"),
    [
        (b'{"offset":9,"type":"status","ts":1.0,"status":"completed","tick":1,"attempt":1}', True),
        (b'{"offset":9,"type":"status","ts":1.0,"status":"stopped","tick":1,"attempt":1}', True),
        (b'{"offset":9,"type":"status","ts":1.0,"status":"failed","tick":1,"attempt":1}', True),
        (b'{"offset":9,"type":"status","ts":1.0,"status":"paused","tick":1,"attempt":1}', False),
        (b'{"offset":9,"type":"command","ts":1.0,"status":"completed"}', False),
    ],
)
def test_only_a_last_status_is_final(data: bytes, *, final: bool) -> None:
    assert frame_of(Entry(9, data)).final is final


def test_a_reset_is_a_frame_of_its_own() -> None:
    reset = Reset(epoch=Epoch("e"), earliest_offset=4, earliest_tick=None, reason="trimmed")
    assert frame_of(reset).payload == reset.encode()
