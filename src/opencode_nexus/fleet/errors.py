# SPDX-License-Identifier: MIT
"""What can go wrong with a server."""

from opencode_nexus.core.errors import BadRequest, Conflict, NexusError, NotFound


class ServerNotFound(NotFound):
    """There is no server with that id."""

    code = "server-not-found"
    title = "There is no such server."
    hint = "Look at the list of servers: it may have been removed."


class FleetNotOpen(NexusError):
    """What still ran at the hub's start could not be found out, so nothing may be started beside it."""

    code = "fleet-not-open"
    title = "It could not be found out which servers still run."
    hint = "Stop OpenCode Nexus and start it again; its log says more."
    status = 503


class BadProject(BadRequest):
    """A project folder cannot be used."""

    code = "bad-project"
    title = "This project folder cannot be used."
    hint = "Give the full path of a folder that you may read."


class ProjectMissing(BadProject):
    """The project folder does not exist."""

    code = "project-missing"
    title = "The project folder does not exist."
    hint = "Check the path, or make the folder first."


class ProjectUnreadable(BadProject):
    """The project folder is there but may not be read."""

    code = "project-unreadable"
    title = "The project folder cannot be read."
    hint = "Give yourself the right to read and enter it, or choose another folder."


class ProjectTaken(Conflict):
    """The folder is a project of this server already."""

    code = "project-taken"
    title = "This folder is one of the server's projects already."
    hint = "Nothing needs to be done."


class ProjectUnknown(NotFound):
    """The folder is not a project of this server."""

    code = "project-not-found"
    title = "This folder is not one of the server's projects."
    hint = "Look at the server's list of folders: it may have been moved."


class ProjectBusy(Conflict):
    """An agent works in the folder, and would be cut off."""

    code = "project-busy"
    title = "An agent works in this folder."
    hint = "Wait until it is done or stop it, then try again."


class LastProject(Conflict):
    """A server needs a folder to run in."""

    code = "last-project"
    title = "This is the server's last project folder."
    hint = "Add the folder to the other server, then remove this server; or add another folder here first."


class NotOurs(Conflict):
    """The server runs elsewhere: what it is started with is not ours to say."""

    code = "server-not-ours"
    title = "This server runs elsewhere, and OpenCode Nexus only watches it."
    hint = "Do it where that server was started."


class StartFailed(NexusError):
    """The server did not come up; `data` holds `last_lines`, what it wrote last."""

    code = "start-failed"
    title = "OpenCode could not be started."
    hint = "Read its last lines, correct what they name, and start it again."
    status = 502


class StartStopped(StartFailed):
    """It was told to stop before it was ready."""

    code = "start-stopped"
    title = "The start was stopped."
    hint = "Start it again when you need it."
    status = 409


class StartTimeout(StartFailed):
    """The process lives but its health did not answer in time."""

    code = "start-timeout"
    title = "OpenCode did not become ready in time."
    hint = "The machine may be very busy: try again. Otherwise read its last lines."


class PortTaken(StartFailed):
    """Another program was faster at each of the ports we tried."""

    code = "port-taken"
    title = "The port for OpenCode was taken by another program."
    hint = "Start it again: another free port is chosen each time."


class ProgramMissing(StartFailed):
    """The OpenCode program is no longer where it was."""

    code = "program-missing"
    title = "The OpenCode program is not there."
    hint = "Choose or bring OpenCode again in the settings."


class ProgramNotRunnable(StartFailed):
    """The OpenCode program may not be run, or is not for this machine."""

    code = "program-not-runnable"
    title = "The OpenCode program cannot be run."
    hint = "Make the file executable, or choose another one in the settings."


class ProjectGone(StartFailed):
    """The folder in which the server is to be started cannot be opened."""

    code = "project-gone"
    title = "OpenCode could not be started in its project folder."
    hint = "Put the folder back or give yourself the right to read it; or remove the server and add it anew."


class StopFailed(NexusError):
    """Processes are left that did not end even when killed; `data` holds their ids as `pids`."""

    code = "stop-failed"
    title = "Some processes of the server did not end."
    hint = "Look at the processes that are named; the system may be waiting for a disk or a network drive."
    status = 500
