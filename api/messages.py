"""Every message that a socket sends or takes, as a model: what docs/protocol.md says in words, for programs.

They describe, they do not serve: entries leave as the bytes that their writer made. Golden messages of real runs hold the
two together (tests/api/test_asyncapi.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gridcast.broadcaster.entries import ResetReason
from gridcast.broadcaster.operation_events import ErrorCode
from gridcast.broadcaster.sessions import Status
from gridcast.broadcaster.task_events import Type

from .inbound import Code
from .models import Command, CommandFrame, PingFrame, PlayheadFrame, ProblemFault, SessionObject
from .operation_models import CancelFrame, OperationFrame, OperationObject
from .task_models import TaskObject

Number: TypeAlias = float | None
"""A number that does not exist is null."""

Phase = Literal["a", "b", "c"]


class Message(BaseModel):
    """Nothing but what is named here is ever in a message."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Entry(Message):
    """An item of a channel's log."""

    offset: int = Field(ge=1, description="Its place in the log; each is one more than the one before.")
    ts: float = Field(description="When it was written, unix seconds.")


class ModelInfo(Message):
    label: str
    gpus_per_replica: int
    itl_deadline_s: float
    feasible_batch_sizes: list[int]


class DatacenterInfo(Message):
    name: str
    bus: str
    models: list[ModelInfo]


class StorageInfo(Message):
    name: str
    bus: str
    rated_power_kw: float
    capacity_kwh: float


class ControllerInfo(Message):
    name: str
    enabled: bool


class SchemaEntry(Entry):
    """What the numbers of a session mean; before its first tick."""

    type: Literal["schema"]
    session_id: str
    scenario: str
    feeder: str
    seed: int
    workload: Literal["measured-figures", "ml-energy-traces"]
    tick_s: float
    n_ticks: int
    v_min: float
    v_max: float
    bus_phases: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    datacenters: list[DatacenterInfo]
    regulators: list[str]
    storages: list[StorageInfo]
    controllers: list[ControllerInfo]


class SiteTicks(Message):
    """A datacenter's columns; an element is null where it was not due."""

    p_w: list[Annotated[list[Number], Field(min_length=3, max_length=3)] | None]
    batch: dict[str, list[Number]]
    replicas: dict[str, list[Number]]
    itl_s: dict[str, list[Number]]
    power_w: dict[str, list[Number]]


class StorageTicks(Message):
    p_kw: list[Number]
    q_kvar: list[Number]
    soc: list[Number]


class SimEventItem(Message):
    """Something that OpenG2G told."""

    tick: int
    t_s: float
    source: str
    topic: str
    data: Any


class ControlItem(Message):
    """What took effect, and by whom: `controller:NAME` or `user:NAME`."""

    tick: int
    by: str
    command_id: str | None = None
    command: str
    args: dict[str, JsonValue]


class TicksEntry(Entry):
    """One or more consecutive ticks, column by column."""

    type: Literal["ticks"]
    first: int
    t_s: list[float]
    v: list[list[Number] | None] = Field(description="In pu, one row a tick in `bus_phases` order.")
    dc: dict[str, SiteTicks]
    taps: dict[str, list[Number]]
    storage: dict[str, StorageTicks]
    events: list[SimEventItem]
    controls: list[ControlItem]


class CommandEntry(Entry):
    """The one answer to a person's command."""

    type: Literal["command"]
    command_id: str
    by: str
    command: str
    args: dict[str, JsonValue]
    status: Literal["applied", "rejected"]
    tick: int
    error: str | None = None


class StatusEntry(Entry):
    """The session changed state; `tick` is the number of ticks done."""

    type: Literal["status"]
    status: Status
    tick: int
    attempt: int
    reason: str | None = None


class SummaryEntry(Entry):
    """The end of a run, before its last status."""

    type: Literal["summary"]
    metrics: dict[str, Any]
    digest: str
    wall_s: float
    ticks: int
    ticks_per_s: Number


class PhaseNumbers(Message):
    a: Number
    b: Number
    c: Number


class SiteState(Message):
    power_w: PhaseNumbers
    batch_size_by_model: dict[str, Number]
    active_replicas_by_model: dict[str, Number]
    observed_itl_s_by_model: dict[str, Number]
    power_by_model_w: dict[str, Number]


class GridState(Message):
    voltages: dict[str, PhaseNumbers]
    tap_positions: dict[str, Number]


class TickFrame(Message):
    """One tick, with `format=full`."""

    type: Literal["tick"]
    offset: int
    tick: int
    t_s: float
    dc_states: dict[str, SiteState]
    grid_state: GridState | None
    commands: list[ControlItem]
    sim_events: list[SimEventItem]


class _Hello(Message):
    epoch: str
    head: int
    role: Literal["viewer", "controller", "owner", "admin"]
    protocol: Literal[1]


