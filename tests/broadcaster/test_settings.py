"""Settings that cannot be meant are refused with words that name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridcast.broadcaster import load_settings
from gridcast.broadcaster.errors import BadSettings


@pytest.mark.parametrize("where", ["ftp://somewhere/else", "http://host/folder"])
def test_recordings_cannot_go_where_no_files_can_be(where: str) -> None:
    with pytest.raises(BadSettings, match=r"GRIDCAST_RECORDINGS.*s3://"):
        load_settings(recordings=where)


@pytest.mark.parametrize("where", ["s3://bucket/runs", "file:///data/runs", "off"])
def test_urls_and_off_are_taken_as_they_are(where: str) -> None:
    assert load_settings(recordings=where).recordings == where


def test_a_folder_is_made_absolute_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(recordings="runs").recordings_at == str(tmp_path / "runs")
