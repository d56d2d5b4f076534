# SPDX-License-Identifier: MIT
"""What a server may take of the machine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

from opencode_nexus.core.errors import BadRequest


class BadLimits(BadRequest):
    """A server's limits cannot be used."""

    code = "bad-limits"
    title = "These limits cannot be used."
    hint = "Give amounts above zero, each memory limit at least as high as the one before; leave out what has none."


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on a server's whole process tree; None: no limit of that kind.

    Bytes of memory at which it is warned of (`memory_warn`), at which it is restarted as soon as it is idle
    (`memory_recycle`), and at which it is stopped at once (`memory_stop`); per cent of one core; processes.
    """

    memory_warn: int | None = None
    memory_recycle: int | None = None
    memory_stop: int | None = None
    cpu_percent: float | None = None
    processes: int | None = None

    @classmethod
    def of(cls, kept: Mapping[str, float | None]) -> "Limits":
        """Return the limits that `kept` gave; what it does not hold has none."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in kept.items() if name in known and value is not None}
        whole = {name: value if name == "cpu_percent" else int(value) for name, value in values.items()}
        return cls(**whole)  # type: ignore[arg-type]

    def kept(self) -> dict[str, float]:
        """Return them as they are stored: what has no limit is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


NO_LIMITS = Limits()


def check_limits(limits: Limits) -> Limits:
    """Return the limits; raises BadLimits naming what is wrong."""
    for name, value in limits.kept().items():
        if not 0 < value < 2**63:
            raise BadLimits(f"{name} is {value:g}.", limit=name)
    memory = ("memory_warn", "memory_recycle", "memory_stop")
    given = [(name, limits.kept()[name]) for name in memory if name in limits.kept()]
    for (low_name, low), (high_name, high) in pairwise(given):
        if high < low:
            raise BadLimits(f"{high_name} is lower than {low_name}.", limit=high_name)
    return limits
