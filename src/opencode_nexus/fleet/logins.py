# SPDX-License-Identifier: MIT
"""User names and passwords of servers that run elsewhere, in the vault; they are never shown."""

import asyncio
import json
import re

from opencode_nexus.fleet.attached_errors import BadLogin
from opencode_nexus.fleet.environment import USERNAME
from opencode_nexus.fleet.reach import Login
from opencode_nexus.fleet.variables import Vault
from opencode_nexus.secrets.redact import Secret


def check_login(username: str, password: str) -> Login:
    """Return what is sent to a server; raises BadLogin. Without a user name, OpenCode's own."""
    username = username.strip() or USERNAME
    if not re.fullmatch(r"[^\x00-\x1f\x7f:]{1,200}", username):
        raise BadLogin(f"{username[:40]!r}.")
    return Login(username, Secret(password))


class Logins:
    """One entry in the vault for each such server."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def of(self, server_id: str) -> Login | None:
        """Return a server's login, None when it is not kept; raises SecretsUnreadable."""
        kept = await asyncio.to_thread(self._vault.get, _entry(server_id))
        if kept is None:
            return None
        told = json.loads(kept)
        return Login(told["username"], Secret(told["password"]))

    async def keep(self, server_id: str, login: Login) -> None:
        """Keep a server's login; raises SecretsUnreadable, or OSError when it cannot be written."""
        packed = json.dumps({"username": login.username, "password": login.password.reveal()})
        await asyncio.to_thread(self._vault.set, _entry(server_id), packed)

    async def forget(self, server_id: str) -> None:
        """Forget a server's login."""
        await asyncio.to_thread(self._vault.delete, _entry(server_id))


def _entry(server_id: str) -> str:
    return f"attached-login:{server_id}"
