"""What clients ask of operations, and what they get."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from gridcast.broadcaster.access import Visibility
from gridcast.broadcaster.analyses import Status
from gridcast.scenarios.operations import CharacterizeConfig, HeatmapConfig, ScanConfig

from .bodies import told_as_scenarios
from .models import PageQuery, WaitQuery

VERIFY: Final = "verify"
"""The operation that runs a session again; it is asked for at the session."""

Op = Literal["characterize", "heatmap", "scan", "verify"]

CharacterizeRequest = Annotated[CharacterizeConfig, told_as_scenarios(CharacterizeConfig)]
HeatmapRequest = Annotated[HeatmapConfig, told_as_scenarios(HeatmapConfig)]
ScanRequest = Annotated[ScanConfig, told_as_scenarios(ScanConfig)]
"""Bodies of `POST /api/operations/{op}`."""


class OperationWaitQuery(WaitQuery):
    wait: bool = Field(True, description="Answer when it is over; else at once, with what was started.")


class OperationListQuery(PageQuery):
    op: Op | None = None
    status: Status | None = None


class ProgressFrame(BaseModel):
    """What a client asks for on `/ws/progress`, beside a sign of life."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OperationFrame(ProgressFrame):
    """The frame of `/ws/progress` that asks for an operation; what is in `config` is checked by the operation."""

    op: Annotated[str, StringConstraints(max_length=100)]
    config: dict[str, JsonValue] = Field(default_factory=dict)
    detach: bool = Field(False, description="Whether it goes on when the socket closes.")


class CancelFrame(ProgressFrame):
    """The frame of `/ws/progress` that ends it."""

    type: Literal["cancel"]


class OperationProgress(BaseModel):
    """`step` of `steps` points are over; `pct` never goes back."""

    step: int
    steps: int
    pct: float
    msg: str
    eta_s: float | None = None


class OperationObject(BaseModel):
    """An operation."""

    id: str
    op: Op
    title: str
    config: dict[str, Any]
    status: Status
    reason: str | None = None
    progress: OperationProgress
    simulations: int = Field(description="Simulations that were asked for so far.")
    cached: int = Field(description="Those of them whose result was there already.")
    created: float
    started: float | None = None
    ended: float | None = None
    attempt: int
    owner: str
    visibility: Visibility
    epoch: str
    head: int
    result: dict[str, Any] | None = Field(
        None, description="Of one that completed; its form depends on `op` (docs/analyses.md). Not in lists."
    )
    ws_url: str
    url: str


class OperationPage(BaseModel):
    items: list[OperationObject]
    next_cursor: str | None
