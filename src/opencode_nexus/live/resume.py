# SPDX-License-Identifier: MIT
"""Where a returning page goes on: from its cursor when the ring still holds it, else anew."""

from opencode_nexus.live.channel import Channel, Viewer

BEHIND = 256 << 10  # bytes that a slow reader may be behind; more costs it less as one new rendering


def parse(cursor: str | None, boot: str) -> int | None:
    """Return the sequence number of `cursor` ("<boot>.<seq>") if it belongs to `boot`, else None."""
    if not cursor:
        return None
    mine, _, number = cursor.rpartition(".")
    return int(number) if mine == boot and number.isdigit() and len(number) < 16 else None


def first(channel: Channel, cursor: str | None) -> tuple[bytes, int]:
    """Return (what a page with `cursor` must get first, the sequence number it has then)."""
    channel.flush()
    seq = parse(cursor, channel.boot)
    missed = channel.since(seq) if seq is not None else None
    if missed is None or len(missed) > BEHIND:
        missed = channel.anew()
    return missed, channel.seq


def more(viewer: Viewer) -> tuple[bytes, bytes | None]:
    """Return (the frames that `viewer` has not had, their shared packed form or None); moves its place."""
    channel = viewer.channel
    data = channel.since(viewer.seq)
    if data is None or len(data) > BEHIND:
        data, shared = channel.anew(), None
    else:
        shared = channel.packed_since(viewer.seq) if viewer.packed else None
    viewer.seq = channel.seq
    return data, shared
