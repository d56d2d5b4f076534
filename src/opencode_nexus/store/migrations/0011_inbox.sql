-- SPDX-License-Identifier: MIT
-- What enters the inbox, until it is answered or over (`ended`), and the last of those that are.
CREATE TABLE inbox (
    id TEXT PRIMARY KEY,             -- OpenCode's for a permission or question, ours for a turn
    kind TEXT NOT NULL,              -- permission, question, failed, finished
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,        -- the session that asks; a sub-agent's may be it
    root_id TEXT NOT NULL,           -- the chat that shows it
    directory TEXT NOT NULL,
    title TEXT NOT NULL,
    path TEXT NOT NULL,              -- JSON: who asks, and on whose behalf, the chat itself last
    detail TEXT NOT NULL,
    at REAL NOT NULL,                -- epoch seconds
    process TEXT NOT NULL,           -- of the OpenCode that asked: another one knows nothing of it
    request TEXT NOT NULL,           -- JSON: all that is asked, long texts cut; '' for a turn
    ended REAL,                      -- NULL: open
    how TEXT NOT NULL DEFAULT '',
    said TEXT NOT NULL DEFAULT '',   -- what was answered, in words
    by_name TEXT NOT NULL DEFAULT '',
    by_device TEXT NOT NULL DEFAULT '',
    by_source TEXT NOT NULL DEFAULT ''
);
CREATE INDEX inbox_ended ON inbox (ended);

-- "Always": what the hub itself allows from now on, by OpenCode's own patterns.
CREATE TABLE rules (
    id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,
    directory TEXT NOT NULL,
    permission TEXT NOT NULL,        -- bash, edit, external_directory …
    pattern TEXT NOT NULL,
    at REAL NOT NULL,
    by_name TEXT NOT NULL,
    by_device TEXT NOT NULL,
    by_source TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    last_used REAL,
    UNIQUE (server_id, directory, permission, pattern)
);

-- The chats in which every permission is given, until when.
CREATE TABLE accepting (
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    until REAL NOT NULL,             -- epoch seconds
    turn INTEGER NOT NULL,           -- 1: ends with the turn, if that is sooner
    began REAL NOT NULL,
    by_name TEXT NOT NULL,
    by_device TEXT NOT NULL,
    by_source TEXT NOT NULL,
    PRIMARY KEY (server_id, session_id)
) WITHOUT ROWID;
