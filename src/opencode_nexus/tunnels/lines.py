# SPDX-License-Identifier: MIT
"""Lines of cloudflared's log as they may be shown. Pure.

It masks its token itself, and at its usual level it logs no headers; but a level is a flag that a person may add.
"""

import re
from collections.abc import Iterable

from opencode_nexus.secrets.redact import DOTS, Secret, redact

_TOKEN = re.compile(r"\beyJ[A-Za-z0-9+/_=-]{40,}")  # a tunnel's token and every JWT begin like that
_HEADER = re.compile(r'(?i)("?(?:cookie|set-cookie|authorization|cf-access-[a-z-]+)"?\s*:\s*)\[[^\]]*\]')


def shown(lines: Iterable[str], known: Iterable[Secret] = ()) -> list[str]:
    """Return the lines without secrets."""
    known = list(known)
    return [_HEADER.sub(rf"\1{DOTS}", _TOKEN.sub(DOTS, redact(line, known))) for line in lines]
