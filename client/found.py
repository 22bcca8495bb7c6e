"""Results of operations, from documents to objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .results import (
    Cell,
    Characterization,
    CurvePoint,
    DefaultRun,
    FailedCell,
    Heatmap,
    HostingLimit,
    Place,
    Result,
    Scan,
    Sensitivity,
    Variant,
    Verification,
)
from .types import known


def result_of(document: Mapping[str, Any]) -> Result:
    """The result of a completed operation.

    Raises:
        ValueError: it is of an operation that this client does not know.
    """
    match document["op"]:
        case "characterize":
            return _characterization_of(document)
        case "heatmap":
            return _heatmap_of(document)
        case "scan":
            return known(
                Scan,
                document,
                sites=tuple(map(_place_of, document["sites"])),
                scenarios=tuple(map(_place_of, document["scenarios"])),
            )
        case "verify":
            return known(Verification, document)
        case op:
            raise ValueError(f"{op!r} is an operation of a newer service; this client knows no result of it")


def _characterization_of(document: Mapping[str, Any]) -> Characterization:
    limit = document["hosting_limit"]
    return known(
        Characterization,
        document,
        default=known(DefaultRun, document["default"]),
        pv_curve=tuple(known(CurvePoint, point) for point in document["pv_curve"]),
        hosting_limit=None if limit is None else known(HostingLimit, limit),
        sensitivity=tuple(
            known(Sensitivity, one, low=known(Variant, one["low"]), high=known(Variant, one["high"]))
            for one in document["sensitivity"]
        ),
    )


def _heatmap_of(document: Mapping[str, Any]) -> Heatmap:
    best = document["best"]
    return known(
        Heatmap,
        document,
        x=tuple(document["x"]),
        y=tuple(document["y"]),
        values=np.array(document["values"], dtype=np.float64).reshape(len(document["y"]), len(document["x"])),
        failures=tuple(known(FailedCell, cell) for cell in document["failures"]),
        best=None if best is None else known(Cell, best),
    )


def _place_of(document: Mapping[str, Any]) -> Place:
    return known(Place, document, voltage_class=document["class"])
