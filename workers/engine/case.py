"""The OpenDSS case of a feeder, as text made from its tables.

Only figures and names of our own tables go into it, never anything that a person typed. The order of the elements
is the one whose voltages agree with OpenG2G's models to 2e-10 pu; other orders differ by round-off (3e-9 pu).
Taps are neutral and nothing is solved: OpenG2G sets the taps and solves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from gridcast.scenarios.feeders import (
    Bus,
    Capacitor,
    Feeder,
    Line,
    LineCode,
    Load,
    Regulator,
    Source,
    Transformer,
    load_feeder,
)

MASTER_FILE = "master.dss"

_NODE = {"a": 1, "b": 2, "c": 3}
_LOAD_MODEL = {"PQ": 1, "Z": 2, "CVR": 4, "I": 5}


@cache
def case_text(feeder: str) -> str:
    """The commands that build this feeder, one a line."""
    return "\n".join(_commands(load_feeder(feeder))) + "\n"


def _commands(feeder: Feeder) -> Iterator[str]:
    yield "clear"
    yield f"set defaultbasefrequency={_number(feeder.frequency_hz)}"
    yield _circuit(feeder.name, feeder.source)
    yield from map(_line_code, feeder.line_codes)
    yield from map(_capacitor, feeder.capacitors)
    yield from map(_transformer, feeder.transformers)
    for regulator in feeder.regulators:
        yield from _regulator(regulator)
    for load in feeder.loads:
        yield _load(load, vmin_pu=feeder.load_vmin_pu, vmax_pu=feeder.load_vmax_pu)
    yield from map(_line, feeder.lines)
    yield f"set voltagebases=[{_numbers(feeder.voltage_bases_kv)}]"
    yield "calcvoltagebases"
    yield from map(_place, feeder.buses)


def _number(value: float) -> str:
    """The shortest text that reads back as the same float64."""
    return repr(float(value))


def _numbers(values: Iterable[float]) -> str:
    return " ".join(map(_number, values))


def _matrix(rows: Iterable[Iterable[float]]) -> str:
    return "[" + " | ".join(map(_numbers, rows)) + "]"


def _at(bus: str, phases: str) -> str:
    return ".".join([bus, *(str(_NODE[phase]) for phase in phases)])


def _circuit(name: str, source: Source) -> str:
    if source.mvasc3 is not None and source.mvasc1 is not None:
        strength = f"mvasc3={_number(source.mvasc3)} mvasc1={_number(source.mvasc1)}"
    else:
        ohms = {"r1": source.r1_ohm, "x1": source.x1_ohm, "r0": source.r0_ohm, "x0": source.x0_ohm}
        strength = " ".join(f"{key}={_number(value)}" for key, value in ohms.items() if value is not None)
    return (
        f"new circuit.{name} bus1={source.bus} basekv={_number(source.kv)} pu={_number(source.pu)} "
        f"phases=3 angle={_number(source.angle_deg)} {strength}"
    )


def _line_code(code: LineCode) -> str:
    return (
        f"new linecode.{code.name} nphases={code.phases} basefreq={_number(code.frequency_hz)} "
        f"rmatrix={_matrix(code.r_ohm_per_unit)} xmatrix={_matrix(code.x_ohm_per_unit)} "
        f"cmatrix={_matrix(code.c_nf_per_unit)} units={code.units}"
    )


def _capacitor(bank: Capacitor) -> str:
    return (
        f"new capacitor.{bank.name} bus1={_at(bank.bus, bank.phases)} phases={len(bank.phases)} "
        f"kvar={_number(bank.kvar)} kv={_number(bank.kv)}"
    )


def _impedance(unit: Transformer | Regulator) -> str:
    """Of a transformer with two windings; per-winding resistance, and the shunt that keeps it from floating."""
    resistance = _number(unit.r_percent_per_winding)
    return f"xhl={_number(unit.x_percent)} %rs=[{resistance} {resistance}] ppm={_number(unit.antifloat_ppm)}"


def _transformer(unit: Transformer) -> str:
    kva = _number(unit.kva)
    return (
        f"new transformer.{unit.name} phases=3 windings=2 buses=[{unit.bus_from} {unit.bus_to}] "
        f"conns=[{unit.conn_from} {unit.conn_to}] kvs=[{_number(unit.kv_from)} {_number(unit.kv_to)}] "
        f"kvas=[{kva} {kva}] {_impedance(unit)}"
    )


def _regulator(regulator: Regulator) -> Iterator[str]:
    kv, kva = _number(regulator.kv), _number(regulator.kva)
    ends = f"{_at(regulator.bus_from, regulator.phases)} {_at(regulator.bus_to, regulator.phases)}"
    yield (
        f"new transformer.{regulator.transformer} phases={len(regulator.phases)} windings=2 buses=[{ends}] "
        f"conns=[wye wye] kvs=[{kv} {kv}] kvas=[{kva} {kva}] {_impedance(regulator)}"
    )
    yield (
        f"new regcontrol.{regulator.name} transformer={regulator.transformer} winding=2 "
        f"vreg={_number(regulator.vreg_v)} band={_number(regulator.band_v)} ptratio={_number(regulator.pt_ratio)} "
        f"ctprim={_number(regulator.ct_primary_a)} r={_number(regulator.ldc_r_v)} x={_number(regulator.ldc_x_v)}"
    )


def _load(load: Load, *, vmin_pu: float, vmax_pu: float) -> str:
    return (
        f"new load.{load.name} bus1={_at(load.bus, load.phases)} phases={3 if len(load.phases) == 3 else 1} "
        f"conn={load.connection} model={_LOAD_MODEL[load.model]} kv={_number(load.kv)} "
        f"kw={_number(load.kw)} kvar={_number(load.kvar)} vminpu={_number(vmin_pu)} vmaxpu={_number(vmax_pu)}"
    )


def _line(line: Line) -> str:
    ends = f"phases={len(line.phases)} bus1={_at(line.bus_from, line.phases)} bus2={_at(line.bus_to, line.phases)}"
    if line.switch_r_ohm is not None:
        ohm = _number(line.switch_r_ohm)
        return f"new line.{line.name} {ends} r1={ohm} r0={ohm} x1=0 x0=0 c1=0 c0=0 length=1 units=none"
    if line.length is None:
        raise ValueError(f"line {line.name} has neither a length nor a switch resistance")
    return f"new line.{line.name} {ends} linecode={line.line_code} length={_number(line.length)} units={line.units}"


def _place(bus: Bus) -> str:
    return f"setbusxy bus={bus.name} x={_number(bus.x)} y={_number(bus.y)}"
