-- The vault: what leads back from the pseudonyms of what has left. Which key a plan was made under.
ALTER TABLE dispositions ADD COLUMN pseudonym_key TEXT NOT NULL DEFAULT '';
CREATE TABLE vault_patients (
    pseudonym TEXT PRIMARY KEY,
    identity  TEXT NOT NULL,
    key_name  TEXT NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL
) STRICT;
CREATE TABLE vault_studies (
    pseudonym TEXT PRIMARY KEY,
    patient   TEXT NOT NULL REFERENCES vault_patients (pseudonym) ON DELETE CASCADE,
    identity  TEXT NOT NULL
) STRICT;
CREATE INDEX vault_studies_of ON vault_studies (patient);
CREATE TABLE vault_uids (
    pseudonym TEXT PRIMARY KEY,
    patient   TEXT NOT NULL REFERENCES vault_patients (pseudonym) ON DELETE CASCADE,
    original  TEXT NOT NULL
) STRICT;
CREATE INDEX vault_uids_of ON vault_uids (patient);
