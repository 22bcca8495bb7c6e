"""The datacenters of OpenG2G's documented experiments: figures of `examples/offline` of gpu2grid/openg2g (0.2.0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

L8, L70, L405 = "Llama-3.1-8B", "Llama-3.1-70B", "Llama-3.1-405B"
Q30, Q235 = "Qwen3-30B-A3B", "Qwen3-235B-A22B"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Datacenters on a feeder, with what stands beside them and the settings that belong to them."""

    feeder: str
    story: str
    datacenters: list[Json]
    generators: list[Json] = field(default_factory=list)
    loads: list[Json] = field(default_factory=list)
    tap_schedule: list[Json] = field(default_factory=list)
    ofo: Json = field(default_factory=dict)

    @property
    def sites(self) -> list[str]:
        """Names of the datacenters."""
        return [datacenter["name"] for datacenter in self.datacenters]


def _tap(step: int) -> float:
    """Ratio of a tap position; 5/8 % a step."""
    return 1.0 + step * 0.00625


def _taps(**steps: int) -> dict[str, float]:
    return {regulator: _tap(step) for regulator, step in steps.items()}


def _model(label: str, replicas: int, *ramps: tuple[int, float, float], batch_size: int = 128) -> Json:
    """A deployment; each ramp is (target, start in s, end in s)."""
    deployment: Json = {"label": label, "replicas": replicas, "initial_batch_size": batch_size}
    if ramps:
        deployment["ramps"] = [{"target": n, "t_start_s": start, "t_end_s": end} for n, start, end in ramps]
    return deployment


def _site(name: str, bus: str, base_kw: float, gpus: int, seed: int, models: list[Json], **more: Any) -> Json:
    return {
        "name": name,
        "bus": bus,
        "base_kw_per_phase": base_kw,
        "total_gpu_capacity": gpus,
        "seed": seed,
        "models": models,
        "power_augmentation": {"amplitude_scale_range": [0.98, 1.02], "noise_fraction": 0.005},
        **more,
    }


def _pv(bus: str, peak_kw: float, site_idx: int = 0) -> Json:
    return {"bus": bus, "peak_kw": peak_kw, "site_idx": site_idx}


def _load(bus: str, peak_kw: float, site_idx: int = 0) -> Json:
    return {"bus": bus, "peak_kw": peak_kw, "site_idx": site_idx}


def _ofo(primal: float, voltage_dual: float, perturbation_kw: float) -> Json:
    return {
        "primal_step_size": primal,
        "w_throughput": 0.001,
        "w_switch": 1.0,
        "voltage_gradient_scale": 1e6,
        "voltage_dual_step_size": voltage_dual,
        "latency_dual_step_size": 1.0,
        "sensitivity_update_interval": 3600,
        "sensitivity_perturbation_kw": perturbation_kw,
    }


IEEE13 = Fleet(
    feeder="ieee13",
    story="One datacenter at bus 671 serves five models; 2,400 GPUs train from 1,000 to 2,000 s, and from 2,500 s on "
    "half of the replicas are taken out.",
    datacenters=[
        _site(
            "default",
            "671",
            500.0,
            7200,
            0,
            [
                _model(L8, 720, (360, 2500.0, 3000.0)),
                _model(L70, 180, (90, 2500.0, 3000.0)),
                _model(L405, 90, (45, 2500.0, 3000.0)),
                _model(Q30, 480, (240, 2500.0, 3000.0)),
                _model(Q235, 210, (105, 2500.0, 3000.0)),
            ],
            training=[
                {"n_gpus": 2400, "t_start_s": 1000.0, "t_end_s": 2000.0, "target_peak_w_per_gpu": 400.0}
            ],
        )
    ],
    generators=[_pv("675", 10.0)],
    loads=[_load("680", 10.0)],
    tap_schedule=[
        {"t_s": 1500.0, "taps": _taps(creg1a=16, creg1b=6, creg1c=17)},
        {"t_s": 3300.0, "taps": _taps(creg1a=10, creg1b=6, creg1c=10)},
    ],
    ofo=_ofo(0.1, 1.0, 100.0),
)

