# SPDX-License-Identifier: MIT
"""What can go wrong with a backup."""

from opencode_nexus.core.errors import BadRequest, Conflict, NexusError, NotFound


class BackupUnwritable(NexusError):
    """The backup cannot be written."""

    code = "backup-unwritable"
    title = "The backup could not be written."
    hint = "See that the folder can be written and the disk is not full, or name another file."
    status = 500


class BackupDamaged(BadRequest):
    """The file is no whole backup."""

    code = "backup-damaged"
    title = "This file is not a whole backup. Nothing was restored."
    hint = "Take another copy of it, or an older backup."


class BackupNewer(BadRequest):
    """The backup was made by a later release."""

    code = "backup-newer"
    title = "This backup was made by a newer OpenCode Nexus."
    hint = "Restore it with that version or a later one."


class PassphraseWrong(BadRequest):
    """The passphrase does not open the backup."""

    code = "passphrase-wrong"
    title = "The backup does not open with this passphrase."
    hint = "Give the passphrase with which it was made: --passphrase-file. Nobody can open it without."


class PassphraseWeak(BadRequest):
    """The passphrase is too short."""

    code = "passphrase-weak"
    title = "This passphrase is too short."
    hint = "Take at least 12 characters: whoever has the file may guess as long as they like."


class HomeNotEmpty(Conflict):
    """There is something where the backup should go."""

    code = "home-not-empty"
    title = "A backup is restored into an empty home folder only."
    hint = "Name another one with --home, or move this one away first."


class BackupNotFound(NotFound):
    """There is no such backup in the folder of backups."""

    code = "backup-not-found"
    title = "There is no such backup."
    hint = "The list shows those that there are."
