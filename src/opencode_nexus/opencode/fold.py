# SPDX-License-Identifier: MIT
"""Events in, changed state out. Pure: no clock, no I/O."""

from opencode_nexus.opencode.state import (
    Change,
    Message,
    Part,
    Permission,
    Question,
    SessionState,
    Status,
)

__all__ = ["Change", "Message", "Part", "Permission", "Question", "SessionState", "Status"]
