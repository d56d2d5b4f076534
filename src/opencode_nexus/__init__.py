# SPDX-License-Identifier: MIT
"""OpenCode Nexus: runs, watches and opens OpenCode servers, behind a login."""

__version__ = "0.1.0"
