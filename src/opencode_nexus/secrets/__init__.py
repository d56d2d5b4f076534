# SPDX-License-Identifier: MIT
"""Keeping what must not be read by others.

Glossary
    secret        a value whose text shows as dots wherever it is printed (`redact.Secret`)
    redact        take secrets out of text that will be shown or logged
    vault         keeps named secrets: in the system's keyring when there is a working one, else sealed in a file
    sealed file   AES-256-GCM under a random key in a file of its own; both are readable by their owner alone
"""
