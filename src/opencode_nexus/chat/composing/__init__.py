# SPDX-License-Identifier: MIT
"""What a person writes, from the draft to what OpenCode has taken.

`drafts` follow between devices, `attachments` and `completion` help to write, `composer` takes a message, the `queue`
holds it while the agent works, and the `outbox` sees to it that the `sender` hands it over once.
"""
