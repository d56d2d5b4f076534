# SPDX-License-Identifier: MIT
"""What the middleware asks of the tunnels, where none is open, or some are only said to be."""


class NoTunnels:
    """Has the public names that it is given, and notes which were visited."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.visits: list[str] = []

    def hostnames(self) -> frozenset[str]:
        return frozenset(self.names)

    def pids(self) -> frozenset[int]:
        return frozenset()

    def visited(self, hostname: str) -> None:
        self.visits.append(hostname)
