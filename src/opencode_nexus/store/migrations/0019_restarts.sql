-- SPDX-License-Identifier: MIT
-- Restarts that were begun, or wait until no agent works; a row goes as soon as the next process is there.
CREATE TABLE server_restarts (
    server_id TEXT PRIMARY KEY,
    start_id TEXT NOT NULL,          -- the run that gives way: one that is another's is not restarted again
    why TEXT NOT NULL
) STRICT;
