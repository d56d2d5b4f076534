# SPDX-License-Identifier: MIT
"""Backups."""

from pydantic import BaseModel, ConfigDict, Field


class Backup(BaseModel):
    """A backup in the folder of backups."""

    name: str
    at: float = Field(description="When it was made, in seconds since 1970.")
    size: int = Field(description="In bytes.")
    sealed: bool = Field(description="With a passphrase: secrets are in it.")
    auto: bool = Field(description="Made by the clock.")
    version: str


class NewBackup(BaseModel):
    """What goes with a backup."""

    model_config = ConfigDict(extra="forbid")

    passphrase: str | None = Field(None, description="Null: the one that is kept, if any. Empty: none.")
    sessions: bool = Field(False, description="OpenCode's own database of chats too.")


class BackupPassphrase(BaseModel):
    """The passphrase of those to come."""

    model_config = ConfigDict(extra="forbid")

    passphrase: str = Field(description="Empty: they are not sealed.")
