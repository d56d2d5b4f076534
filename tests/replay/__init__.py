# SPDX-License-Identifier: MIT
"""Turns of the real OpenCode, recorded (`record`), and the hub cut, torn and put together on them."""
