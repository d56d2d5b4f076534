# SPDX-License-Identifier: MIT
"""What can go wrong between us and an OpenCode server."""

from opencode_nexus.core.errors import BadRequest, Conflict, NexusError, NotFound


class OpenCodeError(NexusError):
    """OpenCode answered with an error; `detail` is its own message."""

    code = "opencode-error"
    title = "OpenCode answered with an error."
    hint = "Read its message. If it does not help, look at the server's log on its page."
    status = 502


class OpenCodeUnreachable(OpenCodeError):
    """No answer: the process is gone, hangs, or something else has its port."""

    code = "opencode-unreachable"
    title = "OpenCode does not answer."
    hint = "Look at the server's page: start it again if it stopped."
    status = 503


class OpenCodeRefused(OpenCodeError):
    """401: the password is not the one that the process was started with."""

    code = "opencode-refused"
    title = "OpenCode refused the hub's password."
    hint = "Restart the server from its page."


class WrongRoute(OpenCodeError):
    """OpenCode answers unknown paths with its web page and status 200; that is never an answer to us."""

    code = "opencode-wrong-route"
    title = "This version of OpenCode does not know what it was asked."
    hint = "Use a supported version of OpenCode."


class UnknownToOpenCode(NotFound):
    """OpenCode has nothing under the id that was given."""

    code = "unknown-to-opencode"
    title = "OpenCode has nothing under that id."
    hint = "It may have been deleted. Reload the page."


class OpenCodeBadRequest(BadRequest):
    """OpenCode did not accept what was sent; `detail` is its own message."""

    code = "opencode-bad-request"
    title = "OpenCode did not accept the request."


class SessionBusy(Conflict):
    """409: the session runs, and this can only be done to an idle one."""

    code = "session-busy"
    title = "The session is busy."
    hint = "Wait until it is done, or stop it first."


class FeedLost(OpenCodeError):
    """The event stream ended, broke, or was silent for longer than two heartbeats."""

    code = "opencode-feed-lost"
    title = "The connection to OpenCode's event stream was lost."
    hint = "Nexus connects again by itself."
    status = 503


class NotAnEvent(OpenCodeError):
    """What came on the event stream is not an event."""

    code = "opencode-not-an-event"
    title = "OpenCode sent something that is not an event."
    hint = "Use a supported version of OpenCode."
