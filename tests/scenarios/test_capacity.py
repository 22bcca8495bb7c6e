"""Whether replicas fit is known before a run: at the start, over ramps, by GPUs and by servers."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.scenarios import first_overload, replicas_at, resolve
from gridcast.scenarios.config import DatacenterConfig


def ramp(target: int, start_s: float, end_s: float) -> dict[str, Any]:
    return {"target": target, "t_start_s": start_s, "t_end_s": end_s}


def datacenter(
    capacity: int, *models: tuple[str, int, list[dict[str, Any]]], gpus_per_server: int = 8
) -> DatacenterConfig:
    return DatacenterConfig.model_validate(
        {
            "name": "dc",
            "bus": "671",
            "total_gpu_capacity": capacity,
            "gpus_per_server": gpus_per_server,
            "models": [{"label": label, "replicas": n, "ramps": ramps} for label, n, ramps in models],
        }
    )


@pytest.mark.parametrize(
    ("t_s", "count"), [(0, 10), (100, 10), (150, 15), (200, 20), (250, 20), (300, 5), (301, 5)]
)
def test_the_count_follows_its_ramps(t_s: float, count: int) -> None:
    ramps = [ramp(5, 300, 300), ramp(20, 100, 200)]
    assert replicas_at(datacenter(100, ("Llama-3.1-8B", 10, ramps)).models[0], t_s) == count


def test_replicas_fit_up_to_the_last_gpu() -> None:
    assert first_overload(datacenter(80, ("Llama-3.1-70B", 20, []))) is None
    overload = first_overload(datacenter(79, ("Llama-3.1-70B", 20, [])))
    assert overload is not None
    assert str(overload) == "the replicas need 80 GPUs at 0 s, but there are 79"


def test_a_ramp_that_outgrows_the_capacity_is_told_with_its_time() -> None:
    overload = first_overload(datacenter(80, ("Llama-3.1-8B", 80, [ramp(81, 100, 200)])))
    assert overload is not None
    assert overload.t_s == 200
    assert overload.gpus == 81


def test_a_server_carries_one_model_at_a_time() -> None:
    overload = first_overload(datacenter(16, ("Llama-3.1-8B", 9, []), ("Llama-3.1-70B", 1, [])))
    assert overload is not None
    assert "3 servers at 0 s, but there are 2" in str(overload)


def test_simultaneous_ramps_are_looked_at_inside() -> None:
    # at both ends 10 servers are needed; in between one model has grown before the other has shrunk by a server
    up, down = [ramp(9, 0, 100)], [ramp(72, 0, 100)]
    plans = (("Llama-3.1-8B", 8, up), ("Llama-3.1-8B@B200x1-lm-arena-chat", 73, down))
    assert first_overload(datacenter(88, *plans)) is None
    crossing = (
        ("Llama-3.1-8B", 8, [ramp(16, 0, 100)]),
        ("Llama-3.1-8B@B200x1-lm-arena-chat", 72, [ramp(64, 0, 100)]),
    )
    overload = first_overload(datacenter(80, *crossing))
    assert overload is not None
    assert 0 < overload.t_s < 100
    assert overload.servers == 11


def test_replicas_that_were_shifted_in_count_over_the_ramps_to_come() -> None:
    site = resolve("ieee123").datacenters[0]
    assert first_overload(site) is None
    assert first_overload(site, {"Llama-3.1-8B": 1}, from_t_s=0.0) is not None
    late = resolve("ieee123").datacenters[3]
    assert first_overload(late, {"Qwen3-235B-A22B": 28}, from_t_s=2500.0) is None
    assert first_overload(late, {"Qwen3-235B-A22B": 28}, from_t_s=2400.0) is not None
    assert first_overload(late, {"Qwen3-235B-A22B": 29}, from_t_s=2500.0) is not None


def test_a_stranger_cannot_make_the_check_slow_with_many_ramps() -> None:
    zigzag = [ramp(40_000 if i % 2 else 1, i, i + 1) for i in range(64)]
    plans = [(label, 1, zigzag) for label in ("Llama-3.1-8B", "Llama-3.1-8B@B200x1-lm-arena-chat")]
    assert first_overload(datacenter(100_000, *plans)) is None
