-- The appliance's ledger: who sent what, what triage answered, what left and what came home.
-- Times are milliseconds since 1970 UTC. Identifying columns: studies.uid, studies.patient_name,
-- instances.sop_instance_uid, instances.series_uid; no other column holds a value of a data set that identifies.

CREATE TABLE studies (
    id              TEXT PRIMARY KEY,
    uid             TEXT NOT NULL UNIQUE,
    revision        INTEGER NOT NULL DEFAULT 0,
    open            INTEGER NOT NULL DEFAULT 1,
    first_arrival   INTEGER NOT NULL,
    last_arrival    INTEGER NOT NULL,
    modality        TEXT NOT NULL DEFAULT '',
    body_part       TEXT NOT NULL DEFAULT '',
    view            TEXT NOT NULL DEFAULT '',
    accession_tail  TEXT NOT NULL DEFAULT '',
    station         TEXT NOT NULL DEFAULT '',
    patient_name    TEXT NOT NULL DEFAULT '',
    priority        TEXT NOT NULL DEFAULT 'ROUTINE',
    acknowledged_by TEXT,
    acknowledged_at INTEGER
) STRICT;
CREATE INDEX studies_by_arrival ON studies (last_arrival);

CREATE TABLE instances (
    id               TEXT PRIMARY KEY,
    study            TEXT NOT NULL REFERENCES studies (id),
    sop_instance_uid TEXT NOT NULL,
    series_uid       TEXT NOT NULL,
    sop_class        TEXT NOT NULL,
    transfer_syntax  TEXT NOT NULL,
    modality         TEXT NOT NULL,
    calling_ae       TEXT NOT NULL,
    address          TEXT NOT NULL,
    association      TEXT NOT NULL,
    arrived          INTEGER NOT NULL,
    bytes            INTEGER NOT NULL,
    blake3           TEXT NOT NULL,
    revision         INTEGER NOT NULL DEFAULT 0,
    conflict         INTEGER NOT NULL DEFAULT 0,
    set_aside        TEXT
) STRICT;
CREATE UNIQUE INDEX instances_once ON instances (sop_instance_uid, blake3);
CREATE INDEX instances_by_study ON instances (study, arrived);

CREATE TABLE revisions (
    study         TEXT NOT NULL REFERENCES studies (id),
    revision      INTEGER NOT NULL,
    stable_at     INTEGER NOT NULL,
    stable_reason TEXT NOT NULL,
    deaths        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (study, revision)
) STRICT;

-- Exactly one record per study revision: the primary key is the promise.
CREATE TABLE dispositions (
    study       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    disposition TEXT NOT NULL,
    reason      TEXT NOT NULL,
    bundle      TEXT NOT NULL,
    version     TEXT NOT NULL,
    mode        TEXT NOT NULL,
    findings    TEXT NOT NULL,
    priority    TEXT NOT NULL,
    gate        TEXT,
    holds       TEXT NOT NULL,
    actions     TEXT NOT NULL,
    plan_digest TEXT NOT NULL,
    previews    TEXT NOT NULL,
    bag         TEXT,
    ms          TEXT NOT NULL,
    decided_at  INTEGER NOT NULL,
    cloud_up    INTEGER NOT NULL,
    PRIMARY KEY (study, revision),
    FOREIGN KEY (study, revision) REFERENCES revisions (study, revision)
) STRICT;

CREATE TABLE cases (
    id              TEXT PRIMARY KEY,
    study           TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    state           TEXT NOT NULL,
    before          TEXT,
    priority        TEXT NOT NULL,
    reason          TEXT NOT NULL,
    note            TEXT NOT NULL DEFAULT '',
    plan            TEXT NOT NULL,
    leaves_at       INTEGER,
    envelope        TEXT,
    envelope_digest TEXT,
    plain_bytes     INTEGER NOT NULL DEFAULT 0,
    sealed_bytes    INTEGER NOT NULL DEFAULT 0,
    image_bytes     INTEGER NOT NULL DEFAULT 0,
    frame_bytes     INTEGER NOT NULL DEFAULT 0,
    searched        INTEGER NOT NULL DEFAULT 0,
    parts_total     INTEGER NOT NULL DEFAULT 0,
    parts_sent      INTEGER NOT NULL DEFAULT 0,
    bytes_sent      INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt    INTEGER NOT NULL DEFAULT 0,
    fault           TEXT,
    withdraw        INTEGER NOT NULL DEFAULT 0, -- 1: the cloud is to be told, 2: it was told
    created_at      INTEGER NOT NULL,
    received_at     INTEGER,
    answered_at     INTEGER,
    UNIQUE (study, revision),
    FOREIGN KEY (study, revision) REFERENCES revisions (study, revision)
) STRICT;
CREATE INDEX cases_by_state ON cases (state, next_attempt);

CREATE TABLE reports (
    case_id      TEXT PRIMARY KEY REFERENCES cases (id),
    envelope     TEXT NOT NULL,
    digest       TEXT NOT NULL,
    content      TEXT NOT NULL,
    unsigned     INTEGER NOT NULL,
    arrived_at   INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;

-- What happened to a study, in words without identity, for the page's timeline.
CREATE TABLE events (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    study TEXT NOT NULL REFERENCES studies (id),
    who   TEXT NOT NULL,
    what  TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_study ON events (study, seq);

CREATE TABLE refused_callers (
    ae_title TEXT NOT NULL,
    address  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (ae_title, address, reason)
) STRICT;

CREATE TABLE users (
    name       TEXT PRIMARY KEY,
    password   TEXT,
    code       TEXT,
    code_until INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token   TEXT PRIMARY KEY,
    user    TEXT NOT NULL REFERENCES users (name),
    csrf    TEXT NOT NULL,
    until   INTEGER NOT NULL
) STRICT;

CREATE TABLE facts (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
