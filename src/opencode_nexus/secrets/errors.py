# SPDX-License-Identifier: MIT
"""What can go wrong with kept secrets."""

from opencode_nexus.core.errors import NexusError


class SecretsUnreadable(NexusError):
    """The sealed file, or its key, cannot be read or does not belong to the other."""

    code = "secrets-unreadable"
    title = "The kept secrets cannot be read."
    hint = (
        "Put back the folder `secrets` of the home folder from a backup. Without it, delete the file sealed.bin: "
        "servers that still run must then be stopped by hand."
    )
    status = 500
