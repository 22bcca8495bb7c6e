"""What a coordinator needs to know of an operation: its points, what to say of each, and what they come to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gridcast.broadcaster.simulations import FailureKind, Result, spec_of
from gridcast.scenarios.metrics import METRICS
from gridcast.scenarios.operations import CharacterizeConfig, HeatmapConfig, Point

Status = Literal["done", "diverged", "refused", "failed"]
Item = dict[str, Any]
"""What came of a point, as `point` of a `progress` entry tells it."""

_STATUS: Mapping[FailureKind | None, Status] = {
    None: "failed",
    "diverged": "diverged",
    "invalid": "refused",
    "accident": "failed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of the simulation of a point. Metrics and facts are empty where it is not `done`."""

    status: Status
    reason: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result) -> Outcome:
        """What a simulation's result says."""
        if result.metrics is None:
            return cls(status=_STATUS[result.kind], reason=result.reason or "its simulation failed")
        return cls(
            status="done",
            metrics=result.metrics,
            facts=result.facts or {},
        )

    @property
    def state(self) -> Item:
        """`status`, and `reason` where it is not `done`."""
        return {"status": self.status, **({} if self.reason is None else {"reason": self.reason})}

    def figures(self, *names: str) -> Item:
        """These metrics and facts; null where there are none."""
        return {name: self.metrics.get(name, self.facts.get(name)) for name in names}

    def summary(self) -> dict[str, Any] | None:
        """The metrics by which runs are judged."""
        return {name: self.metrics.get(name) for name in METRICS} if self.metrics else None


def of_part(items: Sequence[Item], part: str) -> list[Item]:
    """The items of one part of the result, which need not say so there."""
    return [{name: item[name] for name in item if name != "part"} for item in items if item["part"] == part]


class Points:
    """What all plans of simulations know: their points, and what is to be simulated for each."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = points

    @property
    def steps(self) -> int:
        return len(self._points)

    def spec(self, n: int) -> bytes:
        return spec_of(self._points[n].configured())


def of_one_scenario(asked: CharacterizeConfig | HeatmapConfig) -> dict[str, Any]:
    """How the result of an operation on one scenario begins."""
    return {
        "op": asked.op,
        "scenario": asked.name,
        "params": asked.params,
        "seed": asked.seed,
        "duration_s": asked.duration_s,
    }


class Plan(Protocol):
    """One operation. The same one is made from the same request by whoever coordinates it; nothing in it waits."""

    @property
    def head(self) -> dict[str, Any]:
        """The first fields of the result: what was asked."""

    @property
    def steps(self) -> int:
        """Number of its points."""

    def spec(self, n: int) -> bytes:
        """What is to be simulated for point `n`.

        Raises:
            ScenarioError: its scenario refuses it.
        """

    def item(self, n: int, outcome: Outcome) -> Item:
        """What is told of point `n`, and all that the result needs of it."""

    def words(self, n: int, finished: Collection[int]) -> str:
        """What people read when point `n` has come; `finished` are those that are over, `n` among them."""

    def result(self, items: Sequence[Item]) -> dict[str, Any]:
        """What all items come to, in the order of the points."""