class SessionHello(_Hello):
    """The first frame of a session's socket."""

    type: Literal["hello"]
    session: SessionObject


class TaskHello(_Hello):
    type: Literal["hello"]
    task: TaskObject


class ExperimentOf(Message):
    id: str
    task_id: str


class ExperimentHello(_Hello):
    type: Literal["hello"]
    experiment: ExperimentOf


class OperationHello(_Hello):
    type: Literal["hello"]
    operation: OperationObject


class ResetFrame(Message):
    """Some entries are not there any more; what follows begins with `earliest_offset`."""

    type: Literal["reset"]
    epoch: str
    earliest_offset: int
    earliest_tick: int | None
    reason: ResetReason


class SkippedFrame(Message):
    """With `mode=latest`: the ticks that were left out."""

    type: Literal["skipped"]
    from_offset: int
    to_offset: int
    from_tick: int
    to_tick: int


class HeartbeatFrame(Message):
    """Nothing else was sent for a while."""

    type: Literal["heartbeat"]
    ts: float


class PongFrame(Message):
    """The answer to `ping`."""

    type: Literal["pong"]
    ts: float


class ErrorFrame(Message):
    """A frame of the client was refused; the socket stays open."""

    type: Literal["error"]
    code: Code
    detail: str
    command_id: str | None = None


class ViewerItem(Message):
    id: str
    name: str
    color: str = Field(description="Of this name, always the same: `#rrggbb`.")
    since: float
    tick: int | None
    you: Literal[True] | None = None


class AskedItem(Message):
    """Somebody who wants the wheel."""

    name: str
    ts: float


class WheelItem(Message):
    """Who alone steers; null: all who may."""

    holder: str | None
    since: float | None
    asked: list[AskedItem]


class ViewersFrame(Message):
    """Who watches, and who steers; for those who have sent a `playhead`."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    type: Literal["viewers"]
    count: int
    viewers: list[ViewerItem]
    wheel: WheelItem | None = Field(None, description="Where accounts are on.")


class TaskEvent(Message):
    """Something happened to a task or one of its experiments; `data` depends on `type`."""

    offset: int = Field(ge=1)
    final: Literal[True] | None = Field(
        None, description="The last entry of its channel, unless it is resumed."
    )
    type: Type
    task_id: str
    experiment_id: str | None = None
    timestamp: float
    message: str
    data: dict[str, Any]


class ProgressEntry(Entry):
    """`step` of `steps` points of an operation are over."""

    type: Literal["progress"]
    operation_id: str
    step: int
    steps: int
    pct: float
    msg: str
    eta_s: float | None = None
    point: dict[str, Any] | None = None


class CompleteEntry(Entry):
    """An operation came to its end."""

    type: Literal["complete"]
    final: Literal[True]
    operation_id: str
    pct: Literal[100]
    result: dict[str, Any]


class FailedEntry(Entry):
    """An operation did not."""

    type: Literal["error"]
    final: Literal[True]
    operation_id: str
    msg: str
    code: ErrorCode


class ProgressErrorFrame(Message):
    """A request on `/ws/progress` was refused, and nothing was started."""

    type: Literal["error"]
    code: Code
    msg: str
    errors: list[ProblemFault] | None = None


class DetachedFrame(Message):
    """The operation goes on without this socket."""

    type: Literal["detached"]
    operation_id: str
    ws_url: str
    url: str


Entries = SchemaEntry | TicksEntry | CommandEntry | StatusEntry | SummaryEntry
Asides = ResetFrame | HeartbeatFrame | PongFrame | ErrorFrame
OperationEntries = ProgressEntry | CompleteEntry | FailedEntry

SENT: dict[str, tuple[type[BaseModel], ...]] = {
    "session": (*get_args(Entries), TickFrame, SessionHello, SkippedFrame, ViewersFrame, *get_args(Asides)),
    "task": (TaskEvent, TaskHello, *get_args(Asides)),
    "experiment": (TaskEvent, ExperimentHello, *get_args(Asides)),
    "operation": (*get_args(OperationEntries), OperationHello, *get_args(Asides)),
    "progress": (*get_args(OperationEntries), DetachedFrame, ProgressErrorFrame, HeartbeatFrame, PongFrame),
}
"""What the service sends, by the kind of socket."""

TAKEN: dict[str, tuple[type[BaseModel], ...]] = {
    "session": (CommandFrame, PlayheadFrame, PingFrame),
    "task": (PingFrame,),
    "experiment": (PingFrame,),
    "operation": (PingFrame,),
    "progress": (OperationFrame, CancelFrame, PingFrame),
}
"""What it takes."""

__all__ = ["SENT", "TAKEN", "Command", "Message"]
