# SPDX-License-Identifier: MIT
"""The hub's settings."""

from typing import Any

from pydantic import BaseModel, Field, RootModel


class Setting(BaseModel):
    """One setting of the hub."""

    name: str
    group: str = Field(description="The heading that it stands under on the settings page.")
    help: str
    value: Any = Field(description="What is in force: text, a number, yes or no, or a list of texts.")
    entry: Any = Field(description="What was kept by page, command or API; null: nothing.")
    default: Any
    flag: str
    env: str
    editable: bool = Field(description="Whether it can be changed here; the others are flags and variables alone.")
    restart: bool = Field(description="A change waits for the next start of the hub.")
    waits: bool = Field(description="The entry is not what is in force: before a start, or a flag goes before it.")
    choices: list[str] = Field(description="All that it may be; empty: anything of its kind.")
    least: int | None
    most: int | None


class NewEntries(RootModel[dict[str, str | int]]):
    """What to keep, by the setting's name, such as `{"log_days": 14}`."""
