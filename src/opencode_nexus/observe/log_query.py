# SPDX-License-Identifier: MIT
"""What is looked for in the logs."""

from dataclasses import dataclass

import msgspec

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.core.log_levels import LEVELS, PARTS
from opencode_nexus.observe.log_entry import Entry

OUTPUTS = {"server": "What OpenCode servers wrote.", "tunnel": "What cloudflared wrote."}
"""Parts that are not of the hub: outputs, each in a file of its own."""


class LogQueryUnusable(BadRequest):
    """A level, part or cursor that does not exist."""

    code = "log-query-unusable"
    title = "The logs cannot be searched like that."
    hint = f"Levels are {', '.join(LEVELS)}; parts are {', '.join((*PARTS, *OUTPUTS))}."


@dataclass(frozen=True, slots=True)
class LogQuery:
    """All that is given must fit: `level` or worse, the `part`, the server or tunnel `about`, and `text` in the message
    or the traceback (small letters fit capitals, too, but not the other way round). Times are in epoch seconds.
    """

    text: str = ""
    level: str = ""
    part: str = ""
    about: str = ""
    since: float | None = None
    until: float | None = None

    def checked(self) -> "LogQuery":
        """Return it; raises LogQueryUnusable."""
        if self.level and self.level not in LEVELS:
            raise LogQueryUnusable(f"There is no level {self.level!r}.")
        if self.part and self.part not in PARTS and self.part not in OUTPUTS:
            raise LogQueryUnusable(f"There is no part {self.part!r}.")
        return self

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that fit."""
        return LEVELS[LEVELS.index(self.level) :] if self.level else LEVELS

    @property
    def exact(self) -> bool:
        """Whether capitals count: when the text has any."""
        return self.text != self.text.lower()

    @property
    def hub(self) -> bool:
        """Whether the hub's own log can have something that fits."""
        return self.part not in OUTPUTS

    @property
    def outputs(self) -> bool:
        """Whether outputs can. Without a part, a server or a text they are not mixed in: many of their lines tell no
        time."""
        return self.part in OUTPUTS or (not self.part and bool(self.about or self.text))

    def fits(self, entry: Entry) -> bool:
        """Tell whether an entry is looked for. One that tells no level counts as information."""
        if self.level and (entry.level or "info") not in self.levels:
            return False
        if (self.part and entry.part != self.part) or (self.about and entry.about != self.about):
            return False
        epoch = entry.epoch
        if self.since is not None and (epoch is None or epoch < self.since):
            return False
        if self.until is not None and (epoch is None or epoch >= self.until):
            return False
        if not self.text:
            return True
        said = f"{entry.message}\n{entry.trace}"
        return self.text in (said if self.exact else said.lower())

    def needles(self, *, json: bool) -> list[tuple[bytes, ...]]:
        """Return groups of bytes: a line that fits has one of each group, the rarest group first.

        `json` lines are the hub's own. The text's group, if there is a text, is in small letters unless `exact`.
        """
        groups: list[tuple[bytes, ...]] = []
        if self.text:
            text = msgspec.json.encode(self.text)[1:-1] if json else self.text.encode("utf-8", "replace")
            groups.append((text,))
        if json:
            if self.about:
                groups.append((b'"server":"' + self.about.encode("utf-8", "replace") + b'"',))
            if self.level not in ("", "debug"):
                groups.append(tuple(f'"level":"{level}"'.encode() for level in self.levels))
            if self.part:
                groups.append((f'"part":"{self.part}"'.encode(),))
        return groups
