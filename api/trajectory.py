"""A task's trajectory as one plain SVG: every score, the best so far, the baseline. Readable in light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from gridcast.broadcaster.names import BASELINE, experiment_id, task_of

WIDTH: Final = 720
HEIGHT: Final = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 40, 44
_TICKS = 5
_WIDE = 100.0
"""Scores that differ by more than this factor are drawn on a logarithmic axis."""

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#444}.t{font-size:14px;font-weight:600;fill:#111}"
    ".g{stroke:#ddd}.p{fill:#6b7f99;fill-opacity:.65}.x{stroke:#b3261e}.l{stroke:#0b57d0;stroke-width:2;fill:none}"
    ".b{stroke:#7a5900;stroke-dasharray:6 4}.bt{fill:#7a5900}.bg{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}.t{fill:#eee}.g{stroke:#3a3a3a}.p{fill:#9fb3cc}"
    ".x{stroke:#f2b8b5}.l{stroke:#8ab4f8}.b{stroke:#e8c468}.bt{fill:#e8c468}.bg{fill:#1b1b1b}}"
)


def trajectory(lines: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """The picture of a feed (`progress.jsonl`); with no score yet it says so."""
    trials = [line for line in lines if not _is_baseline(line)]
    baseline = next((line["score"] for line in lines if _is_baseline(line)), None)
    scores = [line["score"] for line in trials if line["score"] is not None]
    if not scores:
        words = f'<text x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle">No score yet</text>'
        return _svg(title, [words])
    known = scores if baseline is None else [*scores, baseline]
    y, marks = _axis(min(known), max(known))
    last = len(trials)

    def x(place: float) -> float:
        return _LEFT + (place - 0.5) / last * (WIDTH - _LEFT - _RIGHT)

    parts = [
        f'<line class="g" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:.4g}</text>'
        for mark in marks
    ]
    step = max(1, math.ceil(last / 8))
    parts += [
        f'<text x="{x(n):.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{n}</text>'
        for n in range(1, last + 1, step)
    ]
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">experiments</text>')
    if baseline is not None:
        parts.append(
            f'<line class="b" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(baseline):.1f}" y2="{y(baseline):.1f}"/>'
            f'<text class="bt" x="{WIDTH - _RIGHT}" y="{y(baseline) - 5:.1f}" text-anchor="end">'
            f"baseline {baseline:.4g}</text>"
        )
    parts += _points(trials, x, y)
    parts.append(f'<path class="l" d="{_best_line(trials, x, y)}"/>')
    best = trials[-1]["best"]
    return _svg(title if best is None else f"{title}: best {best:.6g}", parts)


def _is_baseline(line: Mapping[str, Any]) -> bool:
    ident = str(line["experiment_id"])
    return ident == experiment_id(task_of(ident), BASELINE)


def _points(
    trials: Iterable[Mapping[str, Any]], x: Callable[[float], float], y: Callable[[float], float]
) -> Iterable[str]:
    low = HEIGHT - _BOTTOM - 4
    for n, line in enumerate(trials, start=1):
        told = f"<title>{escape(str(line['experiment_id']))}"
        if line["score"] is None:
            yield f'<path class="x" d="M{x(n) - 3:.1f} {low - 3}l6 6m0 -6l-6 6">{told}: no score</title></path>'
        else:
            yield (
                f'<circle class="p" cx="{x(n):.1f}" cy="{y(line["score"]):.1f}" r="3">'
                f"{told}: {line['score']:.6g}</title></circle>"
            )


def _best_line(
    trials: Sequence[Mapping[str, Any]], x: Callable[[float], float], y: Callable[[float], float]
) -> str:
    """Steps: a best score holds until a better one comes."""
    path = ""
    for n, line in enumerate(trials, start=1):
        if line["best"] is not None:
            path += f"H{x(n):.1f}V{y(line['best']):.1f}" if path else f"M{x(n):.1f} {y(line['best']):.1f}"
    return f"{path}H{WIDTH - _RIGHT}"


def _axis(low: float, high: float) -> tuple[Callable[[float], float], list[float]]:
    """Where a score stands, and the scores that are written beside the axis."""
    logarithmic = low > 0 and high / low > _WIDE
    scale: Callable[[float], float] = math.log10 if logarithmic else float
    begin, end = scale(low), scale(high)
    if end - begin < 1e-12 * max(1.0, abs(end)):
        begin, end = begin - 0.5 * max(1.0, abs(begin)), end + 0.5 * max(1.0, abs(end))
    margin = 0.05 * (end - begin)
    begin, end = begin - margin, end + margin

    def y(score: float) -> float:
        return _TOP + (end - scale(score)) / (end - begin) * (HEIGHT - _TOP - _BOTTOM)

    if logarithmic:
        powers = range(math.ceil(begin), math.floor(end) + 1)
        return y, [10.0**power for power in powers[:: math.ceil(len(powers) / _TICKS)]]
    step = _round_step((end - begin) / _TICKS)
    first = math.ceil(begin / step)
    return y, [n * step for n in range(first, math.floor(end / step) + 1)]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)


def _svg(title: str, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text class="t" x="{_LEFT}" y="24">{escape(title)}</text>{"".join(parts)}</svg>'
    )
