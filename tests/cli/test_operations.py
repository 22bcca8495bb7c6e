"""`gridcast characterize`, `heatmap`, `scan`, `analyses` and `analysis` against a scripted service."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridcast.cli.exits import CliError
from gridcast.cli.heatmap import axis_of
from tests.cli.fake_service import serving
from tests.cli.operated_service import (
    CHARACTERIZATION,
    DIFFERENT,
    FOUND,
    HEATMAP,
    PATH,
    VERIFICATION,
    OperatedService,
    log_of,
    progress,
)
from tests.cli.started import REAL, started
from tests.cli.steered_service import in_a_thread
from tests.waiting import until

AXES = ("--x", f"{PATH}=0.1:0.3:3", "--y", "source_pu=1:1.05:2")
COMMANDS = (("characterize", "ieee13-ofo"), ("heatmap", "ieee13-ofo", *AXES), ("scan",))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OperatedService]:
    monkeypatch.chdir(tmp_path)
    with in_a_thread(OperatedService()) as fake:
        yield fake


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_json_is_the_result_alone(service: OperatedService, command: tuple[str, ...]) -> None:
    done = service.gridcast(*command, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == FOUND[command[0]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (COMMANDS[0], ["Hosting limit: 1,000.0 kW", "0.7500", "refused", "did not converge: scale 2"]),
        (COMMANDS[1], ["Best: 0.2500 at", f"{PATH}=0.2", "did not converge: (0.2, 1.05)"]),
        (COMMANDS[2], ["671", "within_band", "undervoltage", "ieee13-ofo", "some voltage falls below it"]),
    ],
    ids=lambda value: value[0],
)
def test_a_person_reads_what_was_found(
    service: OperatedService, command: tuple[str, ...], said: list[str]
) -> None:
    done = service.gridcast(*command)
    assert done.exit_code == 0, done.stderr
    for text in (*said, "7 simulations of 60 s, 2 of them known already, 1 failed"):
        assert text in done.stdout


def test_what_was_not_said_is_left_to_the_service(service: OperatedService) -> None:
    service.gridcast("characterize", "ieee13")
    service.gridcast("heatmap", "ieee13", *AXES)
    service.gridcast("scan")
    axes = {"param_x": PATH, "x_min": 0.1, "x_max": 0.3, "x_steps": 3}
    axes |= {"param_y": "source_pu", "y_min": 1.0, "y_max": 1.05, "y_steps": 2}
    assert service.asked == [
        ("characterize", {"name": "ieee13", "sensitivity": True}),
        ("heatmap", {"name": "ieee13", **axes}),
        ("scan", {"scenarios": True}),
    ]


def test_every_field_has_an_option(service: OperatedService) -> None:
    common = ("--set", "datacenters.0.bus=671", "--duration", "60")
    service.gridcast(
        *("characterize", "ieee13", *common, "--seed", "3"),
        *("--points", "5", "--max-scale", "1.5", "--no-sensitivity", "--step", "0.1"),
    )
    service.gridcast("heatmap", "ieee13", *AXES, *common, "--seed", "3", "--metric", "worst_vmin")
    service.gridcast("scan", *common, "--feeder", "ieee13", "--feeder", "ieee34", "--no-scenarios")
    told = {"params": {"datacenters.0.bus": 671}, "duration_s": 60}
    [characterized, mapped, scanned] = [config for _, config in service.asked]
    sizes = {"pv_points": 5, "pv_max_scale": 1.5, "sensitivity": False, "step": 0.1}
    assert characterized == {"name": "ieee13", "seed": 3, **told, **sizes}
    assert {**mapped, **told, "seed": 3, "metric": "worst_vmin"} == mapped
    assert scanned == {**told, "feeders": ["ieee13", "ieee34"], "scenarios": False}


@pytest.mark.parametrize(
    ("command", "loc", "message", "said"),
    [
        (COMMANDS[1], ["x_min"], "must be less than x_max", "--x: x_min must be less than x_max"),
        (COMMANDS[1], ["y_steps"], "Input should be 2", "--y: y_steps: Input should be 2"),
        (COMMANDS[1], ["param_x"], "there is no such number", "--x: param_x: there is no such number"),
        (COMMANDS[1], ["metric"], "is unknown", "--metric: metric is unknown"),
        (COMMANDS[0], ["pv_points"], "is too large", "--points: pv_points is too large"),
        (COMMANDS[0], ["name"], "there is no scenario", "SCENARIO: there is no scenario"),
        (COMMANDS[0], ["params", "nothing"], "is unknown", "--set: nothing is unknown"),
        (COMMANDS[2], ["feeders", 0], "is unknown", "--feeder: feeders is unknown"),
        (COMMANDS[2], ["invented"], "is unknown", "invented: is unknown"),
    ],
)
def test_what_is_not_valid_names_the_option(
    service: OperatedService, command: tuple[str, ...], loc: list[Any], message: str, said: str
) -> None:
    service.refusal = (422, {"title": "not valid", "errors": [{"loc": loc, "msg": message}]})
    done = service.gridcast(*command)
    assert done.exit_code == 2
    assert done.stderr.strip() == f"error: {said}"


@pytest.mark.parametrize(
    "text",
    ["", "a=1:2", "a=1:2:3:4", "=1:2:3", "1:2:3", "a=one:2:3", "a=1:2:2.5", "a=nan:2:3", "a=1:inf:3"],
)
def test_an_axis_that_is_none_is_said_before_anything_is_asked(service: OperatedService, text: str) -> None:
    done = service.gridcast("heatmap", "ieee13", "--x", text, "--y", "b=1:2:3")
    assert (done.exit_code, service.asked) == (2, [])
    assert "write it as PATH=MIN:MAX:STEPS, such as" in done.stderr


def test_an_axis_may_go_below_zero_and_have_exponents() -> None:
    assert axis_of("y", "a.0.b=-1e-3:2:3") == {
        "param_y": "a.0.b",
        "y_min": -0.001,
        "y_max": 2.0,
        "y_steps": 3,
    }
    with pytest.raises(CliError, match="--y"):
        axis_of("y", "a")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_csv_has_units_in_its_header_and_a_row_for_each_simulation(
    service: OperatedService, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert service.gridcast(*command, "--csv", "x.csv", "--json").exit_code == 0
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    match command[0]:
        case "characterize":
            assert [row["part"] for row in rows] == ["default", *["pv"] * 3, *["sensitivity"] * 4]
            assert rows[2]["worst_vmin [pu]"] == "0.96"
            assert (rows[5]["direction"], rows[5]["status"], rows[5]["worst_vmin [pu]"]) == (
                "high",
                "refused",
                "",
            )
        case "heatmap":
            assert [float(row[PATH]) for row in rows] == [0.1, 0.2, 0.3] * 2
            values = [row["integral_violation_pu_s [pu s]"] for row in rows]
            assert values == ["0.5", "0.25", "0.75", "1.5", "", "1.25"]
            assert rows[4]["status"] == "diverged"
        case _:
            assert [row["bus"] or row["scenario"] for row in rows] == ["671", "675", "844", "ieee13-ofo"]
            assert rows[1]["mean_power_kw [kW]"] == "900.0"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_picture_needs_no_display(
    service: OperatedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)
    done = service.gridcast(*command, "--png", "x.png")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)
    assert "written: x.png" in done.stderr


def test_only_a_picture_loads_the_library_for_pictures() -> None:
    imports = (
        "import gridcast.cli.main, gridcast.cli.operation, gridcast.cli.analyses, sys; print(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", imports], capture_output=True, check=True, text=True)
    assert set(told.stdout.split()) & {"matplotlib", "numpy"} == set()


@pytest.mark.parametrize(("more", "code"), [([], 4), (["--force"], 0)])
def test_a_file_that_is_there_is_replaced_only_by_force(
    service: OperatedService, tmp_path: Path, more: list[str], code: int
) -> None:
    (tmp_path / "x.csv").write_text("mine")
    done = service.gridcast("characterize", "ieee13", "--csv", "x.csv", *more)
    assert done.exit_code == code
    assert ((tmp_path / "x.csv").read_text() == "mine") == bool(code)
    assert len(service.asked) == (0 if code else 1)  # nothing is computed for a file that may not be written


@pytest.mark.parametrize(
    ("file", "said"), [(".", "is a folder"), ("nowhere/x.csv", "there is no folder nowhere")]
)
def test_a_file_that_cannot_be_is_said_before_anything_is_asked(
    service: OperatedService, file: str, said: str
) -> None:
    done = service.gridcast("scan", "--csv", file)
    assert (done.exit_code, service.asked) == (2, [])
    assert said in done.stderr


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ("failed", "no worker could compute it", "op1 failed: no worker could compute it"),
        ("cancelled", "cancelled by user:ada", "op1 was cancelled: cancelled by user:ada"),
    ],
)
def test_an_operation_without_a_result_is_exit_code_1(
    service: OperatedService, status: str, reason: str, said: str
) -> None:
    service.status, service.reason = status, reason
    done = service.gridcast("scan", "--csv", "x.csv", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert not Path("x.csv").exists()


def test_it_is_followed_over_broken_connections(service: OperatedService) -> None:
    service.cuts = [2, 0, 1]
    done = service.gridcast("characterize", "ieee13", "--json")
    assert done.exit_code == 0
    assert done.stderr.count("reconnecting") == 3
    assert [query["since"] for query in service.queries] == ["0", "2", "2", "3"]


def test_detached_it_tells_its_id(service: OperatedService) -> None:
    done = service.gridcast("scan", "--detach")
    assert (done.exit_code, done.stdout) == (0, "op1\n")
    assert json.loads(service.gridcast("scan", "--detach", "--json").stdout)["status"] == "queued"
    assert service.queries == []


def test_detached_it_needs_a_service_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = OperatedService().gridcast("scan", "--detach")
    assert done.exit_code == 3
    assert "no service" in done.stderr


def test_files_are_written_later_where_it_is_detached(service: OperatedService, tmp_path: Path) -> None:
    assert service.gridcast("scan", "--detach", "--csv", "x.csv").exit_code == 2
    done = service.gridcast("analysis", "op1", "--csv", "x.csv", "--png", "x.png", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == CHARACTERIZATION
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.png"]


async def test_an_interrupted_command_cancels_what_it_started(tmp_path: Path) -> None:
    async with serving(OperatedService()) as fake:
        assert isinstance(fake, OperatedService)
        fake.hold = True
        env = {"GRIDCAST_URL": fake.url}
        async with started("scan", folder=tmp_path, command=REAL, env=env, ready=False) as command:
            await until(lambda: len(fake.queries) == 1)
            command.process.send_signal(2)
            assert await command.ended() == 130
        assert fake.cancelled == 1


def test_one_that_runs_tells_how_far_it_is(service: OperatedService) -> None:
    service.status = "running"
    done = service.gridcast("analysis", "op1")
    assert done.exit_code == 0
    assert done.stdout == "the operation op1 is running; 4/4, 100 %, done\n"
    assert json.loads(service.gridcast("analysis", "op1", "--json").stdout)["status"] == "running"


def test_it_can_be_cancelled_and_deleted(service: OperatedService) -> None:
    service.status = "running"
    assert "is being cancelled" in service.gridcast("analysis", "op1", "--cancel").stdout
    assert service.cancelled == 1
    assert service.gridcast("analysis", "op1").exit_code == 1
    assert service.gridcast("analysis", "op1", "--delete").exit_code == 0
    assert service.gridcast("analysis", "op1").exit_code == 2
    assert service.gridcast("analysis", "op1", "--cancel", "--delete").exit_code == 2


def test_a_verification_says_identical(service: OperatedService) -> None:
    done = service.gridcast("verify", "abc")
    assert (done.exit_code, done.stdout) == (0, "identical: 300 ticks, digest d1\n")
    assert service.asked == [("verify", {"session_id": "abc"})]
    assert json.loads(service.gridcast("verify", "abc", "--json").stdout) == VERIFICATION


def test_a_verification_that_finds_a_difference_is_exit_code_1(service: OperatedService) -> None:
    service.found = DIFFERENT
    done = service.gridcast("verify", "abc")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "different"
    assert "gridcast compare abc def" in done.stdout


def test_a_verification_has_rows_and_no_picture(service: OperatedService, tmp_path: Path) -> None:
    service.gridcast("verify", "abc")
    assert service.gridcast("analysis", "op1", "--png", "x.png").exit_code == 2
    assert service.gridcast("analysis", "op1", "--csv", "x.csv").exit_code == 0
    [row] = csv.DictReader((tmp_path / "x.csv").read_text().splitlines())
    assert (row["session_id"], row["identical"]) == ("abc", "True")


def test_the_list_tells_each_on_a_line(service: OperatedService) -> None:
    done = service.gridcast("analyses", "--op", "heatmap", "--status", "completed")
    assert done.exit_code == 0
    assert "op1" in done.stdout.splitlines()[1]
    assert service.queries[0] == {"limit": "200", "op": "heatmap", "status": "completed"}
    [listed] = json.loads(service.gridcast("analyses", "--json").stdout)
    assert listed["id"] == "op1"


def test_a_map_that_is_too_wide_is_told_in_shades(
    service: OperatedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HEATMAP, "x", [n / 10 for n in range(40)])
    monkeypatch.setitem(HEATMAP, "values", [[float(n) for n in range(40)], [None] * 40])
    monkeypatch.setattr("gridcast.cli.terminal.PIPE_WIDTH", 100)
    lines = service.gridcast("heatmap", "ieee13", *AXES).stdout.splitlines()
    [failed, done] = [line for line in lines if line.endswith("|")]
    assert failed.split("|")[1] == "xx" * 40
    assert done.split("|")[1].startswith("  oo")
    assert max(map(len, lines[2:4])) <= 100


def test_the_last_line_says_how_much_is_left() -> None:
    from gridcast.cli.operation import words

    assert words(progress(1, eta_s=63.2)) == "1/4, 25 %, P-V curve 1/4, 0:01:03 left"
    assert words(progress(4, eta_s=0.0)) == "4/4, 100 %, P-V curve 4/4"
    assert words(log_of("scan")[0]) == "0/4, 0 %, queued"
