# SPDX-License-Identifier: MIT
"""What the settings page, the API and the command keep: entries for the settings that may be changed while it runs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.core.settings import SETTINGS, Settings
from opencode_nexus.install.errors import InstallError
from opencode_nexus.web.context import Hub

STORED = "settings"  # the name under which the entries are kept
PROGRAMS = {"opencode_binary": "installer", "cloudflared_binary": "cloudflared"}
"""Setting that names a program → the service of the hub that runs it once before it is kept."""
EDITABLE = {setting.name: setting for setting in SETTINGS if setting.editable}


class SettingFixed(BadRequest):
    """A setting has no entry on the settings page."""

    code = "setting-fixed"
    title = "That setting cannot be changed while the hub runs."
    hint = "'opencode-nexus settings list' shows those that can; the others are flags and environment variables."


def waiting(hub: Hub) -> set[str]:
    """Return the settings whose entry is not what is in force: it waits for a start, or a flag goes before it."""
    stored = hub.stored.get(STORED, {})
    entries = Settings.load({}, {}, stored, hub.settings.home)
    return {name for name in EDITABLE if name in stored and getattr(entries, name) != getattr(hub.settings, name)}


async def keep(hub: Hub, typed: Mapping[str, object]) -> None:
    """Keep these entries, by setting; those that need no new start are in force at once.

    What a flag or variable has set stays as it is. Raises SettingFixed, SettingsError, or the InstallError of a
    program that is none; each with the name as `data["setting"]`. Then nothing is kept.
    """
    for name in typed:
        if name not in EDITABLE:
            raise SettingFixed(f"It was {name[:80]!r}.", setting=name[:80])
    stored = hub.stored.get(STORED, {})
    kept = {**stored, **typed}
    before = Settings.load({}, {}, stored, hub.settings.home)
    # by themselves: a flag or variable that is in force must not hide a wrong entry
    checked = Settings.load({}, {}, kept, hub.settings.home)
    for name, service in PROGRAMS.items():
        program = getattr(checked, name)
        if name in typed and program and program != getattr(before, name):
            try:
                await getattr(hub, service).check(Path(program))
            except InstallError as error:
                error.data["setting"] = name
                raise
    await hub.stored.set(STORED, kept)
    now = {
        name: getattr(checked, name)
        for name, setting in EDITABLE.items()
        if not setting.restart and getattr(hub.settings, name) == getattr(before, name)
    }
    hub.settings = replace(hub.settings, **now)
    hub.bus.publish("settings", hub.settings)
