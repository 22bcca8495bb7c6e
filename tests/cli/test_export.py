"""`gridcast export`: the file is whole or not there, and nothing is overwritten by accident."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.started import REAL, started
from tests.cli.steered_service import in_a_thread
from tests.cli.watched_service import CSV, WatchedService


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedService]:
    monkeypatch.chdir(tmp_path)
    with in_a_thread(WatchedService()) as fake:
        yield fake


@pytest.mark.parametrize(
    ("arguments", "name", "format_"),
    [
        ([], "abc.csv", "csv"),
        (["--format", "parquet"], "abc.parquet", "parquet"),
        (["-o", "run.jsonl"], "run.jsonl", "jsonl"),
        (["-o", "run.csv", "--format", "jsonl"], "run.csv", "jsonl"),
        (["-o", "data", "--format", "csv"], "data", "csv"),
    ],
)
def test_the_format_comes_from_the_option_or_the_name(
    service: WatchedService, tmp_path: Path, arguments: list[str], name: str, format_: str
) -> None:
    done = service.gridcast("export", "last", *arguments)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{name}: 0.0 MB\n"
    assert service.asked == [{"format": format_}]
    assert (tmp_path / name).read_bytes() == CSV
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_json_tells_what_was_written(service: WatchedService) -> None:
    told = json.loads(service.gridcast("export", "abc", "--json", "-o", "x.csv").stdout)
    about = {"session": "abc", "file": "x.csv", "format": "csv", "bytes": len(CSV)}
    assert told == {**about, "rounded_from": None}


@pytest.mark.parametrize("file", ["x.csv", "-"])
def test_it_says_from_which_tick_on_numbers_are_rounded(service: WatchedService, file: str) -> None:
    done = service.gridcast("export", "abc", "-o", file)
    assert (done.exit_code, done.stderr) == (0, "")
    service.rounded_from = 2
    done = service.gridcast("export", "abc", "-o", file, "--force")
    assert done.exit_code == 0
    assert "from tick 2 on" in done.stderr
    told = json.loads(service.gridcast("export", "abc", "-o", "y.csv", "--json").stdout)
    assert told["rounded_from"] == 2


@pytest.mark.parametrize(("more", "code", "content"), [([], 4, "mine"), (["--force"], 0, CSV.decode())])
def test_a_file_that_is_there_is_replaced_only_by_force(
    service: WatchedService, tmp_path: Path, more: list[str], code: int, content: str
) -> None:
    (tmp_path / "x.csv").write_text("mine")
    done = service.gridcast("export", "abc", "-o", "x.csv", *more)
    assert done.exit_code == code
    assert (tmp_path / "x.csv").read_text() == content
    assert ("--force replaces it" in done.stderr) == bool(code)


def test_the_name_that_comes_from_the_id_is_guarded_too(service: WatchedService, tmp_path: Path) -> None:
    (tmp_path / "abc.csv").write_text("mine")
    assert service.gridcast("export", "last").exit_code == 4
    assert (tmp_path / "abc.csv").read_text() == "mine"


def test_a_run_that_breaks_off_leaves_no_file_and_keeps_the_old_one(
    service: WatchedService, tmp_path: Path
) -> None:
    service.breaks = True
    (tmp_path / "x.csv").write_text("mine")
    done = service.gridcast("export", "abc", "-o", "x.csv", "--force")
    assert done.exit_code == 3, done.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.csv", "mine")]


def test_stdout_gets_the_run_alone(service: WatchedService) -> None:
    done = service.gridcast("export", "abc", "-o", "-")
    assert (done.exit_code, done.stdout_bytes) == (0, CSV)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-o", "run.txt"], "end it with .csv, .parquet, .jsonl, or give --format"),
        (["-o", "-", "--json"], "cannot both go to stdout"),
        (["-o", ".", "--format", "csv"], "is a folder"),
    ],
)
def test_what_cannot_be_meant_is_exit_code_2(
    service: WatchedService, arguments: list[str], told: str
) -> None:
    done = service.gridcast("export", "abc", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert service.asked == []


def test_a_folder_that_is_not_there_is_told(service: WatchedService) -> None:
    done = service.gridcast("export", "abc", "-o", "nowhere/x.csv")
    assert done.exit_code == 1
    assert "cannot write nowhere/x.csv: No such file or directory" in done.stderr


async def test_a_reader_that_has_seen_enough_ends_it_quietly(service: WatchedService, tmp_path: Path) -> None:
    service.file = [b"x" * 999 + b"\n"] * 2000
    line = f"{' '.join(REAL)} export abc -o - | head -n 2"
    env = {"GRIDCAST_URL": service.url}
    async with started("-c", line, command=("sh",), folder=tmp_path, env=env, ready=False) as shell:
        assert await shell.ended() == 0
        assert shell.out.count("\n") == 2
        assert shell.err == ""
