# SPDX-License-Identifier: MIT
"""web/static/nexus.css: the contrast of what meets on a page, computed from the tokens, and its size."""

import gzip
import re
from importlib import resources
from itertools import product

import pytest

from opencode_nexus.web.static import read

STATIC = resources.files("opencode_nexus.web") / "static"
CSS = read(STATIC / "nexus.css").decode()
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS)
}
GROUNDS = ("bg", "surface", "raised", "sunken", "hover")
TEXT_PAIRS = [
    *product(("text", "muted"), GROUNDS),
    *product(("accent", "link-hover"), ("bg", "surface", "raised", "accent-soft")),
    *product(("ok", "warn", "bad"), ("bg", "surface", "raised")),
    *((kind, f"{kind}-soft") for kind in ("ok", "warn", "bad")),
    *product(("text", "muted"), ("accent-soft", "ok-soft", "warn-soft", "bad-soft")),
    ("on-accent", "accent-fill"),
    ("on-accent", "accent-hover"),
    ("on-bad", "bad-fill"),
]
EDGE_PAIRS = [
    *product(("edge", "focus"), ("bg", "surface")),
    *product(("accent", "warn", "bad"), ("sunken",)),  # the filled part of a meter on its track
    *product(("ok", "warn", "bad"), ("surface",)),  # status dots
]


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_gives_the_known_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_is_readable(text: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGE_PAIRS)
def test_edges_of_controls_and_status_dots_can_be_seen(edge: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[edge][theme], TOKENS[ground][theme]) >= 3


def test_all_styles_together_stay_within_15_kb() -> None:
    sizes = {f.name: len(gzip.compress(read(f), 9)) for f in STATIC.iterdir() if f.name.endswith(".css")}
    assert "nexus.css" in sizes
    assert sum(sizes.values()) <= 15 * 1024, sizes
