"""`python -m bench.table FILE`: the figures of `--json FILE` as the Markdown table of `bench/README.md`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson


def table(report: dict[str, Any]) -> str:
    """One report: a heading, a row for each figure, its notes."""
    lines = [
        f"### {report['title']}",
        "",
        "| figure | median | min | max | n | target | |",
        "|---|---|---|---|---|---|---|",
    ]
    for figure in report["figures"]:
        name = f"{figure['name']} [{figure['unit']}]" if figure["unit"] else figure["name"]
        values = figure["values"]
        cells = [f"{value:.4g}" for value in (figure["median"], min(values), max(values))]
        verdict = {None: "", True: "reached", False: "**missed**"}[figure["ok"]]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(values)} | {figure['target']} | {verdict} |")
    return "\n".join([*lines, "", *(f"- {note}" for note in report["notes"])])


if __name__ == "__main__":
    print("\n".join(table(report) for report in orjson.loads(Path(sys.argv[1]).read_bytes())))
