# SPDX-License-Identifier: MIT
"""A figure for each day, as bars in inline SVG; the figures stand in a table beside it."""

from collections.abc import Sequence

from markupsafe import Markup

HEIGHT = 40  # units of the drawing; it is stretched to the width that there is
WIDE = 10  # units for one day


def day_graph(figures: Sequence[float], label: str) -> Markup:
    """Draw one bar for each day, the newest last and on the right; `label` says the same in words."""
    most = max(figures, default=0)
    bars = []
    for place, figure in enumerate(figures):
        if figure > 0:
            height = max(1, round(HEIGHT * figure / most))
            bars.append(f"M{place * WIDE + 1} {HEIGHT}v-{height}h{WIDE - 2}v{height}z")
    wide = max(1, len(figures)) * WIDE
    return Markup(
        '<svg class="traffic" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="M0 {}h{}"/><path class="requests" d="{}"/></svg>'
    ).format(wide, HEIGHT, label, HEIGHT, wide, "".join(bars))
