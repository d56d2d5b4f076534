# SPDX-License-Identifier: MIT
"""Entries of settings as page and API keep them, with a real store."""

import re
from dataclasses import replace
from typing import Any

import pytest

from opencode_nexus.core.settings import SETTINGS, SettingsError
from opencode_nexus.web.api.models.setting import NewEntries
from opencode_nexus.web.api.settings import change_settings, list_settings
from opencode_nexus.web.setting_entries import SettingFixed
from tests.unit.web.pages.conftest import Desk

pytestmark = pytest.mark.anyio


async def _change(desk: Desk, **entries: str | int) -> dict[str, Any]:
    told = await change_settings(desk.hub, NewEntries(entries))  # type: ignore[arg-type]
    return {one.name: one for one in told.items}


async def test_a_number_has_its_bounds_in_the_form_and_stands_under_its_heading(desk: Desk) -> None:
    await desk.sign_in()
    text = (await desk.get("/settings")).text
    for setting in SETTINGS:
        if setting.editable:
            fields = re.findall(rf'<(?:input|select)[^>]* name="{setting.name}"[^>]*>', text)
            assert len(fields) == 1
            if setting.least is not None:
                assert f'type="number" value="{setting.default}"' in fields[0]
                assert f'min="{setting.least}" max="{setting.most}"' in fields[0]
            heading = text.rindex("<h3 ", 0, text.index(fields[0]))
            assert text[heading:].partition(">")[2].startswith(f"{setting.group}</h3>")


async def test_an_entry_is_in_force_at_once_or_waits(desk: Desk) -> None:
    now = await _change(desk, log_days="14", allowed_hosts="a.example,b.example")
    assert (desk.hub.settings.log_days, now["log_days"].value, now["log_days"].waits) == (14, 14, False)
    assert (now["allowed_hosts"].value, now["allowed_hosts"].waits) == ([], True)
    assert [one.name for one in (await list_settings(desk.hub)).items] == [one.name for one in SETTINGS]  # type: ignore[arg-type]


async def test_a_flag_goes_before_an_entry(desk: Desk) -> None:
    desk.hub.settings = replace(desk.hub.settings, log_days=5)
    now = await _change(desk, log_days=14)
    assert (now["log_days"].value, now["log_days"].entry, now["log_days"].waits) == (5, 14, True)


@pytest.mark.parametrize("name", ["port", "home", "nothing"])
async def test_what_is_no_entry_is_refused_and_nothing_is_kept(desk: Desk, name: str) -> None:
    with pytest.raises(SettingFixed):
        await _change(desk, log_days=14, **{name: "1"})
    with pytest.raises(SettingsError, match="must be from 1 to 3650"):
        await _change(desk, backup_keep=3, log_days=0)
    assert desk.hub.stored.get("settings") is None
