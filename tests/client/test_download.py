"""An export to a file: there once it is whole, else not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gridcast.client import AsyncClient, AsyncRun, Unreachable
from tests.cli.fake_service import serving
from tests.client.scripted import Scripted


@pytest.fixture
async def service() -> AsyncIterator[Scripted]:
    async with serving(Scripted()) as scripted:
        assert isinstance(scripted, Scripted)
        yield scripted


@pytest.fixture
async def run(service: Scripted) -> AsyncIterator[AsyncRun]:
    async with AsyncClient(service.url) as client:
        yield client.run("abc")


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
async def test_the_name_says_which_format(
    service: Scripted, run: AsyncRun, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"run.{ending}"
    assert await run.export(path) == path
    assert path.read_bytes() == b"one,two"
    assert service.queries == [{"format": ending}]


async def test_a_format_is_given_where_the_name_says_none(
    service: Scripted, run: AsyncRun, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"'run.txt' does not say .* \.csv, \.parquet, \.jsonl"):
        await run.export(tmp_path / "run.txt")
    await run.export(str(tmp_path / "run.txt"), "csv")
    assert service.queries == [{"format": "csv"}]


async def test_an_export_that_breaks_off_leaves_the_old_file(
    service: Scripted, run: AsyncRun, tmp_path: Path
) -> None:
    path = tmp_path / "run.csv"
    path.write_text("old")
    service.export_breaks = True
    with pytest.raises(Unreachable):
        await run.export(path)
    assert path.read_text() == "old"
    assert not (tmp_path / "run.csv.part").exists()
