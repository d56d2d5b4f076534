# SPDX-License-Identifier: MIT
"""Whose this process is, as the system counts users."""

import os
import sys

if sys.platform == "win32":

    def user_id() -> int | None:
        """Return the number of the user; None where users have none, as on Windows."""
        return None

else:

    def user_id() -> int | None:
        """Return the number of the user; None where users have none, as on Windows."""
        return os.getuid()
