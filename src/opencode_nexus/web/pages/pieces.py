# SPDX-License-Identifier: MIT
"""A live region made of a few keyed pieces: each is sent again, whole, when its HTML has changed."""

from collections.abc import Callable, Mapping

from opencode_nexus.core.bus import Bus
from opencode_nexus.live import ops
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.ops import Op

Html = Mapping[str, str]
"""Key (`data-k` of the piece's root element) → its HTML."""


class Pieces:
    """A `live.hub.Source` whose pieces are made anew when the bus tells something of `topics`.

    `make()` gives the pieces as they are now (none: what they told of is gone, and the page stays as it is),
    `region(pieces)` the whole region around them (its root has `data-k="live"`). `watch()` begins measuring
    and returns what ends it. All run on the event loop.
    """

    def __init__(
        self,
        bus: Bus,
        topics: tuple[str, ...],
        make: Callable[[], Html],
        region: Callable[[Html], str],
        watch: Callable[[], Callable[[], None]],
    ) -> None:
        self._bus, self._topics, self._make, self._region, self._watch = bus, topics, make, region, watch
        self._shown: Html = {}
        self._ends: list[Callable[[], None]] = []

    async def start(self, channel: Channel) -> None:
        """Take the present state, and follow the bus from here on."""
        self._ends = [self._watch(), self._bus.listen(lambda _: channel.touch(), *self._topics)]
        self._shown = self._make()
        channel.collect = self._collect

    async def stop(self) -> None:
        """Follow no more."""
        for end in self._ends:
            end()
        self._ends = []

    def render(self) -> str:
        """Return the whole region as of the last frame."""
        return self._region(self._shown)

    def _collect(self) -> list[Op]:
        fresh = self._make()
        if not fresh:
            return []
        changed = [ops.morph(key, html) for key, html in fresh.items() if self._shown.get(key) != html]
        self._shown = fresh
        return changed
