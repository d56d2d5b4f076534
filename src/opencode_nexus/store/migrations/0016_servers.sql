-- SPDX-License-Identifier: MIT
-- What a server is wanted to be, beyond its name and folders.

ALTER TABLE servers ADD COLUMN kind TEXT NOT NULL DEFAULT 'local';        -- or 'attached': it runs elsewhere
ALTER TABLE servers ADD COLUMN address TEXT NOT NULL DEFAULT '';          -- of an attached one
ALTER TABLE servers ADD COLUMN environment TEXT NOT NULL DEFAULT '{}';    -- name → value; null: among the sealed secrets
ALTER TABLE servers ADD COLUMN arguments TEXT NOT NULL DEFAULT '[]';
ALTER TABLE servers ADD COLUMN version TEXT NOT NULL DEFAULT '';          -- '': the one that the hub uses
ALTER TABLE servers ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE servers ADD COLUMN position INTEGER NOT NULL DEFAULT 0;       -- its place in lists, and in what starts in order
ALTER TABLE servers ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;       -- one more with each edit that waits for a start
ALTER TABLE server_runs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;   -- of its server, when it was started

UPDATE servers SET position = 1 + (
    SELECT COUNT(*) FROM servers AS other
    WHERE other.created < servers.created OR (other.created = servers.created AND other.id < servers.id)
);
