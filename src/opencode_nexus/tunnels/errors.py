# SPDX-License-Identifier: MIT
"""What can go wrong with a tunnel, by its cause, each with what to do."""

from opencode_nexus.core.errors import BadRequest, Conflict, NexusError, NotFound


class TunnelError(NexusError):
    """Root of the errors of this package."""

    code = "tunnel"
    title = "The tunnel does not work."
    hint = "Look at its log on the page Remote access, and start it again."
    status = 502


class BadTunnel(BadRequest):
    """What was chosen for the tunnel cannot be used; `field` names it."""

    code = "tunnel-unusable"
    title = "The tunnel cannot be set up like this."
    hint = "Correct the field that the message names."


class BadTunnelToken(BadTunnel):
    """What was pasted is not a tunnel token."""

    code = "tunnel-token-unusable"
    title = "That is not a tunnel token."
    hint = "Copy it again from Cloudflare's dashboard: the long text after --token, beginning with eyJ."


class TokenMissing(BadTunnel):
    """The tunnel's token is not among the kept secrets."""

    code = "tunnel-token-missing"
    title = "The tunnel's token is not here."
    hint = "Paste it again: change the tunnel on the page Remote access. A backup does not hold it in clear."


class ApiTokenMissing(BadTunnel):
    """The API token that a tunnel was made with is not among the kept secrets."""

    code = "tunnel-api-token-missing"
    title = "The API token of this tunnel is not here."
    hint = "Paste one that may edit tunnels and DNS: change the tunnel on the page Remote access. Then try again."


class TunnelsNotOpen(TunnelError):
    """What still ran at the hub's start could not be found out, so nothing may be started beside it."""

    code = "tunnels-not-open"
    title = "It could not be found out which tunnels are still open."
    hint = "Stop OpenCode Nexus and start it again; its log says more."
    status = 503


class TunnelNotFound(NotFound):
    """There is no such tunnel."""

    code = "tunnel-not-found"
    title = "There is no such tunnel."
    hint = "Look at the list on the page Remote access."


class TunnelExists(Conflict):
    """Another tunnel has that name."""

    code = "tunnel-exists"
    title = "There is a tunnel with this name already."
    hint = "Choose another name."


class TunnelStopped(Conflict):
    """It was told to stop before it had started."""

    code = "tunnel-start-stopped"
    title = "The start was stopped."
    hint = "Start the tunnel again when you need it."


class NoOwnerYet(Conflict):
    """Nobody could log in, so no way in may be opened."""

    code = "tunnel-before-owner"
    title = "No tunnel starts before the owner account exists."
    hint = "Finish the set-up first."


class CloudflaredMissing(TunnelError):
    """There is no cloudflared that could be run."""

    code = "cloudflared-missing"
    title = "cloudflared is not on this machine."
    hint = "Bring it: page Remote access, or 'opencode-nexus tunnel bring'; or set cloudflared_binary to your own."
    status = 409


class CloudflaredTooOld(TunnelError):
    """cloudflared, or what it lacks, is too old."""

    code = "cloudflared-too-old"
    title = "This cloudflared is too old."
    hint = "Bring a newer one: page Remote access, or 'opencode-nexus tunnel bring'."


class CloudflaredSwapped(TunnelError):
    """The running program says that its checksum is not the one that was verified."""

    code = "cloudflared-swapped"
    title = "The cloudflared that runs is not the one that was verified."
    hint = "It was stopped. Let the page Remote access bring it again, and find out who changed the file."


class NetworkBlocked(TunnelError):
    """Cloudflare cannot be reached from here."""

    code = "tunnel-network-blocked"
    title = "Cloudflare cannot be reached."
    hint = "Check the network; a firewall must let port 7844 out (UDP for quic, TCP for http2). Try protocol http2."


class QuicBlocked(NetworkBlocked):
    """`auto` came to http2, over which no WebSocket reaches our Unix socket: it is started over http2 at once."""

    code = "tunnel-quic-blocked"
    title = "This network lets no QUIC through."
    hint = "The tunnel is started over http2 by itself. Choose the protocol http2 to spare it the try."


class RateLimited(TunnelError):
    """Cloudflare gives no quick tunnel for now (429)."""

    code = "tunnel-rate-limited"
    title = "Cloudflare gives out no quick tunnel right now."
    hint = "It is tried again by itself at the time shown. A named tunnel has no such limit."


class TokenRefused(TunnelError):
    """The edge says Unauthorized to a named tunnel."""

    code = "tunnel-token-refused"
    title = "Cloudflare does not accept the tunnel's credentials."
    hint = "The tunnel was deleted or its token renewed: copy the token again, or make a new tunnel."


class TunnelDeleted(TunnelError):
    """Cloudflare has dropped the tunnel."""

    code = "tunnel-deleted"
    title = "Cloudflare has dropped this tunnel."
    hint = "A quick tunnel is renewed by itself, with a new address. Make a named one again."


class RegistrationRefused(TunnelError):
    """The edge refuses this connection for another reason, which it gives."""

    code = "tunnel-refused"
    title = "Cloudflare refuses the connection."
    hint = "Read what it says; a newer cloudflared often helps."


class RefusedUnheard(RegistrationRefused):
    """The edge refuses over QUIC, where cloudflared keeps the reason to itself: it is asked again over http2."""

    code = "tunnel-refused-unheard"
    title = "Cloudflare refuses the connection, and over quic its reason is not told."
    hint = "It is tried once over http2 by itself, which tells the reason."


class HostnameNotRouted(TunnelError):
    """The tunnel stands, but no public name leads to it."""

    code = "tunnel-hostname-not-routed"
    title = "No public name leads to this tunnel."
    hint = "In Cloudflare's dashboard, add a public hostname to the tunnel, with the service that the page shows."


class OriginDown(TunnelError):
    """cloudflared cannot reach the hub."""

    code = "tunnel-origin-down"
    title = "The tunnel cannot reach this hub."
    hint = "Check the service address in Cloudflare's dashboard against the one that the page shows."


class EdgeLost(TunnelError):
    """The connection to the edge was lost; cloudflared tries again by itself."""

    code = "tunnel-edge-lost"
    title = "The connection to Cloudflare was lost."
    hint = "It is being taken up again, which can take half a minute. Check the network if it lasts."


class CloudflaredEnded(TunnelError):
    """cloudflared ended; `last_lines` holds its last words."""

    code = "cloudflared-ended"
    title = "cloudflared ended unexpectedly."
    hint = "It is started again by itself. Look at its last lines."


class RouteOpen(TunnelError):
    """The self test got something without a login: the tunnel was closed."""

    code = "tunnel-open"
    title = "The self test got in without a login, so the tunnel was closed."
    hint = "Report this. Do not open a tunnel until it is mended."
    status = 500
