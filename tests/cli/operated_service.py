"""A service with one scripted operation: its log, what was asked, what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from typer.testing import CliRunner, Result

from gridcast.cli.main import app
from tests.cli.fake_service import FakeService

PATH = "controllers.0.primal_step_size"
ABOUT: dict[str, Any] = {
    "scenario": "ieee13-ofo",
    "params": {"datacenters.0.bus": "671"},
    "seed": 3,
    "duration_s": 60,
    "simulations": 7,
    "cached": 2,
    "failed": 1,
    "wall_s": 12.25,
}


def metrics(violation: float, vmin: float) -> dict[str, Any]:
    return {
        "integral_violation_pu_s": violation,
        "violation_time_s": 4.0,
        "worst_vmin": vmin,
        "worst_vmax": 1.04,
    }


def curve_point(index: int, power_kw: float, vmin: float) -> dict[str, Any]:
    figures = {
        "worst_vmin": vmin,
        "worst_vmax": 1.04,
        "violation_time_s": 0.0,
        "integral_violation_pu_s": 0.25,
    }
    return {
        "index": index,
        "scale": float(index),
        "status": "done",
        "mean_power_kw": power_kw,
        "max_power_kw": power_kw + 50,
        **figures,
    }


def nothing(status: str, reason: str, *names: str) -> dict[str, Any]:
    return {"status": status, "reason": reason, **dict.fromkeys(names)}


CURVE_FIGURES = (
    "mean_power_kw",
    "max_power_kw",
    "worst_vmin",
    "worst_vmax",
    "violation_time_s",
    "integral_violation_pu_s",
)
CHARACTERIZATION: dict[str, Any] = {
    "op": "characterize",
    **ABOUT,
    "v_min": 0.95,
    "v_max": 1.05,
    "default": {
        "status": "done",
        "metrics": metrics(0.25, 0.96),
        "mean_power_kw": 1000.0,
        "max_power_kw": 1050.0,
    },
    "pv_curve": [
        curve_point(0, 0.0, 0.99),
        curve_point(1, 1000.0, 0.96),
        {"index": 2, "scale": 2.0, **nothing("diverged", "the power flow did not converge", *CURVE_FIGURES)},
    ],
    "hosting_limit": {"scale": 1.0, "mean_power_kw": 1000.0, "limited_by": "diverged"},
    "sensitivity": [
        {
            "index": 0,
            "parameter": "source_pu",
            "base": 1.05,
            "strength": 1.0,
            "low": {"value": 1.03, "status": "done", "metrics": metrics(0.75, 0.94)},
            "high": {"value": 1.07, "status": "refused", "reason": "source_pu: is too high", "metrics": None},
        },
        {
            "index": 1,
            "parameter": PATH,
            "base": 0.1,
            "strength": 0.125,
            "low": {"value": 0.08, "status": "done", "metrics": metrics(0.26, 0.96)},
            "high": {"value": 0.12, "status": "done", "metrics": metrics(0.24, 0.96)},
        },
    ],
}
HEATMAP: dict[str, Any] = {
    "op": "heatmap",
    **ABOUT,
    "metric": "integral_violation_pu_s",
    "unit": "pu s",
    "better": "minimize",
    "param_x": PATH,
    "param_y": "source_pu",
    "x": [0.1, 0.2, 0.3],
    "y": [1.0, 1.05],
    "values": [[0.5, 0.25, 0.75], [1.5, None, 1.25]],
    "failures": [{"x": 1, "y": 1, "status": "diverged", "reason": "the power flow did not converge"}],
    "best": {"x": 1, "y": 0, "value": 0.25},
    "baseline": {"x": 0.15, "y": 1.03},
}


def place(index: int, feeder: str, pattern: str, **more: Any) -> dict[str, Any]:
    figures = {
        "worst_vmin": 0.94,
        "worst_vmax": 1.05,
        "violation_time_s": 12.0,
        "integral_violation_pu_s": 0.5,
        "mean_power_kw": 900.0,
        "oscillation": 0.001,
    }
    return {"index": index, "feeder": feeder, "class": pattern, "status": "done", **figures, **more}


SCAN: dict[str, Any] = {
    "op": "scan",
    **{name: value for name, value in ABOUT.items() if name not in ("scenario", "seed")},
    "sites": [
        place(0, "ieee13", "within_band", bus="671", session={"scenario": "ieee13", "overrides": {}}),
        place(1, "ieee13", "undervoltage", bus="675", session={"scenario": "ieee13", "overrides": {}}),
        {
            "index": 2,
            "feeder": "ieee34",
            "bus": "844",
            "class": "diverged",
            "status": "diverged",
            "reason": "the power flow did not converge",
            "session": {"scenario": "ieee34", "overrides": {}},
        },
    ],
    "scenarios": [place(0, "ieee13", "both", scenario="ieee13-ofo", session={"scenario": "ieee13-ofo"})],
    "counts": {"within_band": 1, "undervoltage": 1, "diverged": 1, "both": 1},
    "rules": {
        "within_band": "every voltage stays inside the band",
        "undervoltage": "some voltage falls below it",
        "diverged": "the power flow does not converge",
        "both": "voltages leave it on both sides",
    },
}
VERIFICATION: dict[str, Any] = {
    "op": "verify",
    "session_id": "abc",
    "identical": True,
    "ticks": 300,
    "digest": "d1",
    "replay_ticks": 300,
    "replay_digest": "d1",
    "replay_id": None,
    "wall_s": 1.5,
}
DIFFERENT = {**VERIFICATION, "identical": False, "replay_digest": "d2", "replay_id": "def"}
FOUND: Mapping[str, dict[str, Any]] = {
    "characterize": CHARACTERIZATION,
    "heatmap": HEATMAP,
    "scan": SCAN,
    "verify": VERIFICATION,
}


def feeder(name: str) -> dict[str, Any]:
    """What `GET /api/scenarios/{name}` tells of it, as far as a picture needs it."""
    buses = {"ieee13": ("671", "675"), "ieee34": ("844", "846")}[name]
    return {
        "buses": [{"name": bus, "x": float(n), "y": 1.0} for n, bus in enumerate(buses)],
        "lines": [{"name": "l", "bus_from": buses[0], "bus_to": buses[1]}],
        "transformers": [],
        "regulators": [],
    }


def progress(step: int, **more: Any) -> dict[str, Any]:
    told = {"operation_id": "op1", "step": step, "steps": 4, "pct": 25 * step, "msg": f"P-V curve {step}/4"}
    return {"type": "progress", **told, **more}


def log_of(op: str, *, last: str = "completed", reason: str | None = None) -> list[dict[str, Any]]:
    """The whole log of an operation of four points."""
    if last == "completed":
        end = {"type": "complete", "operation_id": "op1", "pct": 100, "result": FOUND[op], "final": True}
    else:
        end = {"type": "error", "operation_id": "op1", "code": last, "msg": reason, "final": True}
    told = [
        progress(0, msg="queued"),
        *(progress(step, eta_s=8.0 - 2 * step, point={"part": "pv"}) for step in range(1, 5)),
        end,
    ]
    return [{"offset": n, "ts": 1.0, **entry} for n, entry in enumerate(told, start=1)]


@dataclass(kw_only=True)
class OperatedService(FakeService):
    """An operation `op1`, which has the status `status` from the start."""

    op: str = "characterize"
    status: str = "completed"
    reason: str | None = None
    found: dict[str, Any] | None = None
    """What it found, if not what such an operation finds here."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Each request to start one: its operation, and its config."""
    keys: list[str | None] = field(default_factory=list)
    cancelled: int = 0
    deleted: int = 0
    busy: int = 0
    """So many answers are 503 before one is an answer."""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/scenarios/{name}", self._scenario),
                Route("/api/sessions/{id}", lambda request: JSONResponse({"id": request.path_params["id"]})),
                Route("/api/sessions/{id}/verify", self._verify),
                Route("/api/operations", self._list),
                Route("/api/operations/{op}", self._create_operation, methods=["POST"]),
                Route("/api/operations/{id}", self._get),
                Route("/api/operations/{id}", self._delete, methods=["DELETE"]),
                Route("/api/operations/{id}/cancel", self._cancel, methods=["POST"]),
                WebSocketRoute("/api/ws/operations/{id}", self._stream),
            ]
        )

    def gridcast(self, *arguments: str) -> Result:
        """Run a command on this service."""
        return CliRunner().invoke(app, arguments, env={"GRIDCAST_URL": self.url})

    def document(self) -> dict[str, Any]:
        known = {
            "id": "op1",
            "op": self.op,
            "title": f"{self.op} of something",
            "config": {"name": "ieee13-ofo"},
            "status": self.status,
            "progress": {"step": 4, "steps": 4, "pct": 100, "msg": "done"},
            "simulations": 7,
            "cached": 2,
            "created": 1.0,
            "started": 2.0,
            "attempt": 1,
            "owner": "local",
            "epoch": "e1",
            "head": len(self.log),
            "ws_url": "",
            "url": f"{self.url}/operations/op1",
            "from_the_future": True,
        }
        return {**known, **({"reason": self.reason} if self.reason else {})}

    async def _create_operation(self, request: Request) -> Response:
        if self.busy:
            self.busy -= 1
            return problem(503, "the broker does not answer")
        assert request.query_params["wait"] == "false"
        self.asked.append((request.path_params["op"], await request.json()))
        self.keys.append(request.headers.get("idempotency-key"))
        if self.refusal:
            status, told = self.refusal
            return JSONResponse(told, status, media_type="application/problem+json")
        self.op = request.path_params["op"]
        self.log = log_of(self.op, last=self.status, reason=self.reason)
        return JSONResponse({**self.document(), "status": "queued"}, 202)

    def _verify(self, request: Request) -> Response:
        assert request.query_params["wait"] == "false"
        self.asked.append(("verify", {"session_id": request.path_params["id"]}))
        self.op, self.log = "verify", log_of("verify")
        return JSONResponse({**self.document(), "status": "queued"}, 202)

    def _get(self, request: Request) -> Response:
        if request.path_params["id"] != "op1" or self.deleted:
            return problem(404, "there is no such operation")
        found = {"result": self.found or FOUND[self.op]} if self.status == "completed" else {}
        return JSONResponse({**self.document(), **found})

    def _list(self, request: Request) -> Response:
        self.queries.append(dict(request.query_params))
        return JSONResponse({"items": [self.document()], "next_cursor": None})

    def _cancel(self, request: Request) -> Response:
        self.cancelled += 1
        self.status, self.reason = "cancelled", "cancelled by user:local"
        return JSONResponse({**self.document(), "status": "running"}, 202)

    def _delete(self, request: Request) -> Response:
        self.deleted += 1
        return Response(status_code=204)

    def _scenario(self, request: Request) -> Response:
        return JSONResponse(
            {"name": request.path_params["name"], "feeder": feeder(request.path_params["name"])}
        )


def problem(code: int, detail: str, errors: list[dict[str, Any]] | None = None) -> Response:
    document = {
        "type": "urn:gridcast:problem:no",
        "title": "No",
        "status": code,
        "detail": detail,
        "errors": errors,
    }
    return Response(json.dumps(document), code, media_type="application/problem+json")
