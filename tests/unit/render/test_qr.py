# SPDX-License-Identifier: MIT
"""render/qr.py: the drawing holds exactly the modules of the code, and no style."""

import re

import segno

from opencode_nexus.render.qr import QUIET, qr

LINK = "https://calm-poc-words.trycloudflare.com/pair#eBkvN3nq6b0cUu2RjWv9gXh1T5yLqKfZ0aMdPsOiQwE"


def modules(markup: str) -> list[bytearray]:
    """The dark modules of the drawing, without the white around it."""
    box, dark = re.search(r'viewBox="0 0 (\d+)', markup), re.search(r'fill="#000" d="([^"]*)"', markup)
    assert box and dark
    side = int(box[1])
    rows = [bytearray(side) for _ in range(side)]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", dark[1]):
        rows[int(y)][int(x) : int(x) + int(width)] = b"\1" * int(width)
    assert not any(any(rows[n]) for n in (*range(QUIET), *range(side - QUIET, side)))
    return [row[QUIET : side - QUIET] for row in rows[QUIET : side - QUIET]]


def test_the_drawing_is_the_code() -> None:
    markup = str(qr(LINK, "The link"))
    assert modules(markup) == [bytearray(row) for row in segno.make(LINK, error="m", micro=False).matrix]


def test_it_is_an_image_with_a_name_and_no_style() -> None:
    markup = str(qr("https://a.example/?a=1&b=<2>", 'QR code of "a"'))
    assert 'role="img" aria-label="QR code of &#34;a&#34;"' in markup
    assert "style" not in markup
    assert markup.count('fill="#fff"') == 1
