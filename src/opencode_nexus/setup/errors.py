# SPDX-License-Identifier: MIT
"""What can go wrong in the set-up itself."""

from opencode_nexus.core.errors import Conflict, NexusError
from opencode_nexus.fleet.errors import BadProject


class SetupCodeWrong(NexusError):
    """The set-up code is not the one in the terminal."""

    code = "setup-code-wrong"
    title = "That is not the set-up code."
    hint = "It stands in the terminal that started OpenCode Nexus, or on the Welcome page of a device that is in."
    status = 403


class SetupCodeUsed(NexusError):
    """The set-up code let another browser in already."""

    code = "setup-code-used"
    title = "This set-up code was used in another browser."
    hint = (
        "Go on there; its Welcome page shows a code for a further device. If that was not you, stop OpenCode Nexus"
        " and start it again: it prints a new code."
    )
    status = 403


class SetupLinkUsed(NexusError):
    """The link that the command opened was followed already, or is too old."""

    code = "setup-link-used"
    title = "This link was used already, or is too old."
    hint = "Type the set-up code, or one that a device which is in shows. Each start prints a new one."
    status = 403


class SetupLinkForeign(NexusError):
    """The link that the command opened came from a browser of another user of the machine."""

    code = "setup-link-foreign"
    title = "This link is for a browser of the user who started OpenCode Nexus."
    hint = "Type the set-up code that stands in the terminal."
    status = 403


class SetupCodeWait(NexusError):
    """Too many wrong codes from one place; `retry_after` in seconds is in the data."""

    code = "setup-code-wait"
    title = "Too many wrong set-up codes."
    hint = "Look at the code again: the right one is taken at once."
    status = 429


class StepMissing(Conflict):
    """Something that an earlier step asks for is still missing."""

    code = "setup-step-missing"
    title = "An earlier step is not finished."
    hint = "Go back and finish it."


class CheckStops(Conflict):
    """The system check found something without which the chosen path cannot work."""

    code = "setup-check-failed"
    title = "The system check found something that stops the set-up."
    hint = "Do what the failed line says, then check again."


class ProjectNotGiven(BadProject):
    """No folder, or not its full path."""

    code = "project-not-given"
    title = "A project folder is needed."
    hint = "Give its full path, such as /home/you/project or ~/project."


class ProjectNotFolder(BadProject):
    """It is a file."""

    code = "project-not-folder"
    title = "That is not a folder."
    hint = "Give the path of the folder that holds it."


class ProjectNotWritable(BadProject):
    """The folder may not be written."""

    code = "project-not-writable"
    title = "The project folder cannot be written to."
    hint = "Change its owner or rights, or choose another one: an agent has to write there."
