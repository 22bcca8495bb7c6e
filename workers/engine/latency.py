"""Latency draws: the stream, the order and the bits of `ITLMixtureModel.sample_avg`, without its bookkeeping.

OpenG2G draws the mean inter-token latency of n replicas for one model after the other: the mean of one draw for each
replica up to a threshold of n, one normal draw above it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from mlenergy.data.modeling import ITLMixtureModel
from openg2g.datacenter.workloads.inference import ITLFitStore


class LatencyPlan:
    """The draws of one step, for as long as batch sizes and replicas stay."""

    def __init__(
        self,
        fits: ITLFitStore,
        sizes: Mapping[str, int],
        replicas: Mapping[str, int],
        rng: np.random.Generator,
    ) -> None:
        self._draws: dict[str, Callable[[], float]] = {}
        for label, n in replicas.items():
            mixture = fits.distributions[label][sizes[label]]
            if n <= 0:
                self._draws[label] = _nothing
            elif n > fits._approx_sampling_thresh:
                self._draws[label] = _normal(mixture, n, rng)
            else:
                self._draws[label] = _exact(mixture, n, rng)

    def draw(self) -> dict[str, float]:
        """Mean latency in s by label; NaN for a model without replicas."""
        return {label: draw() for label, draw in self._draws.items()}


def _nothing() -> float:
    return math.nan


def _normal(mixture: ITLMixtureModel, replicas: int, rng: np.random.Generator) -> Callable[[], float]:
    """Many replicas: one normal draw."""
    mean_s, variance = mixture.mean_var()
    deviation_s = math.sqrt(max(variance / float(replicas), 0.0))
    normal = rng.normal

    def draw() -> float:
        drawn: float = normal(mean_s, deviation_s)
        return max(drawn, 0.0)

    return draw


def _exact(mixture: ITLMixtureModel, replicas: int, rng: np.random.Generator) -> Callable[[], float]:
    """Few replicas: one draw for each of them."""
    loc_s = mixture.loc
    p_steady = float(mixture.pi_steady) / max(float(mixture.pi_steady) + float(mixture.pi_stall), 1e-12)
    steady = (math.log(max(mixture.scale_steady, 1e-15)), max(mixture.sigma_steady, 0.0))
    stall = (math.log(max(mixture.scale_stall, 1e-15)), max(mixture.sigma_stall, 0.0))
    uniform, lognormal = rng.random, rng.lognormal

    def draw() -> float:
        each = [loc_s + lognormal(*(steady if uniform() < p_steady else stall)) for _ in range(replicas)]
        return float(np.add.reduce(np.asarray(each)) / replicas)

    return draw
