# SPDX-License-Identifier: MIT
"""render/icons.py"""

import re
from importlib import resources
from xml.etree import ElementTree

import pytest

from opencode_nexus.render import icons

TEMPLATES = resources.files("opencode_nexus.render") / "templates"


@pytest.mark.parametrize("name", icons.names())
def test_every_icon_is_well_formed_and_needs_no_inline_style(name: str) -> None:
    drawn = ElementTree.fromstring(icons.icon(name))
    assert drawn.get("aria-hidden") == "true"
    assert len(drawn) >= 1
    assert "style" not in icons.icon(name)


def test_a_label_makes_it_an_image_with_that_name_escaped() -> None:
    drawn = ElementTree.fromstring(icons.icon("stop", 'Stop "a" & <b>'))
    assert drawn.get("role") == "img"
    assert drawn.get("aria-label") == 'Stop "a" & <b>'
    assert drawn.get("aria-hidden") is None


def test_a_name_that_is_not_drawn_is_an_error() -> None:
    with pytest.raises(KeyError):
        icons.icon("no-such-icon")


def test_every_icon_named_in_a_template_is_drawn() -> None:
    named = {
        name
        for entry in TEMPLATES.iterdir()
        if entry.is_file()
        for name in re.findall(r"icon\(\s*['\"]([a-z-]+)['\"]", entry.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(icons.names())
