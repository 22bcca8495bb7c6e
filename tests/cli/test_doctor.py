"""`gridcast doctor`, and that the command line's own names of settings are those of the service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridcast.broadcaster.settings import Settings
from gridcast.cli import environment
from gridcast.cli.broker import overcommits
from tests.cli.started import started


async def test_lists_every_setting_and_checks_what_is_needed(tmp_path: Path) -> None:
    async with started("doctor", "--json", folder=tmp_path, ready=False) as doctor:
        assert await doctor.ended() == 0, doctor.out
        report = json.loads(doctor.out)
    settings = {setting["env"]: setting for setting in report["settings"]}
    assert settings["GRIDCAST_DIR"]["value"] == str(tmp_path)
    assert all(setting["meaning"] for setting in settings.values())
    checks = {check["name"]: check for check in report["checks"]}
    for needed in ("settings", "python", "openg2g", "opendss", "valkey", "broker", "channels"):
        assert checks[needed]["ok"], checks[needed]
        assert checks[needed]["needed"]
    assert not checks["memory"]["needed"]
    assert checks["memory"]["ok"] == overcommits()


async def test_says_what_is_wrong_and_hides_passwords(tmp_path: Path) -> None:
    env = {"GRIDCAST_REDIS_URL": "redis://:hunter2@127.0.0.1:1/0", "GRIDCAST_LOGG_BYTES": "1"}
    async with started("doctor", "--json", folder=tmp_path, env=env, ready=False) as doctor:
        assert await doctor.ended() == 1
        assert "hunter2" not in doctor.out
        checks = {check["name"]: check for check in json.loads(doctor.out)["checks"]}
    assert not checks["broker"]["ok"]
    assert "GRIDCAST_LOGG_BYTES" in checks["environment"]["detail"]


async def test_says_where_the_channels_are_and_whether_they_answer(tmp_path: Path, valkey_url: str) -> None:
    """With the clients that the processes use, so that it holds for each kind of broker."""
    env = {"GRIDCAST_REDIS_URL": valkey_url, "GRIDCAST_CHANNELS_URL": "redis+cluster://:hunter2@127.0.0.1:1"}
    async with started("doctor", "--json", folder=tmp_path, env=env, ready=False) as doctor:
        assert await doctor.ended() == 1
        assert "hunter2" not in doctor.out
        report = json.loads(doctor.out)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["broker"]["ok"], checks["broker"]
    assert not checks["channels"]["ok"]
    assert checks["channels"]["detail"].startswith("cluster of 127.0.0.1:1: the broker does not answer")
    [url] = [setting["value"] for setting in report["settings"] if setting["env"] == "GRIDCAST_CHANNELS_URL"]
    assert url == "redis+cluster://:***@127.0.0.1:1"


async def test_a_setting_that_is_not_valid_is_named(tmp_path: Path) -> None:
    env = {"GRIDCAST_LEASE_S": "soon"}
    async with started("doctor", folder=tmp_path, env=env, ready=False) as doctor:
        assert await doctor.ended() == 1
        assert "GRIDCAST_LEASE_S: Input should be a valid number" in " ".join(doctor.out.split())
        assert "Traceback" not in doctor.out


@pytest.mark.parametrize(
    ("where", "ok", "told"),
    [
        ("kept", True, "kept"),
        ("off", False, "only the newest entries are kept"),
        ("a-file/kept", False, "a-file"),
    ],
)
async def test_says_whether_runs_can_be_recorded(tmp_path: Path, where: str, ok: bool, told: str) -> None:
    (tmp_path / "a-file").touch()
    at = where if where == "off" else str(tmp_path / where)
    env = {"GRIDCAST_RECORDINGS": at}
    async with started("doctor", "--json", folder=tmp_path, env=env, ready=False) as doctor:
        assert await doctor.ended() == 0, "runs need no recording"
        checks = {check["name"]: check for check in json.loads(doctor.out)["checks"]}
    assert checks["recordings"]["ok"] == ok
    assert told in checks["recordings"]["detail"]
    assert not (tmp_path / "kept").exists()


def test_names_of_settings_are_those_of_the_service() -> None:
    known = {environment.PREFIX + name.upper() for name in Settings.model_fields}
    ours = {
        environment.URL,
        environment.DIR,
        environment.REDIS_URL,
        environment.REDIS_PASSWORD_FILE,
        environment.CHANNELS_URL,
        environment.SLOTS,
        environment.SPECS_DIR,
    }
    assert ours <= known
    assert Settings.model_fields["dir"].default == Path(environment.DEFAULT_DIR)
