"""A minute of the fault drill, with 20 sessions and 200 viewers; `python -m bench drill` is the half hour."""

from __future__ import annotations

import pytest

from bench.drill import Scale, drill
from bench.report import Report
from tests.machines.plant import Plant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_random_faults_lose_repeat_and_disorder_nothing(plant: Plant) -> None:
    report = Report(title="drill")
    await drill(plant, Scale(seconds=60), report)
    missed = {figure.name: figure.median for figure in report.figures if figure.ok is False}
    assert not missed, report.notes
    (faults,) = [figure.median for figure in report.figures if figure.name == "faults"]
    assert faults > 0
