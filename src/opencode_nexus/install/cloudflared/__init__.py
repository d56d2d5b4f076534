# SPDX-License-Identifier: MIT
"""Finds cloudflared on this machine, checks it, and brings the version that the tunnels were tested with.

Glossary
    build        what cloudflared is published as for one system and processor, such as cloudflared-linux-armhf
    published    two sums of a release: the page's digest of a file, and its makers' sum of the program in their words
    pin          the sum of a program that is written here, for the one version that is brought
    verified     its sum is the pinned and the published one; nothing brought is run before, nor once it has changed
"""
