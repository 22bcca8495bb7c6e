"""What viewers send is a command, a ping, or refused by name."""

from __future__ import annotations

import pytest

from gridcast.api.inbound import MAX_BAD_IN_A_ROW, MAX_FRAME_BYTES, Patience, Refusal, parse
from gridcast.api.models import MAX_ARGS_BYTES, CommandFrame, PingFrame, PlayheadFrame


def command_with(args_bytes: int) -> str:
    """A command whose arguments have this many bytes."""
    return '{"type":"command","id":"a","command":"stop","args":{"x":"%s"}}' % ("x" * (args_bytes - 8))


def test_arguments_of_just_the_largest_size_are_taken() -> None:
    assert isinstance(parse(command_with(MAX_ARGS_BYTES)), CommandFrame)


def test_commands_and_pings_are_taken() -> None:
    assert parse('{"type":"ping"}') == PingFrame(type="ping")
    assert parse('{"type":"command","id":"a1","command":"stop"}') == CommandFrame(
        type="command", id="a1", command="stop", args={}
    )
    assert parse('{"type":"playhead","tick":7}') == PlayheadFrame(type="playhead", tick=7)
    assert parse('{"type":"playhead","tick":null}') == PlayheadFrame(type="playhead", tick=None)


@pytest.mark.parametrize(
    ("text", "code", "names"),
    [
        (None, "bad_frame", "text frames"),
        ("", "bad_json", "not JSON"),
        ("{", "bad_json", "not JSON"),
        ('{"type":"ping","n":NaN}', "bad_json", "not JSON"),
        ("[" * 40 + "]" * 40, "bad_json", "deep"),
        ('"ping"', "bad_frame", "a frame is"),
        ("[1]", "bad_frame", "a frame is"),
        ("{}", "bad_frame", "a frame is"),
        ('{"type":"tick"}', "bad_frame", "a frame is"),
        ('{"type":"ping","ts":1}', "bad_frame", "ts: there is no such field"),
        ('{"type":"command","command":"stop"}', "bad_frame", "id"),
        ('{"type":"command","id":"","command":"stop"}', "bad_frame", "id"),
        ('{"type":"command","id":7,"command":"stop"}', "bad_frame", "id"),
        ('{"type":"command","id":"a","command":"explode"}', "bad_frame", "'pause', 'resume', 'stop'"),
        ('{"type":"command","id":"a","command":"stop","args":[]}', "bad_frame", "args"),
        (command_with(MAX_ARGS_BYTES + 1), "bad_frame", f"args: may have at most {MAX_ARGS_BYTES} bytes"),
        (
            '{"type":"command","id":"a","command":"stop","tick":4}',
            "bad_frame",
            "tick: there is no such field",
        ),
        ('{"type":"playhead"}', "bad_frame", "tick"),
        ('{"type":"playhead","tick":-1}', "bad_frame", "tick"),
        ('{"type":"playhead","tick":1.5}', "bad_frame", "tick"),
        ('{"type":"playhead","tick":9007199254740992}', "bad_frame", "tick"),
        ('"' + "x" * MAX_FRAME_BYTES + '"', "too_large", str(MAX_FRAME_BYTES)),
        ('"' + "\u20ac" * (MAX_FRAME_BYTES // 3) + '"', "too_large", str(MAX_FRAME_BYTES)),
    ],
)
def test_anything_else_is_refused_by_name(text: str | None, code: str, names: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed, Refusal)
    assert parsed.code == code
    assert names in parsed.detail


def test_a_frame_of_just_the_largest_size_is_looked_at() -> None:
    parsed = parse('"' + "x" * (MAX_FRAME_BYTES - 2) + '"')
    assert isinstance(parsed, Refusal)
    assert parsed.code == "bad_frame"


def test_patience_ends_with_the_twentieth_bad_frame_in_a_row() -> None:
    patience = Patience()
    for _ in range(MAX_BAD_IN_A_ROW - 1):
        patience.bad()
    assert not patience.exhausted
    patience.good()
    for _ in range(MAX_BAD_IN_A_ROW - 1):
        patience.bad()
    assert not patience.exhausted
    patience.bad()
    assert patience.exhausted
