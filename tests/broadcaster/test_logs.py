"""What a line of the log looks like, whoever writes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog

from gridcast.broadcaster import Settings
from gridcast.broadcaster.logs import set_up_logs
from gridcast.broadcaster.masking import without_secrets


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What the tests change is the process's own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_json_where_no_terminal_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings(), process="api")
    structlog.contextvars.bind_contextvars(request_id="r1")
    structlog.get_logger("x").warning("hello", session="k3v9")
    err = capsys.readouterr().err
    found = json.loads(err)
    assert (found["event"], found["level"], found["process"]) == ("hello", "warning", "api")
    assert (found["request_id"], found["session"]) == ("r1", "k3v9")
    assert found["timestamp"].endswith("Z")
    assert datetime.fromisoformat(found["timestamp"]).tzinfo is not None


def test_libraries_write_the_same_way_and_only_their_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings(), process="worker")
    logging.getLogger("arq.worker").info("not this")
    logging.getLogger("arq.worker").warning("but %s", "this")
    err = capsys.readouterr().err
    found = json.loads(err)
    assert (found["event"], found["logger"], found["process"]) == ("but this", "arq.worker", "worker")


def test_the_setting_decides_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings(log_format="console"), process="api")
    structlog.get_logger("x").info("hello", session="k3v9")
    err = capsys.readouterr().err
    assert not err.startswith("{")
    assert "session=k3v9" in err


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_a_stranger_wrote_stays_on_its_line(capsys: pytest.CaptureFixture[str], form: str) -> None:
    set_up_logs(Settings.model_validate({"log_format": form}), process="api")
    structlog.get_logger("x").info("request", path="/\n2026 forged line\x1b[2J\udc80")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b[2J" not in err


def test_a_traceback_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings(), process="api")
    try:
        raise ValueError("redis://:hunter2@broker:6379/0 is wrong")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    err = capsys.readouterr().err
    found = json.loads(err)
    assert "ValueError" in found["exception"]
    assert "hunter2" not in err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://user:hunter2@broker:6379/0", "redis://user:***@broker:6379/0"),
        ("redis://:hunter2@broker:6379/0", "redis://:***@broker:6379/0"),
        (
            "s3://bucket/x?access_key=AK&secret_key=SK&region=eu",
            "s3://bucket/x?access_key=***&secret_key=***&region=eu",
        ),
        ("/api/ws/sessions/k3v9?ticket=t0k&since=4", "/api/ws/sessions/k3v9?ticket=***&since=4"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("redis://broker:6379/0", "redis://broker:6379/0"),
        ("gridcast token create", "gridcast token create"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
