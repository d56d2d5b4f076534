# SPDX-License-Identifier: MIT
import logging
import pkgutil
from pathlib import Path

import pytest

import opencode_nexus
from opencode_nexus.core.log_levels import LEVELS, PARTS, parse_levels
from opencode_nexus.core.settings import Settings, SettingsError

HOME = Path("/srv/nexus")


def test_levels_are_read_by_part() -> None:
    assert parse_levels(" fleet=DEBUG, chat = warning ,,") == {"fleet": "debug", "chat": "warning"}
    assert parse_levels("") == {}
    assert all(logging.getLevelName(level.upper()) for level in LEVELS)


@pytest.mark.parametrize("text", ["fleet", "fleet=loud", "flet=debug", "=debug", "fleet=debug chat=info"])
def test_a_wrong_piece_is_named_at_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="OPENCODE_NEXUS_LOG_LEVELS"):
        Settings.load({}, {"OPENCODE_NEXUS_LOG_LEVELS": text}, {}, HOME)


def test_the_parts_are_our_packages() -> None:
    ours = {module.name for module in pkgutil.iter_modules(opencode_nexus.__path__)} - {"__main__", "desktop"}  # no hub
    assert set(PARTS) - {"page", "libraries"} == ours
