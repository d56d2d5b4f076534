-- SPDX-License-Identifier: MIT
-- What a person has marked about a session. `from_session`, `from_message`: the chat and the message it was forked from.
CREATE TABLE marks (
    session_id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,
    pinned REAL,
    from_session TEXT NOT NULL DEFAULT '',
    from_message TEXT NOT NULL DEFAULT '',
    from_title TEXT NOT NULL DEFAULT ''
) STRICT;
-- Sessions that a person has deleted and that OpenCode still has, until `due`.
CREATE TABLE trash (
    session_id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,
    title TEXT NOT NULL,
    deleted REAL NOT NULL,
    due REAL NOT NULL
) STRICT;
