# SPDX-License-Identifier: MIT
"""What can go wrong between the window, the system and the hub."""

from opencode_nexus.core.errors import NexusError


class HubDidNotStart(NexusError):
    """The hub that the window started ended, or did not answer in time."""

    code = "hub-did-not-start"
    title = "OpenCode Nexus did not start."
    hint = "Read what it said, or start it alone with 'opencode-nexus serve' to see all of it."
    status = 503


class HubGone(NexusError):
    """The hub does not answer."""

    code = "hub-gone"
    title = "OpenCode Nexus does not answer."
    hint = "Start it again with 'opencode-nexus desktop' or 'opencode-nexus serve'."
    status = 503


class NoWebView(NexusError):
    """The system has no web view that can be used here."""

    code = "no-web-view"
    title = "There is no web view for a window here."
    hint = "The how-to 'A window of its own' lists what each system needs; until then a browser shows the same."
    status = 501


class AtLoginUnsupported(NexusError):
    """The system gives no place for what starts at login, or none that can be written."""

    code = "at-login-unsupported"
    title = "The window could not be set to open at login."
    hint = "Add 'opencode-nexus desktop' to your system's list of programs that start at login."
    status = 501
