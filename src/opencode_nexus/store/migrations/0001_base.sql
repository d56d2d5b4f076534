-- SPDX-License-Identifier: MIT
CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE activity (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,                -- epoch seconds
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    server_id TEXT,
    data TEXT NOT NULL
);
CREATE INDEX activity_at ON activity (at);
