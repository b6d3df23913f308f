-- Performed procedure steps, storage commitment both ways.
-- Identifying columns: performed_steps.uid, step_studies.*, step_instances.*, commitments.transaction_uid,
-- commitment_items.sop_instance_uid, upstream_items.sop_instance_uid. Transaction UIDs of upstream_commitments are ours.

-- Modality Performed Procedure Steps as the scanners report them (PS3.4 annex F).
CREATE TABLE performed_steps (
    uid        TEXT PRIMARY KEY,
    state      TEXT NOT NULL, -- in-progress, completed, discontinued
    reason     TEXT NOT NULL DEFAULT '', -- code value of the discontinuation reason
    calling_ae TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE INDEX performed_steps_by_age ON performed_steps (created_at);

CREATE TABLE step_studies (
    step      TEXT NOT NULL REFERENCES performed_steps (uid) ON DELETE CASCADE,
    study_uid TEXT NOT NULL,
    PRIMARY KEY (step, study_uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX step_studies_by_study ON step_studies (study_uid);

CREATE TABLE step_instances (
    step             TEXT NOT NULL REFERENCES performed_steps (uid) ON DELETE CASCADE,
    sop_instance_uid TEXT NOT NULL,
    PRIMARY KEY (step, sop_instance_uid)
) STRICT, WITHOUT ROWID;

-- What scanners asked us to commit to (PS3.4 annex J, we are the provider).
CREATE TABLE commitments (
    id              TEXT PRIMARY KEY,
    transaction_uid TEXT NOT NULL,
    calling_ae      TEXT NOT NULL,
    address         TEXT NOT NULL,
    asked_at        INTEGER NOT NULL,
    decided_at      INTEGER,
    told_at         INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt    INTEGER NOT NULL DEFAULT 0,
    fault           TEXT
) STRICT;
CREATE INDEX commitments_by_transaction ON commitments (transaction_uid, calling_ae);
CREATE INDEX commitments_open ON commitments (told_at, next_attempt);

CREATE TABLE commitment_items (
    commitment       TEXT NOT NULL REFERENCES commitments (id) ON DELETE CASCADE,
    position         INTEGER NOT NULL,
    sop_class        TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    instance         TEXT, -- entry that holds it, once it was looked up
    verdict          INTEGER, -- 0: committed; else the failure reason of PS3.3 C.14; none: not decided
    PRIMARY KEY (commitment, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_items_by_instance ON commitment_items (instance);
CREATE INDEX commitment_items_by_uid ON commitment_items (sop_instance_uid);

-- What we asked a destination to commit to (we are the user).
CREATE TABLE upstream_commitments (
    id              TEXT PRIMARY KEY,
    destination     TEXT NOT NULL,
    transaction_uid TEXT NOT NULL UNIQUE,
    made_at         INTEGER NOT NULL,
    asked_at        INTEGER,
    answered_at     INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt    INTEGER NOT NULL DEFAULT 0,
    fault           TEXT
) STRICT;
CREATE INDEX upstream_commitments_open ON upstream_commitments (answered_at, next_attempt);

CREATE TABLE upstream_items (
    upstream         TEXT NOT NULL REFERENCES upstream_commitments (id) ON DELETE CASCADE,
    instance         TEXT NOT NULL,
    sop_class        TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    outcome          INTEGER, -- 0: committed there; else the failure reason it gave
    PRIMARY KEY (upstream, instance)
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_items_by_instance ON upstream_items (instance);
