-- The vault tells persons apart: a study and a UID lead back for each patient that has them, and a pseudonym that leads to
-- more than one original says so instead of being overwritten.
ALTER TABLE vault_patients ADD COLUMN ambiguous INTEGER NOT NULL DEFAULT 0;
CREATE TABLE vault_studies_new (
    pseudonym TEXT NOT NULL,
    patient   TEXT NOT NULL REFERENCES vault_patients (pseudonym) ON DELETE CASCADE,
    identity  TEXT NOT NULL,
    PRIMARY KEY (pseudonym, patient)
) STRICT;
INSERT INTO vault_studies_new SELECT pseudonym, patient, identity FROM vault_studies;
DROP TABLE vault_studies;
ALTER TABLE vault_studies_new RENAME TO vault_studies;
CREATE INDEX vault_studies_of ON vault_studies (patient);
CREATE TABLE vault_uids_new (
    pseudonym TEXT NOT NULL,
    patient   TEXT NOT NULL REFERENCES vault_patients (pseudonym) ON DELETE CASCADE,
    original  TEXT NOT NULL,
    ambiguous INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (pseudonym, patient)
) STRICT;
INSERT INTO vault_uids_new (pseudonym, patient, original) SELECT pseudonym, patient, original FROM vault_uids;
DROP TABLE vault_uids;
ALTER TABLE vault_uids_new RENAME TO vault_uids;
CREATE INDEX vault_uids_of ON vault_uids (patient);
