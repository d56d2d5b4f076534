# SPDX-License-Identifier: MIT
"""Makes the checks and mends what they find."""

import asyncio
import logging
import sqlite3
from collections.abc import Collection, Sequence

from opencode_nexus.core.errors import NexusError
from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.errors import CheckUnknown, FindingChanged, MendFailed, NothingToMend
from opencode_nexus.observe.doctor.finding import Finding, Looked
from opencode_nexus.observe.doctor.row import Row
from opencode_nexus.observe.doctor.table import TABLE

log = logging.getLogger(__name__)

PATIENCE = 15.0  # seconds for one look: a keyring may wait for its owner, an OpenCode that hangs is given 10


class Doctor:
    """The checks of `table` on what `around` names."""

    def __init__(self, around: Around, table: Sequence[Row] = TABLE) -> None:
        self.around, self._table = around, table
        self._mending = asyncio.Lock()

    async def run(self, ids: Collection[str] | None = None) -> list[Finding]:
        """Make the checks named (None: all), at the same time; a look that fails is a finding as well."""
        rows = [row for row in self._table if ids is None or row.id in ids]
        return list(await asyncio.gather(*map(self._look, rows)))

    async def look(self, check_id: str) -> Finding:
        """Make one check; raises CheckUnknown."""
        return await self._look(self._row(check_id))

    async def fix(self, check_id: str, seen: str = "") -> Finding:
        """Mend what a check finds, and return how it is afterwards.

        `seen` is that of the finding that was agreed to. Raises CheckUnknown, NothingToMend, FindingChanged or
        MendFailed.
        """
        row = self._row(check_id)
        async with self._mending:
            found = await self._look(row)
            if row.fix is None or not found.does:
                raise NothingToMend(f"{row.title}: {found.said}")
            if seen and seen != found.seen:
                raise FindingChanged(" ".join(found.does))
            try:
                await row.fix(self.around)
            except (OSError, sqlite3.Error, TimeoutError) as error:
                raise MendFailed(f"{row.title}: {str(error) or type(error).__name__}.") from error
            after = await self._look(row)
        log.info("mended %s: %s Now: %s", check_id, " ".join(found.does), after.said)
        return after

    async def say_orphans(self) -> None:
        """Tell the log of processes without a hub; a hub does so at its start."""
        found = await self.look("orphans")
        log.log(logging.WARNING if found.does else logging.INFO, "processes without a hub: %s", found.said)

    def _row(self, check_id: str) -> Row:
        for row in self._table:
            if row.id == check_id:
                return row
        raise CheckUnknown(f"Asked for: {check_id[:80]!r}.")

    async def _look(self, row: Row) -> Finding:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await row.look(self.around)
        except TimeoutError:
            found = Looked("unknown", f"It could not be found out within {PATIENCE:.0f} s.")
        except NexusError as error:
            found = Looked("unknown", str(error), error.hint)
        except Exception as error:  # one look that fails must not keep the others from being told
            log.exception("the check %s failed", row.id)
            found = Looked("unknown", f"It could not be found out: {error}.")
        return Finding(row.id, row.title, found.status, found.said, found.todo, found.does)
