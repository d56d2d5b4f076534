# SPDX-License-Identifier: MIT
"""Requests and errors over the last minutes, as bars in inline SVG; the figures stand in a table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

STEP = 10.0  # seconds that one bar stands for
BARS = 60
HEIGHT = 40  # units of the drawing; it is stretched to the width that there is


@dataclass(frozen=True, slots=True)
class Minute:
    """What came in one minute that begins at `at` (epoch seconds)."""

    at: float
    requests: int
    errors: int


def traffic(points: Sequence[tuple[float, int, int]]) -> Markup:
    """Draw `points` of (when, requests, errors), one for each 10 s, the newest last and on the right.

    Errors are drawn over the requests that they are part of, narrower, so that it is not colour alone that tells.
    """
    shown = list(points)[-BARS:]
    most = max((requests for _, requests, _ in shown), default=0)
    bars: dict[str, list[str]] = {"requests": [], "errors": []}
    for place, (_, requests, errors) in enumerate(shown, BARS - len(shown)):
        for name, count, left, width in (("requests", requests, 1, 8), ("errors", errors, 3, 4)):
            if count:
                height = max(1, round(HEIGHT * min(count, most or count) / (most or count)))
                bars[name].append(f"M{place * 10 + left} {HEIGHT}v-{height}h{width}v{height}z")
    return Markup(
        '<svg class="traffic" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="M0 {}h{}"/><path class="requests" d="{}"/><path class="faults" d="{}"/></svg>'
    ).format(BARS * 10, HEIGHT, _words(shown), HEIGHT, BARS * 10, "".join(bars["requests"]), "".join(bars["errors"]))


def _words(points: Sequence[tuple[float, int, int]]) -> str:
    requests, errors = sum(point[1] for point in points), sum(point[2] for point in points)
    return f"Requests of the last ten minutes: {requests}, of them {errors} with an error."


def minutes(points: Sequence[tuple[float, int, int]]) -> list[Minute]:
    """Return the points summed by the minute, the newest first; what the graph shows, for the table."""
    summed: dict[float, Minute] = {}
    for at, requests, errors in points:
        begin = at // 60 * 60
        before = summed.get(begin, Minute(begin, 0, 0))
        summed[begin] = Minute(begin, before.requests + requests, before.errors + errors)
    return sorted(summed.values(), key=lambda minute: -minute.at)
