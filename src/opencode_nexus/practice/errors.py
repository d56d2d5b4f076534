# SPDX-License-Identifier: MIT
"""What can go wrong with the practice model."""

from opencode_nexus.core.errors import NexusError


class PracticeNotStarted(NexusError):
    """No loopback port could be had for the practice model."""

    code = "practice-not-started"
    title = "The practice model could not be started."
    hint = "Check that programs may listen on 127.0.0.1, then switch the practice model off and on again."
    status = 503
