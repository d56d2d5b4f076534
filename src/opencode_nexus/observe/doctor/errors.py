# SPDX-License-Identifier: MIT
"""What can go wrong when something is to be mended."""

from opencode_nexus.core.errors import Conflict, NexusError, NotFound


class CheckUnknown(NotFound):
    """There is no check by that name."""

    code = "check-unknown"
    title = "There is no check by that name."
    hint = "Take an id of the list that 'opencode-nexus doctor --json' prints."


class NothingToMend(Conflict):
    """The check finds nothing that the doctor can mend."""

    code = "nothing-to-mend"
    title = "There is nothing to mend there."
    hint = "Check again. What has no fix of its own says what you can do."


class FindingChanged(Conflict):
    """What the fix would do now is not what was shown."""

    code = "finding-changed"
    title = "It is not as it was shown any more, so nothing was done."
    hint = "Look at what would be done now, and decide again."


class MendFailed(NexusError):
    """The system refused a step of a fix."""

    code = "mend-failed"
    title = "It could not be mended."
    hint = "See that the disk is not full and that the files belong to you, then try again."
    status = 500
