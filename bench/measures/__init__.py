# SPDX-License-Identifier: MIT
"""One file a question: startup, load, long (chats), search, stream, viewers, tunnel. Each adds results to a `Run`."""
