# SPDX-License-Identifier: MIT
"""Where secrets are kept, and whether they can be read."""

import asyncio

from opencode_nexus.core.errors import NexusError
from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.secrets.keyring import SystemKeyring, service_of
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.secrets.vault import Vault


async def look(around: Around) -> Looked:
    """Read each secret once and drop it; a keyring that none is in is not asked."""
    return await asyncio.to_thread(_look, around)


def _look(around: Around) -> Looked:
    sealed = SealedFile(around.home.path / "secrets")
    vault = Vault(sealed, SystemKeyring(service_of(around.home.path)))
    try:
        names = sealed.names()
        inside = [name for name in names if vault.in_keyring(name)]
        for name in inside:
            if vault.get(name) is None:
                todo = "Enter it again where it belongs: a tunnel's token on the tunnel's page."
                return Looked("fail", f"The system's keyring does not have {name} any more.", todo)
    except NexusError as error:
        return Looked("fail", str(error), error.hint)
    if inside:
        return Looked("pass", f"{len(names)} secrets, {len(inside)} of them in the system's keyring.")
    count = f"{len(names)} secret{'' if len(names) == 1 else 's'}"
    return Looked("pass", f"{count}, sealed in a file of the home folder." if names else "None are kept yet.")
