# SPDX-License-Identifier: MIT
"""A stand-in for Cloudflare's side on loopback: the genuine cloudflared connects to it and is none the wiser.

Glossary
    quick service   gives out quick tunnels: POST /tunnel, plain HTTP/1.1
    edge            accepts cloudflared's connections: TLS + HTTP/2, or QUIC, with Cap'n Proto RPC on a control stream
    front           what a visitor's browser reaches: TLS with certificates of our own authority, HTTP/1.1
    authority       the certificate authority that cloudflared and the visitors trust, and nothing else does
    exchange        one visitor's request on its way through a tunnel's connection
    fault           something that Cloudflare or the network does badly; each is a knob in `faults`

`Edge` runs all of it in a thread of its own, so that blocking tests can use it; `visitor` asks through the front as a
browser would; `isolated` runs a command where only loopback exists. It does not show the real one's DNS, caching or
limits; GETs of quick tunnels are held back as measured there.
"""
