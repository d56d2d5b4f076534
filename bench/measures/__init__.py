# SPDX-License-Identifier: MIT
"""One file a question: startup, load, long (chats), stream, viewers, tunnel. Each takes a `Run` and adds results."""
