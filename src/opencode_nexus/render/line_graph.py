# SPDX-License-Identifier: MIT
"""A figure over time, as an area in inline SVG; the words and the table beside it say the same."""

from collections.abc import Sequence

from markupsafe import Markup

Point = tuple[float, float]
"""When (epoch seconds), and how much."""

WIDTH, HEIGHT = 240, 40  # units of the drawing; it is stretched to the room that there is


def line_graph(
    points: Sequence[Point],
    since: float,
    until: float,
    label: str,
    *,
    top: float,
    gap: float,
    mark: float | None = None,
) -> Markup:
    """Draw `points`, oldest first, between two times (epoch seconds); `top` is the figure at the upper edge.

    Where nothing was measured for over `gap` seconds nothing is drawn. Of several points in one column the highest
    counts. `mark` draws a line at a limit. `label` says in words what is seen.
    """
    high: dict[int, float] = {}
    for at, value in points:
        if since <= at <= until:
            column = min(WIDTH - 1, int((at - since) / (until - since) * WIDTH))
            high[column] = max(value, high.get(column, 0.0))
    apart = max(1.0, gap / (until - since) * WIDTH)
    runs: list[list[int]] = []
    for column in high:
        if runs and column - runs[-1][-1] <= apart:
            runs[-1].append(column)
        else:
            runs.append([column])
    area = "".join(
        f"M{run[0]} {HEIGHT}" + "".join(f"L{column} {_y(high[column], top)}" for column in run)
        + f"H{run[-1] + 1}V{HEIGHT}z" for run in runs
    )  # fmt: skip
    limit = "" if mark is None or mark > top else f"M0 {_y(mark, top)}h{WIDTH}v1h-{WIDTH}z"
    return Markup(
        '<svg class="traffic small" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="M0 {}h{}"/><path class="requests" d="{}"/><path class="faults" d="{}"/></svg>'
    ).format(WIDTH, HEIGHT, label, HEIGHT, WIDTH, area, limit)


def _y(value: float, top: float) -> str:
    """Return the height of a figure, from above; what is not nothing is seen."""
    if value <= 0 or top <= 0:
        return str(HEIGHT)
    return f"{min(HEIGHT - 0.5, max(0.0, HEIGHT * (1 - value / top))):.1f}".removesuffix(".0")
