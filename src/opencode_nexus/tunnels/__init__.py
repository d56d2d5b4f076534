# SPDX-License-Identifier: MIT
"""Ways in from outside: Cloudflare tunnels that are safe, watched, and really stream.

Glossary
    tunnel        a named, kept wish for a way in; it runs as one cloudflared process of its own
    kind          quick (no account, a new address each time), token (made in Cloudflare's dashboard), api (made by
                  us with an API token), config (an existing tunnel with its credentials file)
    origin        where cloudflared hands requests to: a listener of the hub's that serves nothing else, a Unix socket
                  in the home folder or a loopback port
    edge          Cloudflare's side, to which cloudflared connects
    registered    a connection that the edge has accepted; only then is the public address answered
    public URL    where a browser elsewhere reaches the hub; hostnames are the names that may stand in its Host header
    self test     the hub visits itself through the public URL and notes what passes
    run           one life of a cloudflared process; known by pid and start time, so a later hub finds it again

Neighbours: `install` brings cloudflared, `access` knows who may come in, `web` holds the listener and the page.
"""
