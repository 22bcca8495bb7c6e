"""Options and help of the commands about operations: long analyses on all workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .ending import finish
from .options import Json, SessionName, Url, finite_option

if TYPE_CHECKING:
    from gridcast.client import JSON  # loads what `gridcast --help` does without
    from gridcast.client.operations import Analysis

    from .operation import Outputs

app = typer.Typer(rich_markup_mode="markdown")

Status = Literal["queued", "running", "recovering", "completed", "failed", "cancelled"]
ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A name that `gridcast scenarios` lists.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Override a field of the scenario everywhere; may be repeated."
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the runs.", show_default="0")]
Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write a row for each simulation, with units in the header."),
]
Png = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw it.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Detach = Annotated[
    bool, typer.Option("--detach", help="Only start it and print its id; `gridcast analysis ID` looks at it.")
]
ResultJson = Annotated[bool, typer.Option("--json", help="The result alone on stdout, one line of JSON.")]


def _seconds(default: str) -> Any:
    return typer.Option(
        "--duration", metavar="S", help="Simulated seconds of each run, whole ones.", show_default=default
    )


@app.command(
    epilog="Examples:  gridcast characterize ieee13-ofo   |   "
    "gridcast characterize ieee34 --max-scale 3 --no-sensitivity --png pv.png   |   "
    "gridcast characterize ieee13 --duration 120 --json | jq .hosting_limit"
)
def characterize(
    scenario: ScenarioName,
    settings: Settings = None,
    duration_s: Annotated[int | None, _seconds("600")] = None,
    seed: Seed = None,
    points: Annotated[
        int | None, typer.Option(metavar="N", help="Points of the P-V curve.", show_default="20")
    ] = None,
    max_scale: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            callback=finite_option,
            help="Size of the datacenters at its end, in times of what they are.",
            show_default="2",
        ),
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity/--no-sensitivity", help="Vary the parameters that matter most.")
    ] = True,
    step: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            callback=finite_option,
            help="By how much of its value a parameter is varied, down and up.",
            show_default="0.2",
        ),
    ] = None,
    csv: Csv = None,
    png: Png = None,
    force: Force = False,
    detach: Detach = False,
    url: Url = None,
    json: ResultJson = False,
) -> None:
    """Find out what a scenario can do: the power that its feeder hosts, and the parameters that matter most.

    Some fifty simulations, on all workers. Ctrl-C cancels them, unless they were started with --detach. Uses the
    service that --url or GRIDCAST_URL names, else the `up` of this folder, else a temporary one that ends with this.
    """
    _operate(
        "characterize",
        lambda: {
            "name": scenario,
            "params": _overrides(settings),
            "seed": seed,
            "duration_s": duration_s,
            "pv_points": points,
            "pv_max_scale": max_scale,
            "sensitivity": sensitivity,
            "step": step,
        },
        _outputs(json=json, csv=csv, png=png, force=force, detach=detach),
        detach=detach,
        url=url,
    )


@app.command(
    epilog="Examples:  gridcast heatmap ieee13-ofo --x controllers.0.primal_step_size=0.01:0.2:15 "
    "--y controllers.0.voltage_dual_step_size=0.1:5:15 --png map.png   |   "
    "gridcast heatmap ieee13 --x source_pu=0.98:1.06:9 --y datacenters.0.power_factor=0.9:1:6 --metric worst_vmin"
)
def heatmap(
    scenario: ScenarioName,
    x: Annotated[
        str,
        typer.Option(
            "--x",
            metavar="PATH=MIN:MAX:STEPS",
            help="A number of the scenario, and its values, both ends included.",
        ),
    ],
    y: Annotated[str, typer.Option("--y", metavar="PATH=MIN:MAX:STEPS", help="Another number.")],
    metric: Annotated[
        str | None,
        typer.Option(help="A metric of a run's summary.", show_default="integral_violation_pu_s"),
    ] = None,
    settings: Settings = None,
    duration_s: Annotated[int | None, _seconds("300")] = None,
    seed: Seed = None,
    csv: Csv = None,
    png: Png = None,
    force: Force = False,
    detach: Detach = False,
    url: Url = None,
    json: ResultJson = False,
) -> None:
    """Sweep two numbers of a scenario, and show a metric over them.

    Each cell is a simulation; one that fails is marked, and ends nothing. Ctrl-C cancels them, unless they were started
    with --detach. Without a service it starts a temporary one, as `gridcast run` does.
    """

    def config() -> dict[str, JSON]:
        from .heatmap import axis_of

        return {
            "name": scenario,
            **axis_of("x", x),
            **axis_of("y", y),
            "metric": metric,
            "params": _overrides(settings),
            "seed": seed,
            "duration_s": duration_s,
        }

    outputs = _outputs(json=json, csv=csv, png=png, force=force, detach=detach)
    _operate("heatmap", config, outputs, detach=detach, url=url)


@app.command(
    epilog="Examples:  gridcast scan   |   gridcast scan --feeder ieee13 --no-scenarios --png sites.png   |   "
    "gridcast scan --json | jq .counts"
)
def scan(
    feeders: Annotated[
        list[str] | None,
        typer.Option("--feeder", metavar="F", help="Only this feeder; may be repeated.", show_default="all"),
    ] = None,
    scenarios: Annotated[
        bool, typer.Option("--scenarios/--no-scenarios", help="Try the catalogue's scenarios too.")
    ] = True,
    settings: Settings = None,
    duration_s: Annotated[int | None, _seconds("120")] = None,
    csv: Csv = None,
    png: Png = None,
    force: Force = False,
    detach: Detach = False,
    url: Url = None,
    json: ResultJson = False,
) -> None:
    """Try a datacenter at every bus of the feeders that can carry one, and sort the sites by what the voltages do.

    Classes: within_band, undervoltage, overvoltage, both, oscillating, diverged; what makes each is printed. Ctrl-C
    cancels it, unless it was started with --detach. Without a service it starts a temporary one, as `gridcast run` does.
    """
    _operate(
        "scan",
        lambda: {
            "feeders": list(feeders) if feeders else None,
            "scenarios": scenarios,
            "params": _overrides(settings),
            "duration_s": duration_s,
        },
        _outputs(json=json, csv=csv, png=png, force=force, detach=detach),
        detach=detach,
        url=url,
    )


@app.command(
    epilog="Examples:  gridcast analyses   |   gridcast analyses --op heatmap --status running   |   "
    "gridcast analyses --json | jq -r '.[].id'"
)
def analyses(
    op: Annotated[
        Literal["characterize", "heatmap", "scan", "verify"] | None,
        typer.Option(help="Only operations of this kind.", show_default=False),
    ] = None,
    status: Annotated[
        Status | None, typer.Option(help="Only operations of this status.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Operations to list, newest first.")] = 20,
    url: Url = None,
    json: Json = False,
) -> None:
    """List operations, newest first: characterizations, heatmaps, scans, verifications."""
    from .analyses import AnalysesOptions
    from .analyses import analyses as listing

    finish(lambda: listing(AnalysesOptions(op=op, status=status, limit=limit, url=url, json=json)))


@app.command(
    epilog="Examples:  gridcast analysis k3v9w2m7qa   |   gridcast analysis k3v9w2m7qa --png map.png --csv map.csv   |   "
    "gridcast analysis k3v9w2m7qa --cancel"
)
def analysis(
    operation_id: Annotated[str, typer.Argument(metavar="ID", help="An operation's id.")],
    cancel: Annotated[bool, typer.Option("--cancel", help="End it without a result.")] = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="End it, and delete all that is known of it.")
    ] = False,
    csv: Csv = None,
    png: Png = None,
    force: Force = False,
    url: Url = None,
    json: Annotated[
        bool, typer.Option("--json", help="Its result, or how far it is; one line of JSON.")
    ] = False,
) -> None:
    """Show how far an operation is, or what it has found. Exit code 1: it failed, or was cancelled."""
    if cancel and delete:
        raise typer.BadParameter("deleting it ends it too", param_hint="--cancel / --delete")
    if (cancel or delete) and (csv or png):
        raise typer.BadParameter("goes without files", param_hint="--cancel / --delete")
    from .analyses import AnalysisOptions
    from .analyses import analysis as look

    outputs = _outputs(json=json, csv=csv, png=png, force=force)
    options = AnalysisOptions(
        operation_id=operation_id, cancel=cancel, delete=delete, outputs=outputs, url=url
    )
    finish(lambda: look(options))


@app.command(
    epilog="Examples:  gridcast verify last && echo identical   |   gridcast verify last --json | jq .identical"
)
def verify(session: SessionName, url: Url = None, json: ResultJson = False) -> None:
    """Have the service run an ended session again and compare. Exit code 0: identical to the last bit; 1: different.

    Workers compute it and anyone can watch; a second run that differs is kept. Ctrl-C cancels it. `gridcast replay` does
    the same from here, and names the first tick that differs.
    """
    from .verify import verify as run_again

    finish(lambda: run_again(session, url=url, as_json=json))


def _outputs(*, json: bool, csv: Path | None, png: Path | None, force: bool, detach: bool = False) -> Outputs:
    from .operation import Outputs

    if detach and (csv or png):
        raise typer.BadParameter(
            "files are written by `gridcast analysis ID` once it has completed", param_hint="--detach"
        )
    return Outputs(json=json, csv=csv, png=png, force=force)


def _overrides(settings: list[str] | None) -> JSON:
    from .run import parse_overrides

    return parse_overrides(settings or ()) or None


def _operate(
    op: Analysis, config: Callable[[], Mapping[str, JSON]], outputs: Outputs, *, detach: bool, url: str | None
) -> None:
    """Make the config and run the operation; what is wrong with it is told as any other error."""
    from .operation import OperationOptions, operate

    finish(lambda: operate(OperationOptions(op=op, config=config(), outputs=outputs, detach=detach, url=url)))
