# SPDX-License-Identifier: MIT
"""What can go wrong with a live page."""

from opencode_nexus.core.errors import NotFound


class UnknownTopic(NotFound):
    """Nobody feeds this topic."""

    code = "unknown-topic"
    title = "There is nothing live under this name."
    hint = "Reload the page."
