# SPDX-License-Identifier: MIT
"""What can go wrong between a command and the hub."""

from collections.abc import Mapping

from opencode_nexus.core.errors import BadRequest, NexusError


class HubNotRunning(NexusError):
    """No hub answers for this home folder or address."""

    code = "hub-not-running"
    title = "OpenCode Nexus is not running."
    hint = "Start it with 'opencode-nexus', or name a running one with --home, or with --url and --token."
    status = 503


class HubSaid(NexusError):
    """The hub answered with a problem; it is told in the hub's own words."""

    code = "hub-said"
    title = "The hub could not do that."

    def __init__(self, problem: Mapping[str, object], status: int) -> None:
        super().__init__(str(problem.get("detail") or ""), hint=str(problem.get("hint") or NexusError.hint))
        self.said = {"title": self.title, "status": status, **problem}

    def problem(self) -> dict[str, object]:
        return {**super().problem(), **self.said}


class UnclearName(NexusError):
    """A name that fits several things."""

    code = "unclear-name"
    title = "Several have that name."
    hint = "Use the id instead; the list shows it."
    status = 409


class DatabaseUnusable(NexusError):
    """The database of the home folder cannot be read or written."""

    code = "database-unusable"
    title = "The database of the home folder cannot be used."
    hint = "Run the command as the user who runs the hub, and see that the disk is not full."
    status = 500


class PasswordUnread(BadRequest):
    """No password could be read."""

    code = "password-unread"
    title = "The password could not be read."
    hint = "Type it twice at a terminal, or give it in a file: --password-file."


class PassphraseUnread(BadRequest):
    """No passphrase could be read."""

    code = "passphrase-unread"
    title = "The passphrase could not be read."
    hint = "Give a text file whose first line it is, or - for standard input: --passphrase-file."


class TokenUnread(BadRequest):
    """No token could be read."""

    code = "token-unread"
    title = "The token could not be read."
    hint = "Paste it at a terminal, or give a text file whose first line it is, or - for standard input: --token-file."


class ZoneUnclear(NexusError):
    """No domain of the account fits the host name."""

    code = "zone-unclear"
    title = "The token sees no domain that this host name belongs to."
    hint = "Give a host name below one of the domains named, or let the token see the other domain as well."
    status = 422


class FileUnwritable(NexusError):
    """A file that a command was to write cannot be written."""

    code = "file-unwritable"
    title = "The file cannot be written."
    hint = "Name a file in a folder that you may write to, on a disk that is not full."
    status = 500


class FileUnreadable(BadRequest):
    """A file that a command was to read cannot be read."""

    code = "file-unreadable"
    title = "The file cannot be read."
    hint = "Name a file that is there, and that you may read."


class KeyUnread(BadRequest):
    """No API key could be read."""

    code = "key-unread"
    title = "The API key could not be read."
    hint = "Paste it at a terminal, or give a text file whose first line it is, or - for standard input: --key-file."
