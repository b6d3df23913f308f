-- The work loop looks several times a second for revisions without an answer and for studies with new instances: by a
-- partial index each, a look costs what is open and not what was ever received.
ALTER TABLE revisions ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
UPDATE revisions SET answered = 1 WHERE EXISTS (
    SELECT 1 FROM dispositions d WHERE d.study = revisions.study AND d.revision = revisions.revision);
-- Whoever writes a disposition, the column follows.
CREATE TRIGGER revision_answered AFTER INSERT ON dispositions BEGIN
    UPDATE revisions SET answered = 1 WHERE study = new.study AND revision = new.revision;
END;
CREATE INDEX revisions_unanswered ON revisions (stable_at, study, revision) WHERE answered = 0;
CREATE INDEX instances_open ON instances (study) WHERE revision = 0;
