-- SPDX-License-Identifier: MIT
-- What was heard while the hub still asks OpenCode what it missed: taken into the copies afterwards, or, when the hub
-- was killed meanwhile, at its next start.
CREATE TABLE held_text (
    number INTEGER PRIMARY KEY,
    server_id TEXT NOT NULL,
    part_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    directory TEXT NOT NULL,
    kind TEXT NOT NULL,              -- '': more words of a part; else the part begins with these
    text TEXT NOT NULL,
    gap INTEGER NOT NULL             -- 1: words before these may be missing
);
