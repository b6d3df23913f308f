-- Whether triage keeps its promise: what physicians read, what follows from it, and who was called about open flags.

-- Which bundle answered, by the digest of its manifest: a changed bundle is another one, whatever its version says.
ALTER TABLE dispositions ADD COLUMN digest TEXT NOT NULL DEFAULT '';
-- 1: the bundle itself gave no-flag, whatever oversight made of it.
ALTER TABLE dispositions ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dispositions_by_time ON dispositions (decided_at);
CREATE INDEX dispositions_by_digest ON dispositions (digest);
-- Where findings were seen.
ALTER TABLE dispositions ADD COLUMN places TEXT NOT NULL DEFAULT '[]';
-- When a person first opened the study on the page.
ALTER TABLE studies ADD COLUMN opened_at INTEGER;
-- What a signed report says about triage's flag: 1 closes it.
ALTER TABLE reports ADD COLUMN closes_flag INTEGER NOT NULL DEFAULT 0;
-- 1: reads of this person count as a physician's.
ALTER TABLE users ADD COLUMN physician INTEGER NOT NULL DEFAULT 0;

-- Studies drawn for a physician's read; the result stays hidden from who reads until the read is recorded.
CREATE TABLE samples (
    study    TEXT NOT NULL,
    revision INTEGER NOT NULL,
    why      TEXT NOT NULL, -- share: drawn by chance among no-flag; day: the one of a day; trial: any answer
    drawn_at INTEGER NOT NULL,
    PRIMARY KEY (study, revision),
    FOREIGN KEY (study, revision) REFERENCES dispositions (study, revision)
) STRICT;

-- One physician's read of a study revision.
CREATE TABLE reads (
    study    TEXT NOT NULL,
    revision INTEGER NOT NULL,
    reader   TEXT NOT NULL,
    finding  INTEGER NOT NULL, -- 1: the physician sees a finding that the bundle looks for
    read_at  INTEGER NOT NULL,
    PRIMARY KEY (study, revision),
    FOREIGN KEY (study, revision) REFERENCES dispositions (study, revision)
) STRICT;

-- A named person's acceptance of a bundle for settle; withdrawn ones stay as history.
CREATE TABLE acceptances (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    bundle        TEXT NOT NULL,
    version       TEXT NOT NULL,
    digest        TEXT NOT NULL,
    who           TEXT NOT NULL,
    accepted_at   INTEGER NOT NULL,
    report        TEXT NOT NULL, -- BLAKE3 of the report's file
    reads         INTEGER NOT NULL,
    positives     INTEGER NOT NULL,
    missed        INTEGER NOT NULL,
    bound         REAL NOT NULL,
    withdrawn_at  INTEGER,
    withdrawn_why TEXT
) STRICT;

-- What is watched of each bundle: the state of the tests, and how far no-flag may be relied upon.
CREATE TABLE watches (
    digest TEXT PRIMARY KEY,
    bundle TEXT NOT NULL,
    state  TEXT NOT NULL,
    level  TEXT NOT NULL DEFAULT 'steady', -- steady, wary, withdrawn
    why    TEXT NOT NULL DEFAULT '',
    since  INTEGER NOT NULL,
    -- Reads of studies answered from this time on count for the running bound.
    reads_from INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every change of a level, until it stands in the audit.
CREATE TABLE levels (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    bundle  TEXT NOT NULL,
    level   TEXT NOT NULL,
    why     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    audited INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Calls about flags that nobody acknowledged.
CREATE TABLE calls (
    study     TEXT NOT NULL,
    revision  INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    contact   TEXT NOT NULL,
    called_at INTEGER NOT NULL,
    fault     TEXT, -- why it did not get through
    PRIMARY KEY (study, revision, number)
) STRICT;

-- What people did against triage's answer. Never a label: only physicians' reads are.
CREATE TABLE overrides (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    study    TEXT NOT NULL,
    revision INTEGER NOT NULL,
    who      TEXT NOT NULL,
    kind     TEXT NOT NULL, -- escalated, not-sent, raised
    at       INTEGER NOT NULL
) STRICT;
