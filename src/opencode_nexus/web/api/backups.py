# SPDX-License-Identifier: MIT
"""/backups: of the home folder. They are restored by command, into an empty one."""

from dataclasses import asdict

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from opencode_nexus.access.errors import PasswordNeeded, ScopeMissing
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.models.backup import Backup, BackupPassphrase, NewBackup
from opencode_nexus.web.api.models.items import Items

router = APIRouter(prefix="/backups", tags=["backups"])


@router.get("")
async def list_backups(hub: HubDep) -> Items[Backup]:
    """List the backups in the folder of backups, newest first."""
    return Items(items=[Backup(**asdict(one)) for one in await hub.backups.list()])


@router.post("", status_code=201)
async def create_backup(hub: HubDep, wish: NewBackup, response: Response) -> Backup:
    """Make a backup now; answers when it is written."""
    made = await hub.backups.make(wish.passphrase, sessions=wish.sessions)
    response.headers["location"] = made.path.name
    return next(Backup(**asdict(one)) for one in await hub.backups.list() if one.name == made.path.name)


@router.put("/passphrase", status_code=204)
async def keep_backup_passphrase(hub: HubDep, who: WhoDep, kept: BackupPassphrase) -> None:
    """Keep the passphrase that seals backups to come. A browser must have given the password within ten minutes."""
    if not hub.access.fresh(who):
        raise PasswordNeeded()
    await hub.backups.keep_passphrase(kept.passphrase)


@router.get("/{name}", response_class=FileResponse)
async def download_backup(hub: HubDep, who: WhoDep, name: str) -> FileResponse:
    """Get a backup as it is. A browser must have given the password within ten minutes; a token needs the scope all."""
    if "all" not in who.scopes:  # it holds every account, token and plain variable: more than there is to read else
        raise ScopeMissing(f"Its scopes are: {', '.join(sorted(who.scopes))}.")
    if not hub.access.fresh(who):
        raise PasswordNeeded()
    path = hub.backups.path(name)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.delete("/{name}", status_code=204)
async def remove_backup(hub: HubDep, name: str) -> None:
    """Remove a backup."""
    await hub.backups.remove(name)
