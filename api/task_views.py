"""Task and experiment objects of the protocol, made from what the broker knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridcast.broadcaster import Channel, NoChannel
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.names import BASELINE, ID_PATTERN, task_of

from .analyses import channel_at, state_at, told_of
from .services import Services
from .views import Base

_OPTIONAL = ("reason", "importances", "front", "started", "ended")


def task_channel(task_id: str) -> Channel:
    """The task's channel. Raises `NoChannel` for what cannot be a task's id."""
    return channel_at("task", task_id)


def experiment_channel(ident: str) -> Channel:
    """The experiment's channel. Raises `NoChannel` for what cannot be an experiment's id."""
    if not ID_PATTERN.fullmatch(ident) or not task_of(ident):
        raise NoChannel(f"experiment:{ident}")
    return Channel("experiment", ident)


async def task_state(services: Services, task_id: str) -> AnalysisState:
    """What the broker knows of a task. Raises `NoChannel`."""
    return await state_at(services, task_channel(task_id))


def no_progress(total: int) -> dict[str, Any]:
    """The data of `task_progress` before anything is done."""
    return {"done": 0, "total": total, "pct": 0.0, "best_score": None, "best_experiment_id": None}


def task_object(state: AnalysisState, *, base: Base) -> dict[str, Any]:
    record, told = state.record, state.told

    def one(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if record is None else finished(record, base=base)

    found = {
        **told_of(state, base=base),
        "scenario": record["spec"]["scenario"],
        "spec": record["spec"],
        "progress": told.get("progress") or no_progress(record["total"]),
        "best": one(told.get("best")),
        "baseline": one(told.get("baseline")),
        "cost": told.get("cost", 0.0),
        "calls": told.get("calls", 0),
        "importances": told.get("importances"),
        "front": told.get("front") or None,
    }
    return {name: value for name, value in found.items() if value is not None or name not in _OPTIONAL}


def finished(record: Mapping[str, Any], *, base: Base) -> dict[str, Any]:
    """An experiment that is over, from its record."""
    ident = record["experiment_id"]
    return {
        "id": ident,
        "number": record["number"],
        "baseline": record["number"] == BASELINE,
        **{name: value for name, value in record.items() if name not in ("experiment_id", "number")},
        "ws_url": f"{base.ws}/api/ws/experiments/{ident}",
    }


def under_way(told: Mapping[str, Any], *, base: Base) -> dict[str, Any]:
    """An experiment that is not."""
    return {
        "id": told["id"],
        "number": told["number"],
        "baseline": told["number"] == BASELINE,
        "status": "running",
        "params": told["params"],
        "began": told["began"],
        "ws_url": f"{base.ws}/api/ws/experiments/{told['id']}",
    }


async def experiments_of(services: Services, state: AnalysisState, *, base: Base) -> list[dict[str, Any]]:
    """All experiments of a task: those that are over in the order in which they ended, then those under way."""
    records = await services.analyses.records(state.channel)
    over = {record["number"] for record in records}
    running = [] if state.over else state.told.get("running") or []
    return [finished(record, base=base) for record in records] + [
        under_way(told, base=base) for told in running if told["number"] not in over
    ]


def sessions_of(
    spec: Mapping[str, Any], experiment: Mapping[str, Any], *, title: str
) -> list[dict[str, Any]]:
    """For each phase of an experiment the body of `POST /api/sessions` that computes the same ticks."""
    phases = spec["phases"]
    return [
        {
            "scenario": spec["scenario"],
            "overrides": {**spec["overrides"], **phase["overrides"], **experiment["params"]},
            "seed": spec["seed"] if phase["seed"] is None else phase["seed"],
            "title": f"{title}, {_name(experiment)}"
            + (f", {phase['name'] or f'phase {n}'}" if len(phases) > 1 else ""),
        }
        for n, phase in enumerate(phases, start=1)
    ]


def detail(state: AnalysisState, experiment: Mapping[str, Any]) -> dict[str, Any]:
    """An experiment with what it takes to watch it."""
    sessions = sessions_of(state.record["spec"], experiment, title=state.record["title"])
    first = {name: sessions[0][name] for name in ("overrides", "seed", "scenario")}
    return {**experiment, **first, "sessions": sessions}


def _name(experiment: Mapping[str, Any]) -> str:
    return "baseline" if experiment["baseline"] else f"experiment {experiment['number']}"
