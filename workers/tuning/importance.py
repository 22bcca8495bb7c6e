"""Which parameters made scores good: PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv:2304.10255) over histograms.

A parameter matters as much as its values among the best trials are spread otherwise than among all: Pearson's divergence of
the one distribution from the other. Optuna has the same over kernel densities, but brings scikit-learn into the process.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

BEST = 0.25
"""The share of trials that counts as the best."""
FEW = 8
"""Trials below which nothing can be said."""


def importances(
    params: Sequence[Mapping[str, Hashable]], costs: Sequence[float], *, logarithmic: frozenset[str]
) -> dict[str, float]:
    """Share of each parameter, the largest first, 1 in all; empty while there is too little to say.

    Args:
        params: the values of each trial.
        costs: what each came to; less is better.
        logarithmic: parameters that are searched evenly in the logarithm.
    """
    if len(params) < FEW or len(set(costs)) == 1:
        return {}
    n_best = max(2, math.ceil(BEST * len(costs)))
    best = np.zeros(len(costs), dtype=bool)
    best[np.argsort(costs, kind="stable")[:n_best]] = True
    found = {
        path: _divergence(_bins([one[path] for one in params], log=path in logarithmic), best)
        for path in params[0]
    }
    total = sum(found.values())
    if not total:
        return {}
    return {path: share / total for path, share in sorted(found.items(), key=lambda item: -item[1])}


def _bins(values: Sequence[Hashable], *, log: bool) -> list[int]:
    """A bin for each value: each choice its own, numbers in some sqrt(n) bins of equal width."""
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        places = {value: n for n, value in enumerate(dict.fromkeys(values))}
        return [places[value] for value in values]
    if log:
        numbers = [math.log(number) for number in numbers]
    low, high = min(numbers), max(numbers)
    count = math.ceil(math.sqrt(len(numbers)))
    width = (high - low) / count or 1.0
    return [min(count - 1, int((number - low) / width)) for number in numbers]


def _divergence(bins: Sequence[int], best: np.ndarray) -> float:
    """Pearson's divergence, less what chance alone would give; at least 0."""
    count = max(bins) + 1
    everywhere = np.bincount(bins, minlength=count)
    among_best = np.bincount(np.asarray(bins)[best], minlength=count)
    used = everywhere > 0
    p, q = everywhere[used] / len(bins), among_best[used] / best.sum()
    by_chance = (used.sum() - 1) * (1 / best.sum() - 1 / len(bins))
    return max(0.0, float((p * (q / p - 1) ** 2).sum() - by_chance))
