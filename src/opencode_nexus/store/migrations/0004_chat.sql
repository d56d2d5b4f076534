-- SPDX-License-Identifier: MIT
-- The hub's copy of every text part that OpenCode has not closed: OpenCode itself keeps no text of it.
CREATE TABLE open_parts (
    part_id TEXT PRIMARY KEY,        -- OpenCode's ids are unique over all servers
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    directory TEXT NOT NULL,
    kind TEXT NOT NULL,              -- text, reasoning
    gaps TEXT NOT NULL DEFAULT '[]', -- JSON: offsets at which words may be missing
    interrupted INTEGER NOT NULL DEFAULT 0 -- 1: it will never be closed, this copy is all there is
) WITHOUT ROWID;
CREATE INDEX open_parts_session ON open_parts (session_id);
CREATE INDEX open_parts_message ON open_parts (message_id);

CREATE TABLE open_text (
    part_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (part_id, seq)
) WITHOUT ROWID;

-- The sessions that were busy when last heard of: after a crash they are looked up and named.
CREATE TABLE running_sessions (
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    directory TEXT NOT NULL,
    PRIMARY KEY (server_id, session_id)
) WITHOUT ROWID;
