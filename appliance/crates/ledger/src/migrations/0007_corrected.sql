-- Corrected studies: the same UIDs with another patient's identity, and what rejection notes take back.

-- Keyed, of Patient ID, name and birth date as received: tells whether two instances are about the same patient.
ALTER TABLE instances ADD COLUMN identity_index TEXT;
-- A corrected instance of the same UID took its place.
ALTER TABLE instances ADD COLUMN replaced_at INTEGER;
-- Code of the rejection note that took it back (PS3.16 CID 7011).
ALTER TABLE instances ADD COLUMN rejected TEXT;
-- Whether this key object selection was looked at.
ALTER TABLE instances ADD COLUMN note_read INTEGER NOT NULL DEFAULT 0;
CREATE INDEX instances_unread_notes ON instances (study)
    WHERE note_read = 0 AND sop_class = '1.2.840.10008.5.1.4.1.1.88.59';

-- What a note takes back that has not come yet.
CREATE TABLE rejections (
    study              TEXT NOT NULL REFERENCES studies (id),
    sop_instance_index TEXT NOT NULL,
    code               TEXT NOT NULL,
    PRIMARY KEY (study, sop_instance_index)
) STRICT, WITHOUT ROWID;

-- The study was corrected after this had left, ms.
ALTER TABLE cases ADD COLUMN corrected_at INTEGER;
