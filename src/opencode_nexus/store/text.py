# SPDX-License-Identifier: MIT
"""Text as the database takes it."""


def storable(text: str) -> str:
    """Return `text` without half characters, which SQLite refuses."""
    return text.encode(errors="replace").decode()
