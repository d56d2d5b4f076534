# SPDX-License-Identifier: MIT
"""Whether the machine can be kept awake, where that is wanted."""

import asyncio

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.processes.awake import Awake, AwakeUnsupported


async def look(around: Around) -> Looked:
    """Hold it for a moment: a program that is there may still be refused, in a container say."""
    if around.settings().keep_awake != "yes":
        return Looked("pass", "Not wanted: the setting keep_awake is off.")
    try:
        await asyncio.to_thread(Awake("A check of the doctor").try_once)
    except AwakeUnsupported as error:
        return Looked("warn", str(error), error.hint)
    return Looked("pass", "This machine is kept awake while an agent works.")
