# SPDX-License-Identifier: MIT
"""A QR code as inline SVG: black on white in every theme, as cameras want it, and without any style."""

from markupsafe import Markup

QUIET = 4  # modules of white around it, as ISO/IEC 18004 asks for


def qr(text: str, label: str) -> Markup:
    """Return `text` as a QR code that is an image of the name `label`. The light modules are drawn, too."""
    import segno  # 20 ms that a hub without a tunnel never needs

    code = segno.make(text, error="m", micro=False)
    side = len(code.matrix) + 2 * QUIET
    runs = []
    for y, row in enumerate(code.matrix, QUIET):
        x = 0
        while x < len(row):
            begin = x
            while x < len(row) and row[x] == row[begin]:
                x += 1
            if row[begin]:
                runs.append(f"M{begin + QUIET} {y}h{x - begin}v1h-{x - begin}z")
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" shape-rendering="crispEdges" role="img" aria-label="{1}">'
        '<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path fill="#000" d="{2}"/></svg>'
    ).format(side, label, "".join(runs))
