# SPDX-License-Identifier: MIT
"""What can go wrong while OpenCode or cloudflared is found, checked or brought."""

import errno
from pathlib import Path

from opencode_nexus.core.errors import Conflict, NexusError


class InstallError(NexusError):
    """Root of the errors of this package."""

    code = "install"
    title = "The program could not be made ready."
    hint = "Look at what the message says and try again."


class OpenCodeNotFound(InstallError):
    """There is no OpenCode program where we looked."""

    code = "opencode-not-found"
    title = "OpenCode was not found."
    hint = "Let the set-up bring a copy, or give the path of the one you have."
    status = 404


class VersionNotHere(InstallError):
    """A server wants a version of OpenCode that is not on this machine."""

    code = "version-not-here"
    title = "This version of OpenCode is not on this machine."
    hint = "Bring it, or let the server use the version of the hub."
    status = 404


class OpenCodeNotWorking(InstallError):
    """The program is there but does not answer as OpenCode does; `output` holds its own words."""

    code = "opencode-not-working"
    title = "This program does not work as OpenCode."
    hint = "Try it in a terminal with --version, give another path, or let the set-up bring a copy."
    status = 422


class OpenCodeNotSupported(InstallError):
    """The program works, but its version is outside the range this hub was tested with."""

    code = "opencode-not-supported"
    title = "This version of OpenCode is not supported."
    hint = "Let the set-up bring a tested version beside it; your own copy stays as it is."
    status = 422


class CloudflaredNotFound(InstallError):
    """There is no cloudflared where we looked."""

    code = "cloudflared-not-found"
    title = "cloudflared was not found."
    hint = "Bring a copy: page Remote access, or 'opencode-nexus tunnel bring'; or set cloudflared_binary to your own."
    status = 404


class CloudflaredNotWorking(InstallError):
    """The program is there but does not answer as cloudflared does; `output` holds its own words."""

    code = "cloudflared-not-working"
    title = "This program does not work as cloudflared."
    hint = "Try it in a terminal with --version, give another path, or let the page Remote access bring a copy."
    status = 422


class CloudflaredNotSupported(InstallError):
    """The program works, but it is older than what tunnels need."""

    code = "cloudflared-not-supported"
    title = "This version of cloudflared is not supported."
    hint = "Bring a tested version beside it, on the page Remote access; your own copy stays as it is."
    status = 422


class CloudflaredChanged(InstallError):
    """The copy in the home folder is not the one that was verified when it was brought; it was not run."""

    code = "cloudflared-changed"
    title = "The cloudflared in the home folder was changed."
    hint = "It was not run. Let the page Remote access bring it again, and find out who changed the file."
    status = 409


class NoSuchBuild(InstallError):
    """Nobody publishes the program for this machine, or not in this version."""

    code = "no-such-build"
    title = "There is no build for this machine."
    hint = "Build the program yourself and give its path."
    status = 422


class AlreadyBringing(Conflict):
    """One copy is being brought already."""

    code = "already-bringing"
    title = "A copy is being brought already."
    hint = "Wait until it is done, or cancel it."


class NetworkGone(InstallError):
    """The other side could not be reached, or the connection was lost again and again."""

    code = "network-gone"
    title = "The network does not answer."
    hint = "Check the connection and try again; what was already fetched is kept where that is possible."
    status = 502


class ReleaseRefused(InstallError):
    """The release page answered, but not with what we need."""

    code = "release-refused"
    title = "The release page did not give the file."
    hint = "Try again later, or give the path of a copy you fetched yourself. For OpenCode, npm does as well."
    status = 502


class DigestMismatch(InstallError):
    """The bytes are not the published ones; they were thrown away."""

    code = "digest-mismatch"
    title = "The downloaded file is not the published one."
    hint = "Nothing was installed. Try again; if it happens again, something changes files on their way."
    status = 502


class BadArchive(InstallError):
    """The archive cannot be read or does not hold the program."""

    code = "bad-archive"
    title = "The downloaded archive cannot be used."
    hint = "Nothing was installed. Try again, or give the path of a copy you have."
    status = 502


class NpmFailed(InstallError):
    """npm ended with an error that is neither the network nor the disk; `output` holds its own words."""

    code = "npm-failed"
    title = "npm could not install OpenCode."
    hint = "Read what npm says, correct it, and try again."
    status = 502


class DiskFull(InstallError):
    """There is no room for the program."""

    code = "disk-full"
    title = "The disk is full."
    hint = "Free some space (OpenCode needs 400 MB, cloudflared 120 MB) or choose another home folder with --home."
    status = 507


class Cancelled(InstallError):
    """The job was cancelled by its user."""

    code = "install-cancelled"
    title = "Bringing the program was cancelled."
    hint = "Start it again whenever you like."
    status = 409


class HomeNotWritable(InstallError):
    """The home folder cannot be written to."""

    code = "home-not-writable"
    title = "The home folder cannot be written to."
    hint = "Correct its owner or rights, or choose another one with --home."
    status = 500


def from_os(error: OSError, place: Path) -> NexusError:
    """Return `error`, met while writing below `place`, as one of ours: full, not writable, or plain."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"There was no room left in {place}.", path=str(place))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HomeNotWritable(f"{place}: {error.strerror}.", path=str(place))
    return InstallError(f"{place}: {error.strerror or error}.", path=str(place))
