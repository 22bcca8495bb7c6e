"""The numbers of consecutive or chosen ticks, as numpy arrays, one row a tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .messages import BusPhase

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

PHASES = ("a", "b", "c")
_BY_LABEL = (("batch", "requests"), ("replicas", "replicas"), ("itl_s", "s"), ("power_w", "W"))
_STORAGE = (("p_kw", "kW"), ("q_kvar", "kvar"), ("soc", "1"))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Site:
    """A datacenter: `p_w` has one column for each of phases a, b, c (W); the rest is for each model by its label.

    `batch`: batch sizes (requests); `replicas`: active replicas; `itl_s`: inter-token latency (s); `power_w`: power (W).
    """

    p_w: Floats
    batch: Mapping[str, Floats]
    replicas: Mapping[str, Floats]
    itl_s: Mapping[str, Floats]
    power_w: Mapping[str, Floats]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Storage:
    """A storage: `p_kw` (kW, above zero it discharges), `q_kvar` (kvar, above zero it injects), `soc` (0 to 1)."""

    p_kw: Floats
    q_kvar: Floats
    soc: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of numbers, named as in a recording (`v.671.a`, `dc.default.p_w.a`), with its unit."""

    name: str
    unit: str
    values: Floats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ticks:
    """Ticks in order, one row each. What does not exist, or was not due in a tick, is NaN.

    `tick`: their numbers; `t_s`: when they start (simulated s); `v_pu`: voltages (pu), one column for each of
    `bus_phases`; `datacenters`, `taps` (ratios) and `storages` by name. Parts that were not asked for are empty.
    """

    tick: Integers
    t_s: Floats
    bus_phases: tuple[BusPhase, ...]
    v_pu: Floats
    datacenters: Mapping[str, Site]
    taps: Mapping[str, Floats]
    storages: Mapping[str, Storage]

    def __len__(self) -> int:
        return len(self.tick)

    @property
    def first(self) -> int:
        """Number of the first tick."""
        return int(self.tick[0])

    @property
    def last(self) -> int:
        """Number of the last tick."""
        return int(self.tick[-1])

    def columns(self) -> Iterator[Column]:
        """All numbers except `tick` and `t_s`, in the order in which recordings hold them."""
        for n, (bus, phase) in enumerate(self.bus_phases):
            yield Column(name=f"v.{bus}.{phase}", unit="pu", values=self.v_pu[:, n])
        for name, site in self.datacenters.items():
            for n in range(site.p_w.shape[1]):
                yield Column(name=f"dc.{name}.p_w.{PHASES[n]}", unit="W", values=site.p_w[:, n])
            for part, unit in _BY_LABEL:
                for label, values in getattr(site, part).items():
                    yield Column(name=f"dc.{name}.{part}.{label}", unit=unit, values=values)
        for name, values in self.taps.items():
            yield Column(name=f"taps.{name}", unit="ratio", values=values)
        for name, storage in self.storages.items():
            for part, unit in _STORAGE:
                values = getattr(storage, part)
                if values.size:
                    yield Column(name=f"storage.{name}.{part}", unit=unit, values=values)

    def since(self, tick: int) -> Ticks:
        """Those from number `tick` on."""
        begin = int(np.searchsorted(self.tick, tick))
        return _combined([self], lambda columns: columns[0][begin:])

    def to_pandas(self) -> pd.DataFrame:
        """A frame with `tick` as its index and one column for each number; `frame.attrs["units"]` holds the units.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        from .frames import to_pandas

        return to_pandas(self)

    def to_arrow(self) -> pa.Table:
        """A table with the columns of a recording, except `events` and `controls`; each field's metadata holds its unit."""
        from .frames import to_arrow

        return to_arrow(self)


def joined(pieces: Sequence[Ticks]) -> Ticks:
    """Several stretches of one run as one; they hold the same columns. `pieces` is not empty."""
    return pieces[0] if len(pieces) == 1 else _combined(pieces, np.concatenate)


def ticks_of(document: Mapping[str, Any], bus_phases: Sequence[Sequence[str]]) -> Ticks:
    """The numbers of a `ticks` entry, or of an answer of the history, whose rows of `v` are of these `bus_phases`."""
    t_s = _numbers(document["t_s"])
    if "tick" in document:
        tick = np.array(document["tick"], dtype=np.int64)
    else:
        tick = np.arange(document["first"], document["first"] + len(t_s), dtype=np.int64)
    rows = document.get("v")
    return Ticks(
        tick=tick,
        t_s=t_s,
        bus_phases=tuple((bus, phase) for bus, phase in bus_phases) if rows is not None else (),
        v_pu=_rows(rows, len(t_s), len(bus_phases)),
        datacenters={name: _site(part, len(t_s)) for name, part in document.get("dc", {}).items()},
        taps=_by_name(document.get("taps", {})),
        storages={
            name: Storage(**{key: _numbers(part.get(key, ())) for key, _ in _STORAGE})
            for name, part in document.get("storage", {}).items()
        },
    )


def _combined(pieces: Sequence[Ticks], how: Callable[[list[Any]], Any]) -> Ticks:
    """Column by column what `how` makes of those of all pieces."""

    def each(of: Callable[[Ticks], Any]) -> Any:
        return how([of(piece) for piece in pieces])

    def named(of: Callable[[Ticks], Mapping[str, Floats]]) -> dict[str, Floats]:
        return {name: how([of(piece)[name] for piece in pieces]) for name in of(pieces[0])}

    def site(name: str) -> Site:
        return Site(
            p_w=each(lambda piece: piece.datacenters[name].p_w),
            batch=named(lambda piece: piece.datacenters[name].batch),
            replicas=named(lambda piece: piece.datacenters[name].replicas),
            itl_s=named(lambda piece: piece.datacenters[name].itl_s),
            power_w=named(lambda piece: piece.datacenters[name].power_w),
        )

    def storage(name: str) -> Storage:
        return Storage(
            p_kw=each(lambda piece: piece.storages[name].p_kw),
            q_kvar=each(lambda piece: piece.storages[name].q_kvar),
            soc=each(lambda piece: piece.storages[name].soc),
        )

    return Ticks(
        tick=each(lambda piece: piece.tick),
        t_s=each(lambda piece: piece.t_s),
        bus_phases=pieces[0].bus_phases,
        v_pu=each(lambda piece: piece.v_pu),
        datacenters={name: site(name) for name in pieces[0].datacenters},
        taps=named(lambda piece: piece.taps),
        storages={name: storage(name) for name in pieces[0].storages},
    )


def _site(part: Mapping[str, Any], n: int) -> Site:
    powers = part.get("p_w")
    return Site(
        p_w=_rows(powers, n, len(PHASES) if powers is not None else 0),
        **{key: _by_name(part.get(key, {})) for key, _ in _BY_LABEL},
    )


def _by_name(part: Mapping[str, Any]) -> dict[str, Floats]:
    return {name: _numbers(values) for name, values in part.items()}


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)


def _rows(rows: Sequence[Sequence[float | None] | None] | None, n: int, width: int) -> Floats:
    """One row a tick; a row that is null as a whole is one of NaN."""
    if rows is None:
        return np.empty((n, 0))
    absent = (None,) * width
    return np.array([absent if row is None else row for row in rows], dtype=np.float64).reshape(n, width)
