-- SPDX-License-Identifier: MIT
-- What was measured of each server and of the machine: a row a minute for a day, and one a quarter of an hour for
-- thirty days. `store.samples` says what the figures are; NULL is "not known".
CREATE TABLE samples (
    subject TEXT NOT NULL,           -- a server's id, or "machine"; no reference: it may outlive its server
    step INTEGER NOT NULL,           -- seconds that the row stands for
    at INTEGER NOT NULL,             -- when they begin, epoch seconds
    cpu REAL,
    memory REAL,
    files REAL,
    processes REAL,
    disk REAL,
    PRIMARY KEY (step, subject, at)
) STRICT, WITHOUT ROWID;