IEEE34 = Fleet(
    feeder="ieee34",
    story="Two datacenters, at buses 850 and 834, with PV and loads that vary.",
    datacenters=[
        _site("upstream", "850", 120.0, 2400, 0, [_model(L8, 720), _model(L70, 180), _model(L405, 90)]),
        _site("downstream", "834", 80.0, 2880, 42, [_model(Q30, 480), _model(Q235, 210)]),
    ],
    generators=[_pv("848", 130.0), _pv("830", 65.0, 1)],
    loads=[
        _load("860", 80.0),
        _load("844", 120.0, 1),
        _load("840", 60.0, 2),
        _load("858", 50.0, 3),
        _load("854", 40.0, 4),
    ],
    tap_schedule=[{"t_s": 1800.0, "taps": _taps(creg2a=10, creg2b=10, creg2c=10)}],
    ofo=_ofo(0.05, 20.0, 10.0),
)

IEEE123 = Fleet(
    feeder="ieee123",
    story="Four datacenters in the four quarters of the feeder, whose replicas ramp at different times, with PV.",
    datacenters=[
        _site("z1_sw", "8", 310.0, 180, 0, [_model(L8, 120, (180, 500.0, 1000.0))]),
        _site("z2_nw", "23", 265.0, 208, 17, [_model(Q30, 80, (104, 1500.0, 2500.0))]),
        _site(
            "z3_se",
            "60",
            295.0,
            600,
            34,
            [_model(L70, 30, (45, 700.0, 1100.0)), _model(L405, 35, (52, 700.0, 1100.0))],
        ),
        _site("z4_ne", "105", 325.0, 440, 51, [_model(Q235, 55, (27, 2000.0, 2500.0))]),
    ],
    generators=[_pv("1", 333.3), _pv("48", 333.3, 1), _pv("99", 333.3, 2)],
    tap_schedule=[{"t_s": 1800.0, "taps": _taps(creg4a=16)}],
    ofo=_ofo(0.05, 0.3, 10.0),
)

FLEETS = (IEEE13, IEEE34, IEEE123)

STORAGES: list[Json] = [
    {
        "name": name,
        "bus": bus,
        "rated_power_kw": kw,
        "capacity_kwh": 2.0 * kw,
        "initial_soc": 0.5,
        "apparent_power_kva": kva,
    }
    for name, bus, kw, kva in (
        ("bat_z1", "8", 250.0, 300.0),
        ("bat_z2", "23", 250.0, 300.0),
        ("bat_z3", "60", 300.0, 360.0),
        ("bat_z4", "105", 350.0, 420.0),
    )
]

LOAD_SHIFT_TAPS = _taps(creg1a=9, creg2a=5, creg3a=5, creg3c=5, creg4a=13, creg4b=1, creg4c=4)

LOAD_SHIFT = Fleet(
    feeder="ieee123",
    story="Four datacenters, each with three or four models that the others serve too, without PV.",
    # The example gives OpenG2G no initial batch sizes, so that each model starts at the smallest one. It puts z2_nw at
    # bus 33, which has phase a alone: two thirds of that load would hang on nodes without voltage, and replicas would
    # leave it for that reason. At a three-phase bus nothing is left to shift, unless z3_se (76) stands where the
    # voltage is low.
    datacenters=[
        _site(name, bus, base_kw, gpus, 0, [_model(label, n, batch_size=8) for label, n in models])
        for name, bus, base_kw, gpus, models in (
            ("z1_sw", "7", 210.0, 1092, ((L8, 120), (Q30, 120), (L70, 120))),
            ("z2_nw", "23", 175.0, 728, ((L8, 120), (Q30, 120), (L405, 40))),
            ("z3_se", "60", 215.0, 1768, ((Q30, 120), (L70, 120), (L405, 40), (Q235, 40))),
            ("z4_ne", "108", 235.0, 1300, ((L8, 120), (Q30, 120), (L405, 40), (Q235, 40))),
        )
    ],
    tap_schedule=[{"t_s": 1800.0, "taps": _taps(creg4a=15)}],
    ofo=_ofo(0.05, 0.3, 10.0),
)
