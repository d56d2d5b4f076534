-- SPDX-License-Identifier: MIT
-- Why a session's last turn failed: OpenCode says it once, on its stream, and keeps it only where there is an answer.
CREATE TABLE failures (
    number INTEGER PRIMARY KEY,      -- the longest ago is the smallest
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    error TEXT NOT NULL              -- JSON, as OpenCode gave it
);
