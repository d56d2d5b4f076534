# SPDX-License-Identifier: MIT
"""/settings: those of the hub."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from opencode_nexus.core.settings import SETTINGS
from opencode_nexus.web import setting_entries
from opencode_nexus.web.api.deps import HubDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.setting import NewEntries, Setting
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/settings", tags=["hub"])


def _told(hub: Hub) -> Items[Setting]:
    kept = hub.stored.get(setting_entries.STORED, {})
    waits = setting_entries.waiting(hub)
    return Items(
        items=[
            Setting(
                name=one.name,
                group=one.group,
                help=one.help,
                value=_plain(getattr(hub.settings, one.name)),
                entry=kept.get(one.name) if one.editable else None,
                default=one.default,
                flag=one.flag,
                env=one.env,
                editable=one.editable,
                restart=one.restart,
                waits=one.name in waits,
                choices=list(one.choices),
                least=one.least,
                most=one.most,
            )
            for one in SETTINGS
        ]
    )


def _plain(value: object) -> Any:
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


@router.get("")
async def list_settings(hub: HubDep) -> Items[Setting]:
    """List all settings, what is in force and what was kept for them."""
    return _told(hub)


@router.patch("")
async def change_settings(hub: HubDep, new: NewEntries) -> Items[Setting]:
    """Keep other entries for some settings. None is kept when one of them cannot be."""
    await setting_entries.keep(hub, new.root)
    return _told(hub)
