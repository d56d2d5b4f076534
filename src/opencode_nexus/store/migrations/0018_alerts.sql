-- SPDX-License-Identifier: MIT
-- Alerts that are open; when one is over its row goes, and the timeline says so.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,              -- of observe.alert_rules
    subject TEXT NOT NULL,           -- id of a server or tunnel; '' for the machine
    level TEXT NOT NULL,
    title TEXT NOT NULL,
    detail TEXT NOT NULL,
    at REAL NOT NULL,                -- epoch seconds
    UNIQUE (rule, subject)
) WITHOUT ROWID;

-- Who is told of turns that failed is told of alerts, too, until he says otherwise.
UPDATE push_devices SET kinds = kinds || ' alert'
    WHERE ' ' || kinds || ' ' LIKE '% failed %' AND ' ' || kinds || ' ' NOT LIKE '% alert %';
