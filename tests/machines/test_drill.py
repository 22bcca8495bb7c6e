"""The fault drill in small; `python -m bench drill` is the whole of it, with 20 sessions and 200 viewers."""

from __future__ import annotations

import pytest

from bench.drill import Scale, drill
from bench.report import Report
from tests.machines.plant import Plant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


async def test_random_faults_lose_repeat_and_disorder_nothing(plant: Plant) -> None:
    report = Report(title="drill")
    await drill(plant, Scale(seconds=20, sessions=6, viewers=24), report)
    missed = {figure.name: figure.median for figure in report.figures if figure.ok is False}
    assert not missed, report.notes
    (faults,) = [figure.median for figure in report.figures if figure.name == "faults"]
    assert faults > 0
