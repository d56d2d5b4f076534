-- SPDX-License-Identifier: MIT
-- Writing a message: drafts, files, what waits for its turn, and which submits were taken.
ALTER TABLE sent ADD COLUMN variant TEXT;
ALTER TABLE sent ADD COLUMN files TEXT NOT NULL DEFAULT '';    -- ids of attachments, with commas between
ALTER TABLE sent ADD COLUMN kind TEXT NOT NULL DEFAULT 'prompt';  -- prompt, typed, command or shell
CREATE TABLE submitted (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,               -- made by whoever submits; the same one again sends nothing twice
    digest TEXT NOT NULL,            -- of what was submitted
    what TEXT NOT NULL,              -- sent or queued
    session_id TEXT NOT NULL,
    id TEXT NOT NULL,                -- of the row in sent or queued
    at REAL NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE TABLE draft (
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    text TEXT NOT NULL,
    version INTEGER NOT NULL,        -- one more with each change, also by which it ended
    at REAL NOT NULL,
    PRIMARY KEY (user_id, session_id)
);
CREATE TABLE pick (
    user_id TEXT NOT NULL,
    scope TEXT NOT NULL,             -- session:<id>, project:<folder> or last
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    variant TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (user_id, scope)
);
CREATE TABLE queued (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they are sent
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    server_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    text TEXT NOT NULL,
    model TEXT,
    agent TEXT,
    variant TEXT,
    files TEXT NOT NULL,
    at REAL NOT NULL,
    held TEXT NOT NULL DEFAULT ''    -- why it is not sent by itself
);
CREATE TABLE attachment (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    size INTEGER NOT NULL,           -- bytes
    at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0  -- 1: of a message that was submitted, no longer of the draft
);
