# SPDX-License-Identifier: MIT
"""What can go wrong when OpenCode's folders are cleaned."""

from opencode_nexus.core.errors import BadRequest, NexusError, NotFound


class RunsElsewhere(NotFound):
    """A server that was attached by address has no folders here."""

    code = "runs-elsewhere"
    title = "This server runs elsewhere, so its disk is not known here."
    hint = "Look at it on the machine that it runs on."


class DiskInUse(NexusError):
    """An OpenCode runs on these folders."""

    code = "disk-in-use"
    title = "An OpenCode uses these folders, so nothing was deleted."
    hint = "Stop the servers that the message names, and any OpenCode of your own; then try again."
    status = 409


class NothingToClean(BadRequest):
    """What is to be cleaned was not named, or is not there."""

    code = "nothing-to-clean"
    title = "There is nothing to delete."
    hint = "Choose among what the list shows now."


class CleanFailed(NexusError):
    """Some of it could not be deleted."""

    code = "clean-failed"
    title = "Not everything could be deleted."
    hint = "See to the rights of the file that the message names, then try again."
    status = 500
