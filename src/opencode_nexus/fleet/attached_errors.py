# SPDX-License-Identifier: MIT
"""What can go wrong with a server that runs elsewhere."""

from opencode_nexus.core.errors import BadRequest, Conflict
from opencode_nexus.fleet.errors import StartFailed


class BadAddress(BadRequest):
    """The address of a server cannot be used."""

    code = "bad-server-address"
    title = "This is not the address of a server."
    hint = "Give http:// or https://, a host and a port, such as http://192.168.1.20:4096."


class BadLogin(BadRequest):
    """A user name cannot be sent by HTTP."""

    code = "bad-server-login"
    title = "This user name cannot be used."
    hint = "Use the one that the server was started with, without a colon; OpenCode's own is “opencode”."


class OwnAddress(Conflict):
    """The address is the hub's own, or that of a server which it runs."""

    code = "own-address"
    title = "This address is OpenCode Nexus's own."
    hint = "Give the address of an OpenCode that was started by somebody else. Your own servers are on the dashboard."


class AlreadyAttached(Conflict):
    """A server at this address is attached already."""

    code = "already-attached"
    title = "This server is attached already."
    hint = "Nothing needs to be done; it is on the dashboard."


class NotAttached(Conflict):
    """The server runs here: it has no address or login that could be given."""

    code = "not-attached"
    title = "This server is run here, by OpenCode Nexus itself."
    hint = "Its address and password are the hub's own affair."


class Unreachable(StartFailed):
    """Nothing answers at the address."""

    code = "server-unreachable"
    title = "Nothing answers at this address."
    hint = "See that the server runs there, listens on more than its own 127.0.0.1, and that no firewall is between."


class PasswordRefused(StartFailed):
    """401: another password than the server's, or none where it asks for one."""

    code = "server-password-refused"
    title = "The server refused the password."
    hint = "Give the user name and the password that it was started with (OPENCODE_SERVER_PASSWORD)."


class NotOpenCode(StartFailed):
    """Something else answers at the address."""

    code = "not-opencode"
    title = "What answers at this address is not OpenCode."
    hint = "Give the address that “opencode serve” prints; behind a proxy, with its path."
