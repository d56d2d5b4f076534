# SPDX-License-Identifier: MIT
"""Tunnels with the genuine cloudflared and the stand-in for Cloudflare's side (`tests.edge`), where only loopback is.

`scripts/test tests/tunnels` runs them in such a place; elsewhere they are skipped, and say so.
"""
