"""What clients send, strictly: unknown fields are refused, nothing is guessed. And what they get, for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, LiteralString

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from gridcast.broadcaster.access import Visibility
from gridcast.broadcaster.sessions import Status
from gridcast.scenarios.fields import Title


def _one_fault(words: LiteralString) -> WrapValidator:
    """One sentence for people instead of pydantic's one for each member of the union."""

    def checked(value: object, check: ValidatorFunctionWrapHandler) -> object:
        try:
            return check(value)
        except ValidationError:
            raise PydanticCustomError("one_of", words) from None

    return WrapValidator(checked)


def _small(args: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(orjson.dumps(args)) > MAX_ARGS_BYTES:
        raise PydanticCustomError(
            "args_too_large", "may have at most {bytes} bytes", {"bytes": MAX_ARGS_BYTES}
        )
    return args


MAX_ARGS_BYTES: Final = 8 << 10
"""Of a command's arguments as JSON. They stand in its answer too, which every viewer gets and the log must hold; the
longest that mean something have 2 KiB."""

Args = Annotated[dict[str, JsonValue], Field(max_length=100), AfterValidator(_small)]
Speed = Annotated[
    Literal["max"] | Annotated[float, Field(ge=0.1, le=1000, allow_inf_nan=False)],
    _one_fault("must be `max` or a number from 0.1 to 1000"),
]
OnIdle = Literal["continue", "pause", "stop"]
Command = Literal[
    "pause",
    "resume",
    "stop",
    "step",
    "run_until",
    "speed",
    "set_batch_size",
    "shift_replicas",
    "set_taps",
    "set_storage_power",
    "set_controller",
]
CommandId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
MAX_SEED: Final = 2**31 - 1
MAX_TICK: Final = 2**53 - 1
"""Every number up to this one is exact in every JSON reader."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SessionRequest(_Strict):
    """Body of `POST /api/sessions`."""

    scenario: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    overrides: Annotated[dict[str, JsonValue], Field(max_length=500)] = Field(
        default_factory=dict,
        description="Dotted path into the scenario's config -> value, such as `duration_s`: 600.",
    )
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    speed: Speed = Field("max", description="Simulated seconds per second, or `max`.")
    on_idle: OnIdle = Field("continue", description="What happens when nobody watches.")
    title: Title | None = None
    visibility: Visibility = Field("private", description="Who may watch, where accounts are on.")


class CommandRequest(_Strict):
    """Body of `POST /api/sessions/{id}/commands`. The session itself checks `args` and answers."""

    command: Command
    args: Args = Field(default_factory=dict)
    id: CommandId | None = None


class ForkOverrides(_Strict):
    """What a fork may change of its parent. Other names are kept, so that the refusal can say what to do instead."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    duration_s: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Simulated time in whole seconds; the parent's by default."
    )
    title: Title | None = None
    speed: Speed | None = Field(
        None, description="Simulated seconds per second, or `max`; the parent's by default."
    )


class ForkRequest(_Strict):
    """Body of `POST /api/sessions/{id}/fork`."""

    at_tick: Annotated[int, Field(ge=0)] = Field(
        description="Number of ticks that the fork shares with its parent: 0 to the parent's `tick`."
    )
    overrides: ForkOverrides = ForkOverrides()
    commands: Annotated[list[CommandRequest], Field(max_length=100)] = Field(
        default_factory=list,
        description="Take effect at `at_tick`, in this order; the session checks their `args`.",
    )


class CommandFrame(_Strict):
    """The `command` frame of a WebSocket."""

    type: Literal["command"]
    id: CommandId
    command: Command
    args: Args = Field(default_factory=dict)


class PingFrame(_Strict):
    """The `ping` frame of a WebSocket."""

    type: Literal["ping"]


class PlayheadFrame(_Strict):
    """The `playhead` frame of a WebSocket: at which tick its viewer looks; None at the newest."""

    type: Literal["playhead"]
    tick: Annotated[int, Field(ge=0, le=MAX_TICK)] | None


class _Query(BaseModel):
    """Query parameters are text, so they are converted; unknown ones are refused all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WaitQuery(_Query):
    wait: bool = Field(False, description="Answer only when it is done.")


class PageQuery(_Query):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = None


class ListQuery(PageQuery):
    status: Status | None = None
    owner: str | None = None
    scenario: str | None = None


Since = Annotated[
    Annotated[int, Field(ge=0)] | Literal["live"], _one_fault("must be `live` or an offset, 0 or more")
]


class EventsQuery(_Query):
    since: Since = Field(0, description="The last offset that the client has, or `live`.")
    epoch: str | None = Field(None, description="The epoch in which `since` was seen.")


class StreamQuery(EventsQuery):
    format: Literal["compact", "full"] = "compact"
    mode: Literal["all", "latest"] = "all"
    since_tick: Annotated[int, Field(ge=0)] | None = Field(
        None, description="With `format=full`, instead of `since`: the last tick that the client has."
    )


class TicksQuery(_Query):
    from_: Annotated[int, Field(ge=0)] = Field(0, alias="from", description="First tick.")
    to: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Last tick, which is in the answer too; the newest by default."
    )
    max_points: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="Down-sample to at most four times as many rows; minima and maxima survive."
    )
    fields: Annotated[str, Field(max_length=16 << 10)] | None = Field(
        None,
        description="Names of columns, or their beginnings at a dot, with commas between: `v.671,taps,events`.",
    )


class ExportQuery(_Query):
    format: Literal["csv", "parquet", "jsonl"] = "csv"


class CompareQuery(_Query):
    ids: Annotated[str, Field(max_length=1000)] = Field(
        description="Two to eight sessions, with commas between."
    )
    max_points: Annotated[int, Field(ge=1, le=10_000)] = Field(600, description="Most points of a series.")
    fields: Annotated[str, Field(max_length=16 << 10)] | None = Field(
        None, description="Further columns of numbers to align, as in a session's history."
    )


class Parent(BaseModel):
    """Where a fork comes from: it shares the first `tick` ticks of session `id`."""

    id: str
    tick: int


class SessionObject(BaseModel):
    """A session."""

    id: str
    title: str
    scenario: str
    overrides: dict[str, JsonValue]
    seed: int
    speed: Literal["max"] | float
    on_idle: OnIdle
    status: Status
    reason: str | None = None
    tick: int = Field(description="Number of ticks done.")
    n_ticks: int
    progress: float = Field(description="0 to 1.")
    attempt: int
    queue_position: int | None = Field(None, description="Place in the queue, 1 for the next.")
    owner: str
    visibility: Visibility
    viewers: int
    created: float
    started: float | None = None
    ended: float | None = None
    parent: Parent | None = None
    epoch: str
    head: int
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    summary: dict[str, Any] | None = None
    ws_url: str
    url: str


class SessionPage(BaseModel):
    items: list[SessionObject]
    next_cursor: str | None


class CommandAccepted(BaseModel):
    id: str


class ProblemFault(BaseModel):
    loc: list[str | int]
    msg: str


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemFault] | None = None
    instance: str | None = Field(
        None, description="The request: `urn:gridcast:request:` and its X-Request-ID."
    )
    available: list[tuple[int, int]] | None = Field(
        None, description="Where ticks are missing: first and last tick of each stretch that is there."
    )
