# SPDX-License-Identifier: MIT
"""What can go wrong at the door; none of these says whether a user name exists."""

from opencode_nexus.core.errors import BadRequest, Conflict, NexusError, NotFound


class NotSignedIn(NexusError):
    """Nobody is signed in, or the token is not valid (any more)."""

    code = "not-signed-in"
    title = "You are not signed in."
    hint = "Sign in, or send a valid API token as 'Authorization: Bearer'."
    status = 401


class WrongLogin(NexusError):
    """User name or password is wrong; which one is not said."""

    code = "wrong-login"
    title = "User name or password is wrong."
    hint = "Check both and try again. 'opencode-nexus user passwd' on the machine itself sets a new password."
    status = 401


class LoginLocked(NexusError):
    """Too many failures from this source; `retry_after` in seconds is in the data."""

    code = "login-locked"
    title = "Too many failed sign-ins from this address."
    hint = "Wait until the lock ends, or run 'opencode-nexus user unlock NAME' on the machine itself."
    status = 429


class LoginBusy(NexusError):
    """Too many sign-ins wait at the same moment."""

    code = "login-busy"
    title = "Too many sign-ins are waiting."
    hint = "Wait a few seconds and try again."
    status = 429


class CurrentPasswordWrong(BadRequest):
    """The present password was asked for and is wrong."""

    code = "current-password-wrong"
    title = "The current password is wrong."
    hint = "Type the password you sign in with now."


class PasswordNeeded(NexusError):
    """What opens a further way in asks for the password when it was given more than ten minutes ago."""

    code = "password-needed"
    title = "This needs your password again."
    hint = "Type the password you sign in with. For ten minutes it is then not asked for again."
    status = 403


class PasswordWeak(BadRequest):
    """The password breaks rules; `problems` in the data lists each as code and message."""

    code = "password-weak"
    title = "The password cannot be used."
    hint = "Choose one that keeps all the rules."


class UserNameBad(BadRequest):
    """The user name breaks rules; `problems` in the data lists each as code and message."""

    code = "user-name-bad"
    title = "The user name cannot be used."
    hint = "Choose one that keeps all the rules."


class OwnerExists(Conflict):
    """There is an owner account already."""

    code = "owner-exists"
    title = "There is an owner account already."
    hint = "Sign in with it, or set a new password with 'opencode-nexus user passwd'."


class NoOwner(Conflict):
    """The set-up has not made an owner account yet."""

    code = "no-owner"
    title = "There is no owner account yet."
    hint = "Finish the set-up first: open the page, or run 'opencode-nexus setup'."


class UserNotFound(NotFound):
    """No account has this name; only said to somebody who is let in."""

    code = "user-not-found"
    title = "There is no such user."
    hint = "'opencode-nexus user list' shows the users."


class LoginNotFound(NotFound):
    """No such signed-in device."""

    code = "login-not-found"
    title = "That device is not signed in."
    hint = "It may have been signed out meanwhile. Reload the page."


class PairingGone(NotFound):
    """No link that waits has this secret."""

    code = "pairing-gone"
    title = "This link does not connect a device any more."
    hint = "A link works once and for five minutes. Make a new one on the page Remote access."


class DeviceNameBad(BadRequest):
    """The name of a device cannot be used."""

    code = "device-name-bad"
    title = "The device cannot be called that."
    hint = "Give it a name of 1 to 40 characters, such as My phone."


class TokenNotFound(NotFound):
    """No API token has this id or name."""

    code = "token-not-found"
    title = "There is no such API token."
    hint = "'opencode-nexus token list' shows the tokens."


class TokenExists(Conflict):
    """The name of an API token is taken."""

    code = "token-exists"
    title = "There is an API token of this name already."
    hint = "Choose another name, or revoke the old token first."


class TokenUnusable(BadRequest):
    """Name, scope or days of a new token cannot be used."""

    code = "token-unusable"
    title = "An API token cannot be made like this."
    hint = "Give it a name of 1 to 64 characters, known scopes, and 1 to 3650 days or none."


class ScopeMissing(NexusError):
    """The API token is valid, and not for this."""

    code = "scope-missing"
    title = "This API token may not do that."
    hint = "Use a token with a scope that covers it; 'opencode-nexus token create --help' lists the scopes."
    status = 403


class CrossSite(NexusError):
    """A write that another site's page sent."""

    code = "cross-site"
    title = "The request came from another site and was refused."
    hint = "Use this hub's own pages. Behind a proxy, keep the Host header or name the host in allowed_hosts."
    status = 403


class HostNotAllowed(NexusError):
    """The Host header names a host that is not ours (DNS rebinding, or a setting is missing)."""

    code = "host-not-allowed"
    title = "This hub does not answer to that host name."
    hint = "If the name is yours, start the hub with --allowed-hosts NAME or OPENCODE_NEXUS_ALLOWED_HOSTS."
    status = 421


class SenderUnknown(BadRequest):
    """A request came through a tunnel and does not say, once and clearly, who sent it."""

    code = "sender-unknown"
    title = "The tunnel did not say where the request comes from."
    hint = "Come through Cloudflare: the header CF-Connecting-IP must name one address."


class TunnelAtMainDoor(NexusError):
    """A tunnel leads to the hub's main address, where its visitors could not be told from this machine."""

    code = "tunnel-at-main-door"
    title = "A tunnel leads to the wrong address of this hub."
    hint = (
        "At Cloudflare, put the address that the page Remote access shows as the service. If no tunnel is meant: name "
        "your proxy in trusted_proxies, and let it take the header Cf-Warp-Tag-Id away."
    )
    status = 421


class NotThroughTunnel(NexusError):
    """Something that is done on the machine or its network, asked for through a tunnel."""

    code = "not-through-tunnel"
    title = "This is not offered through a tunnel."
    hint = "Open the hub on the machine that it runs on."
    status = 403


class BodyTooLarge(NexusError):
    """The request body is larger than its address takes; `limit` in bytes is in the data."""

    code = "body-too-large"
    title = "The request is too large."
    hint = "Send less at once."
    status = 413
