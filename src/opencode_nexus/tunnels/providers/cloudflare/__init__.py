# SPDX-License-Identifier: MIT
"""Cloudflare's API: making a named tunnel with its name in the DNS, and taking exactly that away again.

Glossary
    API token     made by a person in Cloudflare's dashboard; the key to this API, never to a tunnel
    tunnel token  what cloudflared runs a named tunnel with; Cloudflare gives it for a tunnel
    account       a Cloudflare account; tunnels belong to one
    zone          a domain at Cloudflare, such as example.com; names below it are its records
    ingress       the rules of a tunnel: which public name leads to which local address
    record        the CNAME that makes a public name lead to <tunnel id>.cfargotunnel.com
    made          what exists at Cloudflare because we made it; nothing else is ever deleted
"""
