"""What clients ask of tuning tasks, and what they get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue

from gridcast.broadcaster.access import Visibility
from gridcast.broadcaster.analyses import Status
from gridcast.scenarios.tuning import TaskSpec

from .bodies import told_as_scenarios
from .models import PageQuery

ExperimentStatus = Literal["running", "completed", "pruned", "failed"]
Sort = Literal[
    "iter", "-iter", "number", "-number", "score", "-score", "elapsed_s", "-elapsed_s", "status", "-status"
]


TaskRequest = Annotated[TaskSpec, told_as_scenarios(TaskSpec)]
"""Body of `POST /api/tasks`; faults are told in the words of scenarios."""


class TaskListQuery(PageQuery):
    status: Status | None = None
    scenario: str | None = None


class ExperimentsQuery(PageQuery):
    status: ExperimentStatus | None = None
    sort: Sort = Field("iter", description="`-` turns the order round; what has no such figure comes last.")


class TaskProgress(BaseModel):
    """The data of `task_progress`."""

    done: int
    total: int
    pct: float
    best_score: float | None
    best_experiment_id: str | None


class Experiment(BaseModel):
    """One parameter set. `iter` counts the finished ones; metrics are means over the phases."""

    id: str
    number: int = Field(description="The trial of the study; -1 for the baseline.")
    baseline: bool
    status: ExperimentStatus
    params: dict[str, JsonValue]
    iter: int | None = None
    metrics: dict[str, float | None] | None = None
    score: float | None = None
    scores: list[float] | None = None
    broken: list[float] | None = Field(None, description="By how much each constraint is broken.")
    best: float | None = Field(None, description="The best score when it finished.")
    error: str | None = None
    phases: int | None = Field(None, description="Simulations that came to their end.")
    elapsed_s: float | None = None
    simulated_s: float | None = None
    began: float | None = None
    ts: float | None = None
    ws_url: str


class ExperimentPage(BaseModel):
    items: list[Experiment]
    next_cursor: str | None


class ExperimentDetail(Experiment):
    """With what `POST /api/sessions` takes to watch it: one body for each of its phases."""

    overrides: dict[str, JsonValue]
    seed: int
    scenario: str
    sessions: list[dict[str, Any]]


class TaskObject(BaseModel):
    """A tuning task."""

    id: str
    title: str
    scenario: str
    spec: dict[str, Any]
    status: Status
    reason: str | None = None
    progress: TaskProgress
    best: Experiment | None
    baseline: Experiment | None
    cost: float = Field(description="Simulated seconds so far.")
    calls: int = Field(description="Simulations so far.")
    importances: dict[str, float] | None = Field(
        None, description="Share of each parameter in the differences between scores."
    )
    front: list[str] | None = Field(
        None, description="Experiments that no other beats in all objectives at once."
    )
    created: float
    started: float | None = None
    ended: float | None = None
    attempt: int
    owner: str
    visibility: Visibility
    epoch: str
    head: int
    ws_url: str
    url: str


class TaskPage(BaseModel):
    items: list[TaskObject]
    next_cursor: str | None


class Subscribers(BaseModel):
    task_id: str
    subscribers: int


class Live(BaseModel):
    """What a poller needs. `chart` is the trajectory as SVG."""

    active: bool
    iteration: int
    best: float | None
    cost: float
    calls: int
    chart: str
