"""`/api/scenarios`: what can be simulated."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gridcast.scenarios import catalogue, config_schema, load_feeder

from .failures import NOT_FOUND, Failure
from .replies import fails_with, reply

router = APIRouter(prefix="/api/scenarios", tags=["scenarios"])


@router.get("")
async def list_scenarios() -> Response:
    """The catalogue, in its order."""
    items = [
        {
            "name": scenario.name,
            "title": scenario.title,
            "description": scenario.description,
            "feeder": scenario.feeder,
            "duration_s": scenario.config.duration_s,
            "n_ticks": scenario.config.n_ticks,
        }
        for scenario in catalogue().values()
    ]
    return reply({"items": items, "next_cursor": None})


@router.get("/schema")
async def schema() -> Response:
    """JSON Schema of a scenario's config."""
    return reply(config_schema())


@router.get("/{name}", responses=fails_with(404))
async def get(name: str) -> Response:
    """One scenario with its full default config, and the feeder that it runs on."""
    scenario = catalogue().get(name)
    if scenario is None:
        raise Failure(NOT_FOUND, f"there is no scenario {name!r}; there are {', '.join(catalogue())}")
    return reply(
        {
            "name": scenario.name,
            "title": scenario.title,
            "description": scenario.description,
            "feeder": load_feeder(scenario.feeder).as_dict(),
            "config": scenario.config.model_dump(mode="json"),
            "tick_s": scenario.config.tick_s,
            "n_ticks": scenario.config.n_ticks,
        }
    )
