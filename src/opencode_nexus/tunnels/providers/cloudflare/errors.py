# SPDX-License-Identifier: MIT
"""What Cloudflare's API can say against us, each with what to do. None of them ever holds a token."""

from opencode_nexus.tunnels.errors import BadTunnel, TunnelError


class CloudflareError(TunnelError):
    """The API refused for a reason that we have no better name for; `detail` holds its own words."""

    code = "cloudflare-refused"
    title = "Cloudflare refused the request."
    hint = "Read what it says. If it does not help, look at the tunnel in Cloudflare's dashboard."


class CloudflareUnreachable(CloudflareError):
    """No answer came: no network, no DNS, or too slow."""

    code = "cloudflare-unreachable"
    title = "Cloudflare's API cannot be reached."
    hint = "Check the network of this machine and try again."
    status = 503


class CloudflareBusy(CloudflareError):
    """429: too many requests; `retry_after` in the data is in seconds."""

    code = "cloudflare-busy"
    title = "Cloudflare takes no more requests with this token for now."
    hint = "Wait the time that is named (Cloudflare allows 1,200 requests in five minutes) and try again."
    status = 429


class CloudflareDown(CloudflareError):
    """5xx: the fault is on Cloudflare's side."""

    code = "cloudflare-down"
    title = "Cloudflare's API has a fault."
    hint = "Try again in some minutes."


class CloudflareUnreadable(CloudflareError):
    """The answer is not what the API promises: something in between answered, or the API has changed."""

    code = "cloudflare-unreadable"
    title = "What came back is no answer of Cloudflare's API."
    hint = "Check whether a proxy or a sign-in page of the network stands in between, and try again."


class ApiTokenInvalid(BadTunnel):
    """Cloudflare does not know the token, or it does not have a token's form."""

    code = "api-token-invalid"
    title = "Cloudflare does not know this API token."
    hint = "Copy it again, whole. It is an API token that is wanted, not the Global API Key and not a tunnel's token."


class ApiTokenInactive(BadTunnel):
    """The token is known, and disabled or expired."""

    code = "api-token-inactive"
    title = "This API token is not active."
    hint = "Make a new one, or enable it, in Cloudflare's dashboard under My Profile, API Tokens."


class ApiTokenElsewhere(BadTunnel):
    """The token is bound to other client addresses than this machine's."""

    code = "api-token-elsewhere"
    title = "This API token may not be used from this machine's address."
    hint = "Change the token's Client IP Address Filtering in Cloudflare's dashboard, IPv6 too, or make another token."


class ApiPermissionMissing(BadTunnel):
    """The token lacks a permission; `permission` in the data names it."""

    code = "api-permission-missing"
    title = "The API token lacks a permission."
    hint = "Edit the token in Cloudflare's dashboard, add the permission that is named, and try again."
    status = 403


class NameTaken(BadTunnel):
    """The account has a tunnel with this name."""

    code = "cloudflare-name-taken"
    title = "The Cloudflare account has a tunnel with this name already."
    hint = "Choose another name, or delete that tunnel in Cloudflare's dashboard if nothing needs it."
    status = 409


class RecordTaken(BadTunnel):
    """The zone has a record with this host name that is not ours."""

    code = "cloudflare-record-taken"
    title = "The zone has a DNS record with this host name already."
    hint = "Choose another host name, or delete that record in Cloudflare's dashboard if nothing needs it."
    status = 409


class NotAtCloudflare(CloudflareError):
    """404: what was asked about is not there (any more)."""

    code = "cloudflare-not-found"
    title = "Cloudflare has nothing under that id."
    hint = "It may have been deleted in the dashboard: remove the tunnel here and make it again."
    status = 404


class StillConnected(CloudflareError):
    """A tunnel with live connections is not deleted."""

    code = "cloudflare-still-connected"
    title = "Cloudflare sees connections of this tunnel, so it does not delete it."
    hint = "Stop every cloudflared that runs it, elsewhere too, and remove it again."
    status = 409


class HalfMade(CloudflareError):
    """A step failed, and what was made before could not be taken back; `left` in the data names it."""

    code = "cloudflare-half-made"
    title = "The tunnel could not be made, and a part of it is left at Cloudflare."
    hint = "Remove the tunnel here once Cloudflare can be reached, or delete what is named in its dashboard."
