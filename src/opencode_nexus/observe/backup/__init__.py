# SPDX-License-Identifier: MIT
"""Backups of the home folder: one file, made while the hub runs, checked before a single byte of it is put back.

Words used here:

- *part*: one thing of the home folder that goes with it (`contents`): databases, attachments, secrets.
- *frame*: a piece of the file of at most 1 MiB, sealed by itself (`sealed`).
- *create*: writes a backup (`create`); *restore* verifies one and puts it into an empty home folder (`restore`).
- *schedule*: makes them by itself and keeps the newest (`schedule`).

Secrets go with a backup only when it has a passphrase.
"""
