-- SPDX-License-Identifier: MIT
-- Tunnels as they are wanted, and the cloudflared processes that run for them. Times are epoch seconds.
-- Secrets never stand here: a tunnel's token and its API token are among the sealed secrets.

CREATE TABLE tunnels (
    id TEXT PRIMARY KEY,
    name_key TEXT NOT NULL UNIQUE,          -- the name as compared: case folded
    config TEXT NOT NULL,                   -- JSON: what a person chose
    created REAL NOT NULL
) STRICT;

-- One row a process, from just before its start until it is gone: what a later hub needs to find it again and to go on
-- where this one was killed.
CREATE TABLE tunnel_runs (
    run_id TEXT PRIMARY KEY,
    tunnel_id TEXT NOT NULL,                -- no reference: a run may outlive its tunnel's removal
    mark TEXT NOT NULL,
    begun REAL NOT NULL,
    opened REAL NOT NULL,                   -- when somebody opened the tunnel; a renewal leaves it
    origin TEXT NOT NULL,                   -- where it hands requests to
    config TEXT NOT NULL,                   -- the tunnel's, as this process was started with it
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,                   -- of the program that was verified
    log_from INTEGER NOT NULL,              -- size of the log file before its first line
    pid INTEGER,                            -- NULL until it is spawned
    created REAL,                           -- the process's own start
    birth TEXT NOT NULL DEFAULT '',         -- the same, in words that no clock moves
    metrics INTEGER                         -- port of its metrics
) STRICT;
