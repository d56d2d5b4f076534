# SPDX-License-Identifier: MIT
"""One file a question: startup, load, long (chats), stream, viewers. Each takes a `Run` and adds results."""
