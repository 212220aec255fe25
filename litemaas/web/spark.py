"""The points of a small line without axes, for an SVG that the server draws."""

from collections.abc import Sequence
from decimal import Decimal

WIDTH, HEIGHT = 240, 40
_MARGIN = 3


def lines(values: Sequence[int | Decimal | None]) -> list[str]:
    """What an SVG polyline takes, one for each run of known values: a gap stays a gap. The line stands on zero.

    A value without neighbours is a short line, so that it is seen.
    """
    highest = max((value for value in values if value is not None), default=0)
    step = (WIDTH - 2 * _MARGIN) / max(1, len(values) - 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        share = float(value / highest) if highest else 0.0
        runs[-1].append((_MARGIN + at * step, HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN)))
    return [_points(run) for run in runs if run]


def _points(run: list[tuple[float, float]]) -> str:
    if len(run) == 1:
        x, y = run[0]
        run = [(x - 1, y), (x + 1, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
