-- SPDX-License-Identifier: MIT
-- Servers as they are wanted, the processes that run for them, and their crashes. Times are epoch seconds.

CREATE TABLE servers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    projects TEXT NOT NULL,                 -- JSON list of folders, the first one is where it is started
    autostart INTEGER NOT NULL,
    created REAL NOT NULL
) STRICT;

-- One row a process from just before its start until the last of its tree is gone. What it must be found again by
-- after a kill -9 of the hub stands here before the process does; its password is among the sealed secrets.
CREATE TABLE server_runs (
    start_id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL,                -- no reference: a run may outlive its server's removal
    mark TEXT NOT NULL,
    port INTEGER NOT NULL,
    begun REAL NOT NULL,
    pid INTEGER,                            -- NULL until it is spawned
    created REAL,                           -- the process's own start
    birth TEXT NOT NULL DEFAULT '',         -- the same, in words that no clock moves
    version TEXT
) STRICT;
CREATE INDEX server_runs_server ON server_runs(server_id);

CREATE TABLE server_crashes (
    server_id TEXT NOT NULL,
    at REAL NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX server_crashes_server ON server_crashes(server_id, at);
