# SPDX-License-Identifier: MIT
"""Whose tunnels there are: one package a provider."""
