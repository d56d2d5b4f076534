# SPDX-License-Identifier: MIT
"""Where a request comes from, as far as it can be believed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse(text: str) -> Address | None:
    """The address in `text`, which may carry a port, brackets or a zone; IPv4 within IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """The networks of a trusted_proxies setting; an entry is an address or a network. Raises ValueError."""
    return tuple(ip_network(entry, strict=False) for entry in entries)


@dataclass(frozen=True, slots=True)
class Sender:
    """`address` for people, `source` for counting failures, `proxied`: a trusted proxy sent it on."""

    address: str
    source: str
    proxied: bool


def sender(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> Sender:
    """Who sent a request that came from the socket address `peer` (None: a Unix socket).

    `forwarded` are the values of X-Forwarded-For. They are read from the right, as long as each hop is a
    trusted proxy: what stands further left was written by the client itself.
    """
    hop = parse(peer) if peer else None
    if hop is None:
        return Sender("local", "local", False)
    proxied = _is_in(hop, trusted)
    for text in reversed([piece for value in forwarded for piece in value.split(",")]):
        before = parse(text)
        if before is None or not _is_in(hop, trusted):
            break
        hop = before
    return Sender(str(hop), _counted(hop), proxied)


def visitor(named: Sequence[str]) -> Sender | None:
    """Who sent a request that came through a tunnel; None when that is not said once and clearly.

    `named` are the values of CF-Connecting-IP, which Cloudflare sets and no visitor can. Nothing else is read: a
    visitor writes X-Forwarded-For as he likes.
    """
    try:
        (text,) = named
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        address = address.ipv4_mapped or address
    return Sender(str(address), _counted(address), True)


def brought_by_cloudflared(peer: str | None, headers: Collection[str], trusted: Sequence[Network]) -> bool:
    """Whether a request that came past the tunnels' door was brought by a cloudflared, as far as that shows.

    `headers` are the names of its headers, in small letters; `peer` as for `sender`. Cf-Warp-Tag-Id is written by
    every cloudflared, and no visitor can take it away; the others are Cloudflare's own, which from this machine itself
    have no other way to come. Who has named a proxy in `trusted` may stand behind Cloudflare's proxy all the same; a
    cloudflared on the same machine may not, which is where a tunnel of ours would come from that is led astray.
    """
    hop = parse(peer) if peer else None
    here, named = hop is None or hop.is_loopback, hop is not None and _is_in(hop, trusted)
    if "cf-warp-tag-id" in headers:
        return here or not named
    return here and not named and ("cf-connecting-ip" in headers or "cf-ray" in headers)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _counted(address: Address) -> str:
    # a home or a rented machine gets a whole /64, so single IPv6 addresses would be 2^64 sources
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(IPv6Network((address, 64), strict=False))
    return str(address)
